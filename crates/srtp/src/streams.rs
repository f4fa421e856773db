//! The replay windows of a transport's SSRCs. Only an authentic packet creates one.

use crate::SrtpError;
use crate::replay_window::ReplayWindow;

/// One replay window per SSRC, in a table of bounded size.
///
/// Entries are never evicted: without its window, old packets of an SSRC could be replayed.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    ssrcs: Vec<u32>,
    windows: Vec<ReplayWindow>,
}

impl Streams {
    /// The window of `ssrc`; `None` before its first authentic packet.
    ///
    /// A linear scan: transports have few SSRCs, and a peer that uses hundreds only slows its own transport.
    #[inline]
    pub(crate) fn get(&self, ssrc: u32) -> Option<&ReplayWindow> {
        self.windows.get(self.position(ssrc)?)
    }

    /// Checks that a packet's SSRC is known or that a further SSRC fits the limit of `max`.
    #[inline]
    pub(crate) fn check_limit(&self, known: bool, max: usize) -> Result<(), SrtpError> {
        if known || self.ssrcs.len() < max {
            Ok(())
        } else {
            Err(SrtpError::TooManyStreams)
        }
    }

    /// Records the fresh and authentic packet `index` of `ssrc`.
    #[inline]
    pub(crate) fn accept(&mut self, ssrc: u32, index: u64) {
        match self.position(ssrc).and_then(|at| self.windows.get_mut(at)) {
            Some(window) => window.accept(index),
            None => {
                self.ssrcs.push(ssrc);
                self.windows.push(ReplayWindow::starting_at(index));
            }
        }
    }

    #[inline]
    fn position(&self, ssrc: u32) -> Option<usize> {
        self.ssrcs.iter().position(|&known| known == ssrc)
    }
}
