//! Divides the estimate of a receiving transport among its video streams.
//!
//! Shares are given in rounds: every stream gets its lowest step before any gets a second one. In a round, streams of higher
//! priority come first, then larger ones, then those that have the step already. So of equal streams, the one that has a step
//! keeps it.
//!
//! Less is forwarded at once when the estimate demands it. More is forwarded only if it fits with a margin, did not fail
//! before ([`Patience`]), and the key frame that it needs finds short queues ([`KeyFrameDebt`]). Another encoding is tried only if
//! it fits with more than its lowest temporal layer: a sharper picture at a quarter of the frame rate is no better one, and
//! without that distance to what it falls back from it would not last. The last picture is not paused for a short fall
//! ([`LastPicture`]).

mod key_frame_debt;
mod last_picture;
mod patience;

use key_frame_debt::KeyFrameDebt;
use last_picture::LastPicture;
use patience::Patience;

use crate::constants::allocator::{KEEP, PLENTY, UP};
use crate::time::Micros;

/// Layers that may be forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Step {
    /// bit/s.
    pub bitrate: u64,
    /// The encoding that they belong to. To forward another encoding takes a key frame.
    pub encoding: u8,
}

/// What a stream gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Allocation {
    /// The step with this index.
    Step(usize),
    /// Nothing: not even the lowest step fits.
    PausedByBandwidth,
    /// Nothing, because nothing can be had: there are no steps.
    #[default]
    Unavailable,
}

impl Allocation {
    /// Number of steps.
    const fn count(self) -> usize {
        match self {
            Self::Step(step) => step + 1,
            Self::PausedByBandwidth | Self::Unavailable => 0,
        }
    }
}

/// A stream that wants a share.
#[derive(Debug)]
pub struct Candidate<S> {
    /// Streams with a higher one are served first.
    pub priority: u8,
    /// The size wanted, in pixels: of equal priorities, the larger is served first.
    pub pixels: u32,
    /// Each spatial and temporal layer that may be forwarded, bitrates ascending, up to the preferred one.
    pub steps: S,
    /// What the stream has, and then gets.
    pub allocation: Allocation,
}

impl<S: AsRef<[Step]>> Candidate<S> {
    /// The highest of the first `count` steps.
    fn highest(&self, count: usize) -> Option<Step> {
        let index = count.checked_sub(1)?;
        self.steps.as_ref().get(index).copied()
    }

    fn bitrate(&self, count: usize) -> u64 {
        self.highest(count).map_or(0, |step| step.bitrate)
    }

    /// How many of its steps it has.
    fn in_force(&self) -> usize {
        self.allocation.count().min(self.steps.as_ref().len())
    }

    /// bit/s that have to fit besides those of the highest of `count` steps before an encoding is changed for it: the next
    /// temporal layer, if there is one.
    fn reserve(&self, count: usize) -> u64 {
        let (Some(current), Some(step)) = (self.highest(self.in_force()), self.highest(count))
        else {
            return 0;
        };
        let next = self.highest(count + 1);
        let next =
            next.filter(|next| next.encoding == step.encoding && step.encoding != current.encoding);
        next.map_or(0, |next| next.bitrate - step.bitrate)
    }

    /// Bits of the key frame with which the highest of `count` steps starts; 0 if its encoding is forwarded already.
    fn key_frame(&self, count: usize) -> u64 {
        let current = self.highest(self.in_force()).map(|step| step.encoding);
        let Some(next) = self.highest(count).map(|step| step.encoding) else {
            return 0;
        };
        if current == Some(next) {
            return 0;
        }
        let whole = self.steps.as_ref().iter().rev();
        let whole = whole
            .filter(|step| step.encoding == next)
            .map(|step| step.bitrate);
        key_frame_debt::bits(whole.max().unwrap_or_default())
    }
}

/// A candidate's turn in each round.
#[derive(Debug, Clone, Copy)]
struct Turn {
    /// Of the candidate.
    index: usize,
    /// Steps that it keeps if nobody rises.
    kept: usize,
    /// Steps that it gets.
    count: usize,
    /// Bits of the key frame that these need.
    key_frame: u64,
}

/// The allocator of a transport.
#[derive(Debug, Clone, Default)]
pub struct Allocator {
    /// In the order in which candidates are served. Working memory.
    turns: Vec<Turn>,
    patience: Patience,
    debt: KeyFrameDebt,
    last_picture: LastPicture,
}

impl Allocator {
    /// Allocates `budget` bit/s, which audio is already taken off. Returns the sum of the bitrates allocated.
    pub fn allocate<S: AsRef<[Step]>>(
        &mut self,
        now: Micros,
        budget: u64,
        candidates: &mut [Candidate<S>],
    ) -> u64 {
        self.take_turns(candidates);
        let in_force = candidates
            .iter()
            .map(|candidate| candidate.bitrate(candidate.in_force()))
            .sum();
        self.patience.observe(now, budget, in_force);
        self.debt.drain(now, budget.saturating_sub(in_force));
        let total = if in_force * KEEP / 100 <= budget {
            self.last_picture.fits();
            self.rise(now, budget, candidates).unwrap_or(in_force)
        } else {
            self.lower(now, budget, candidates)
        };
        if total < in_force {
            self.patience.lowered(now, in_force);
        }
        self.adopt(now, candidates);
        total
    }

