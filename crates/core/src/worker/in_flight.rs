//! The entities and the command that the worker's current call changes.

use crate::api::RequestId;
use crate::entities::{ConsumerKey, PipeConsumerKey, ProducerKey, TransportKey};

/// The entities that the current call is changing, and the command that it executes.
///
/// Forwarding moves `consumer` and `pipe_consumer` from one consumer to the next. Consumers before it are complete. A consumer's transport
/// needs no entry: what forwarding changes there cannot panic halfway.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    pub(super) transport: Option<TransportKey>,
    pub(super) producer: Option<ProducerKey>,
    pub(super) consumer: Option<ConsumerKey>,
    pub(super) pipe_consumer: Option<PipeConsumerKey>,
    pub(super) request: Option<RequestId>,
}

impl InFlight {
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
