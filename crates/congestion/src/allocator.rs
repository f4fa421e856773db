//! Divides the estimate of a receiving transport among its video streams.

use crate::constants::allocator::{KEEP, LASTING, MAX_WAIT, MIN_WAIT, PLENTY, RESUME_WAIT, UP};
use crate::time::Micros;

/// What a stream gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allocation {
    /// The step with this index.
    Step(usize),
    /// Nothing: not even the lowest step fits.
    PausedByBandwidth,
    /// Nothing, because nothing can be had: there are no steps.
    Unavailable,
}

/// A stream's allocation and what is remembered against flapping. Kept by the caller with the stream.
#[derive(Debug, Clone)]
pub struct Share {
    allocation: Allocation,
    raised: Option<Micros>,
    lowered: Option<Micros>,
    wait: u64,
}

impl Default for Share {
    fn default() -> Self {
        Self {
            allocation: Allocation::Unavailable,
            raised: None,
            lowered: None,
            wait: MIN_WAIT,
        }
    }
}

impl Share {
    /// The allocation in force.
    #[must_use]
    pub const fn allocation(&self) -> Allocation {
        self.allocation
    }

    /// Number of steps in force.
    const fn steps(&self) -> usize {
        match self.allocation {
            Allocation::Step(step) => step + 1,
            Allocation::PausedByBandwidth | Allocation::Unavailable => 0,
        }
    }

    fn set(&mut self, now: Micros, allocation: Allocation) {
        let before = self.steps();
        let was = self.allocation;
        self.allocation = allocation;
        let after = self.steps();
        if after > before {
            self.raised = Some(now);
        }
        // A stream that never had anything was not lowered.
        if after < before && was != Allocation::Unavailable {
            let lasted = self.raised.is_none_or(|at| now.since(at) >= LASTING);
            self.wait = if lasted {
                MIN_WAIT
            } else {
                (2 * self.wait).min(MAX_WAIT)
            };
            self.lowered = Some(now);
        }
    }

    /// Whether a step above the first `count` may be chosen. A picture is worth more than a steady one, so the lowest step does
    /// not wait long.
    fn may_rise(&self, now: Micros, count: usize) -> bool {
        let wait = if count == 0 {
            self.wait.min(RESUME_WAIT)
        } else {
            self.wait
        };
        self.lowered.is_none_or(|at| now.since(at) >= wait)
    }
}

/// A stream that wants a share.
#[derive(Debug)]
pub struct Candidate<S> {
    /// Streams with a higher one are served first.
    pub priority: u8,
    /// The size wanted, in pixels: of equal priorities, the larger is served first.
    pub pixels: u32,
    /// Bitrates of the steps, each spatial and temporal layer that may be forwarded, ascending, up to the preferred one.
    pub steps: S,
    /// The stream's share.
    pub share: Share,
}

impl<S: AsRef<[u64]>> Candidate<S> {
    /// Bitrate of the first `count` steps' highest.
    fn bitrate(&self, count: usize) -> u64 {
        count
            .checked_sub(1)
            .and_then(|index| self.steps.as_ref().get(index))
            .copied()
            .unwrap_or_default()
    }
}

/// The allocator of a transport. It keeps its working memory.
#[derive(Debug, Clone, Default)]
pub struct Allocator {
    /// Index of each candidate, in the order in which they are served, and the number of its steps.
    order: Vec<(usize, usize)>,
}

impl Allocator {
    /// Allocates `budget` bit/s, which audio is already taken off. Every stream gets its lowest step before any gets a
    /// second one. Returns the sum of the bitrates allocated.
    pub fn allocate<S: AsRef<[u64]>>(
        &mut self,
        now: Micros,
        budget: u64,
        candidates: &mut [Candidate<S>],
    ) -> u64 {
        self.order.clear();
        self.order
            .extend((0..candidates.len()).map(|index| (index, 0)));
        self.order.sort_unstable_by_key(|(index, _)| {
            let candidate = candidates.get(*index);
            let rank = candidate.map(|candidate| (candidate.priority, candidate.pixels));
            (std::cmp::Reverse(rank), *index)
        });
        let mut total = 0;
        let mut progress = true;
        while progress {
            progress = false;
            for (index, count) in &mut self.order {
                let Some(candidate) = candidates.get(*index) else {
                    continue;
                };
                if *count >= candidate.steps.as_ref().len() {
                    continue;
                }
                let next = total - candidate.bitrate(*count) + candidate.bitrate(*count + 1);
                let keeps = *count < candidate.share.steps();
                let fits = if keeps {
                    next * KEEP / 100 <= budget
                } else {
                    let waited = candidate.share.may_rise(now, *count);
                    let needed = if waited { UP } else { PLENTY };
                    next * needed / 100 <= budget
                };
                if fits {
                    total = next;
                    *count += 1;
                    progress = true;
                }
            }
        }
        for (index, count) in &self.order {
            if let Some(candidate) = candidates.get_mut(*index) {
                let allocation = match count.checked_sub(1) {
                    Some(step) => Allocation::Step(step),
                    None if candidate.steps.as_ref().is_empty() => Allocation::Unavailable,
                    None => Allocation::PausedByBandwidth,
                };
                candidate.share.set(now, allocation);
            }
        }
        total
    }
}

/// What the streams could use together, bit/s: what probes reach for.
#[must_use]
pub fn wanted<S: AsRef<[u64]>>(candidates: &[Candidate<S>]) -> u64 {
    let all = candidates.iter();
    let sum: u64 = all
        .map(|candidate| candidate.bitrate(candidate.steps.as_ref().len()))
        .sum();
    sum * UP / 100
}

#[cfg(test)]
mod tests;
