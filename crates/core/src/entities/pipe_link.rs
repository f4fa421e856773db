//! The link of a pipe transport, and what is sent over it.

use super::fast_map::FastMap;
use super::keys::{PipeConsumerKey, remove_first};
use crate::api::Path;

/// The stream of a pipe consumer that an outgoing SSRC belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PipedStream {
    pub(crate) consumer: PipeConsumerKey,
    /// Index of the encoding.
    pub(crate) encoding: usize,
}

/// The link of a pipe transport.
#[derive(Debug)]
pub(crate) struct PipeLink {
    /// The rings to the other worker.
    pub(crate) path: Path,
    pub(crate) consumers: Vec<PipeConsumerKey>,
    /// Sent streams by SSRC, RTX included.
    pub(crate) outgoing: FastMap<u32, PipedStream>,
}

impl PipeLink {
    pub(crate) fn new(path: Path) -> Self {
        Self {
            path,
            consumers: Vec::new(),
            outgoing: FastMap::default(),
        }
    }

    /// Removes a pipe consumer with these SSRCs.
    pub(crate) fn remove_consumer(
        &mut self,
        key: PipeConsumerKey,
        ssrcs: impl Iterator<Item = u32>,
    ) {
        remove_first(&mut self.consumers, key);
        for ssrc in ssrcs {
            self.outgoing.remove(&ssrc);
        }
    }
}
