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

/// What carries the datagrams.
#[derive(Debug)]
pub(crate) enum PipeKind {
    /// The rings to another worker.
    Ring(Path),
}

/// The link of a pipe transport.
#[derive(Debug)]
pub(crate) struct PipeLink {
    pub(crate) kind: PipeKind,
    pub(crate) consumers: Vec<PipeConsumerKey>,
    /// Sent streams by SSRC, RTX included.
    pub(crate) outgoing: FastMap<u32, PipedStream>,
}

impl PipeLink {
    pub(crate) fn new(kind: PipeKind) -> Self {
        Self {
            kind,
            consumers: Vec::new(),
            outgoing: FastMap::default(),
        }
    }

    /// Where datagrams are sent; `None` while that is not known.
    pub(crate) fn path(&self) -> Option<Path> {
        match &self.kind {
            PipeKind::Ring(path) => Some(*path),
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
