//! The replay windows of a transport's SSRCs. Only an authentic packet creates one.

use std::collections::HashMap;

use crate::SrtpError;
use crate::replay_window::ReplayWindow;

/// Maximum number of SSRCs with a replay window. A further one evicts the window that was unused for longest.
const MAX_WINDOWS: usize = 512;

/// One replay window per SSRC, in a table of bounded size.
///
/// An evicted SSRC keeps its highest index. When it returns, indices up to that one are refused, so that no packet is
/// accepted twice, and the rollover counter continues.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    ssrcs: Vec<u32>,
    windows: Vec<ReplayWindow>,
    /// By position: the value of `accepted` at the last packet.
    last_used: Vec<u64>,
    /// Packets accepted, over all SSRCs.
    accepted: u64,
    /// Highest indices of the evicted SSRCs.
    evicted: HashMap<u32, u64>,
}

impl Streams {
    /// The highest index of `ssrc` if `index` of its packet is fresh: given by `index_after` from the highest index of
    /// the SSRC, `None` before its first authentic packet.
    ///
    /// # Errors
    /// [`SrtpError::Replayed`] when the index is not fresh; [`SrtpError::TooManyStreams`] when the SSRC is new and
    /// `max` SSRCs are known.
    #[inline]
    pub(crate) fn fresh_index(
        &self,
        ssrc: u32,
        max: usize,
        index_after: impl FnOnce(Option<u64>) -> u64,
    ) -> Result<u64, SrtpError> {
        if let Some(window) = self.position(ssrc).and_then(|at| self.windows.get(at)) {
            let index = index_after(Some(window.highest()));
            return window
                .is_fresh(index)
                .then_some(index)
                .ok_or(SrtpError::Replayed);
        }
        let highest = self.evicted.get(&ssrc).copied();
        if highest.is_none() && self.ssrcs.len() + self.evicted.len() >= max {
            return Err(SrtpError::TooManyStreams);
        }
        let index = index_after(highest);
        if highest.is_some_and(|highest| index <= highest) {
            return Err(SrtpError::Replayed);
        }
        Ok(index)
    }

    /// Records the fresh and authentic packet `index` of `ssrc`.
    #[inline]
    pub(crate) fn accept(&mut self, ssrc: u32, index: u64) {
        self.accepted += 1;
        match self.position(ssrc) {
            Some(at) => {
                if let (Some(window), Some(last_used)) =
                    (self.windows.get_mut(at), self.last_used.get_mut(at))
                {
                    window.accept(index);
                    *last_used = self.accepted;
                }
            }
            None => self.open(ssrc, index),
        }
    }

    /// Creates the window of an SSRC that is new or was evicted.
    #[cold]
    fn open(&mut self, ssrc: u32, index: u64) {
        if self.ssrcs.len() >= MAX_WINDOWS {
            self.evict();
        }
        let window = match self.evicted.remove(&ssrc) {
            Some(highest) => ReplayWindow::resuming_after(highest, index),
            None => ReplayWindow::starting_at(index),
        };
        self.ssrcs.push(ssrc);
        self.windows.push(window);
        self.last_used.push(self.accepted);
    }

    fn evict(&mut self) {
        let oldest = (0..).zip(&self.last_used).min_by_key(|(_, used)| **used);
        if let Some((at, _)) = oldest {
            let ssrc = self.ssrcs.swap_remove(at);
            let window = self.windows.swap_remove(at);
            self.last_used.swap_remove(at);
            self.evicted.insert(ssrc, window.highest());
        }
    }

    /// A linear scan: transports have few SSRCs, and a peer that uses hundreds only slows its own packets.
    #[inline]
    fn position(&self, ssrc: u32) -> Option<usize> {
        self.ssrcs.iter().position(|&known| known == ssrc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ssrc_above_the_limit_is_refused_and_evicted_ones_count() {
        let mut streams = Streams::default();
        let max = MAX_WINDOWS + 10;
        for ssrc in 0..max as u32 {
            assert_eq!(streams.fresh_index(ssrc, max, |_| 1), Ok(1));
            streams.accept(ssrc, 1);
        }
        assert_eq!(
            streams.fresh_index(u32::MAX, max, |_| 1),
            Err(SrtpError::TooManyStreams)
        );
        for known in [0, max as u32 - 1] {
            assert_eq!(streams.fresh_index(known, max, |_| 2), Ok(2));
        }
        assert_eq!(streams.ssrcs.len(), MAX_WINDOWS);
    }
}
