//! The link of a pipe transport, and what is sent over it.

use super::fast_map::FastMap;
use super::keys::{PipeConsumerKey, remove_first};
use super::node_link::NodeLink;
use crate::api::Path;
use crate::send::ConnectionId;

/// The stream of a pipe consumer that an outgoing SSRC belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PipedStream {
    pub(crate) consumer: PipeConsumerKey,
    /// Index of the encoding.
    pub(crate) encoding: usize,
}

/// The link of a pipe transport.
#[derive(Debug, Default)]
pub(crate) struct PipeLink {
    /// The rings to another worker, or the way to another node while that is connected.
    pub(crate) path: Option<Path>,
    /// What sent packets follow, to another node.
    pub(crate) prefix: Option<ConnectionId>,
    /// To another node.
    pub(crate) node: Option<Box<NodeLink>>,
    pub(crate) consumers: Vec<PipeConsumerKey>,
    /// Sent streams by SSRC, RTX included.
    pub(crate) outgoing: FastMap<u32, PipedStream>,
}

impl PipeLink {
    /// Through the rings to another worker.
    pub(crate) fn ring(path: Path) -> Self {
        Self {
            path: Some(path),
            ..Self::default()
        }
    }

    /// To another node; not connected yet.
    pub(crate) fn to_node(node: NodeLink) -> Self {
        Self {
            prefix: Some(node.remote_id),
            node: Some(Box::new(node)),
            ..Self::default()
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
