//! The replay windows of a transport's SSRCs, made only by authentic packets.

use crate::SrtpError;
use crate::replay::ReplayWindow;

/// One replay window an SSRC, in a table that never grows beyond a limit.
///
/// Nothing is evicted: without its window an SSRC's old packets could be replayed.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    ssrcs: Vec<u32>,
    windows: Vec<ReplayWindow>,
}

impl Streams {
    /// The window of `ssrc`, if an authentic packet of it came.
    ///
    /// A scan: transports have a handful of SSRCs, and one that has hundreds harms itself alone.
    #[inline]
    pub(crate) fn get(&self, ssrc: u32) -> Option<&ReplayWindow> {
        self.windows.get(self.position(ssrc)?)
    }

    /// Whether `ssrc` could be accepted under the limit of `max` SSRCs.
    #[inline]
    pub(crate) fn admits(&self, known: bool, max: usize) -> Result<(), SrtpError> {
        if known || self.ssrcs.len() < max {
            Ok(())
        } else {
            Err(SrtpError::TooManyStreams)
        }
    }

    /// Notes the fresh and authentic packet `index` of `ssrc`.
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