    /// Takes steps away until the others fit.
    fn lower<S: AsRef<[Step]>>(
        &mut self,
        now: Micros,
        budget: u64,
        candidates: &[Candidate<S>],
    ) -> u64 {
        let total = self.divide(candidates, |turn, _, next| {
            turn.count < turn.kept && next <= budget
        });
        if total > 0 {
            self.last_picture.fits();
            return total;
        }
        let Some(first) = self.turns.iter_mut().find(|turn| turn.kept > 0) else {
            return 0;
        };
        let lowest = candidates
            .get(first.index)
            .map_or(0, |first| first.bitrate(1));
        if !self.last_picture.lasts(now, budget, lowest) {
            return 0;
        }
        first.count = 1;
        lowest
    }

    fn take_turns<S: AsRef<[Step]>>(&mut self, candidates: &[Candidate<S>]) {
        self.turns.clear();
        let turns = candidates.iter().enumerate();
        self.turns.extend(turns.map(|(index, candidate)| Turn {
            index,
            kept: candidate.in_force(),
            count: candidate.in_force(),
            key_frame: 0,
        }));
        self.turns.sort_unstable_by_key(|turn| {
            let candidate = candidates.get(turn.index);
            let rank = candidate.map(|candidate| (candidate.priority, candidate.pixels));
            (std::cmp::Reverse((rank, turn.kept)), turn.index)
        });
    }

    /// Divides the budget anew if somebody gets more thereby. Then what the others keep must fit without a tolerance.
    fn rise<S: AsRef<[Step]>>(
        &mut self,
        now: Micros,
        budget: u64,
        candidates: &[Candidate<S>],
    ) -> Option<u64> {
        let (patience, debt) = (self.patience, self.debt);
        let mut pending = 0;
        let mut rose = false;
        let total = self.divide(candidates, |turn, candidate, next| {
            if turn.count < turn.kept {
                return next <= budget;
            }
            let tried = next + candidate.reserve(turn.count + 1);
            let waited = tried * PLENTY / 100 <= budget
                || match candidate.allocation {
                    Allocation::Unavailable if turn.count == 0 => true,
                    Allocation::PausedByBandwidth if turn.count == 0 => patience.may_resume(now),
                    _ => patience.may_rise(now, tried),
                };
            let key_frame = candidate.key_frame(turn.count + 1);
            let others = pending - turn.key_frame;
            let fits = tried * UP / 100 <= budget
                && waited
                && (turn.kept == 0 || debt.allows(budget, others, key_frame));
            if fits {
                pending = others + key_frame;
                turn.key_frame = key_frame;
                rose = true;
            }
            fits
        });
        if !rose {
            for turn in &mut self.turns {
                turn.count = turn.kept;
            }
            return None;
        }
        Some(total)
    }

    /// Gives steps in rounds while `gets` agrees. It is asked for each turn, with the total that its next step leads to.
    fn divide<S: AsRef<[Step]>>(
        &mut self,
        candidates: &[Candidate<S>],
        mut gets: impl FnMut(&mut Turn, &Candidate<S>, u64) -> bool,
    ) -> u64 {
        for turn in &mut self.turns {
            turn.count = 0;
        }
        let mut total = 0;
        let mut progress = true;
        while progress {
            progress = false;
            for turn in &mut self.turns {
                let Some(candidate) = candidates.get(turn.index) else {
                    continue;
                };
                let count = turn.count;
                if count >= candidate.steps.as_ref().len() {
                    continue;
                }
                let next = total - candidate.bitrate(count) + candidate.bitrate(count + 1);
                if gets(turn, candidate, next) {
                    turn.count += 1;
                    total = next;
                    progress = true;
                }
            }
        }
        total
    }

    /// Writes what each candidate gets.
    fn adopt<S: AsRef<[Step]>>(&mut self, now: Micros, candidates: &mut [Candidate<S>]) {
        let mut rose = false;
        for turn in &self.turns {
            let Some(candidate) = candidates.get_mut(turn.index) else {
                continue;
            };
            self.debt.add(candidate.key_frame(turn.count));
            rose |= turn.count > candidate.in_force();
            candidate.allocation = match turn.count.checked_sub(1) {
                Some(step) => Allocation::Step(step),
                None if candidate.steps.as_ref().is_empty() => Allocation::Unavailable,
                None => Allocation::PausedByBandwidth,
            };
        }
        if rose {
            self.patience.raised(now);
        }
    }
}

/// What the streams could use together, bit/s: what probes reach for.
#[must_use]
pub fn wanted<S: AsRef<[Step]>>(candidates: &[Candidate<S>]) -> u64 {
    let all = candidates.iter();
    let sum: u64 = all
        .map(|candidate| candidate.bitrate(candidate.steps.as_ref().len()))
        .sum();
    sum * UP / 100
}

#[cfg(test)]
mod tests;
