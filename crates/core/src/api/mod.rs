//! Inputs and outputs of a worker: ids, commands, events, statistics.
//!
//! Rules:
//! - The caller chooses every id and never reuses one. An id has no meaning to the core.
//! - Every command gets exactly one [`Event::Reply`]. Replies come in the order of the commands.
//! - Every transport, producer and consumer that ceases to exist is announced by exactly one `*Closed` event, whether
//!   a command closed it, its parent closed, it timed out or a bug broke it. The event precedes the reply to the command
//!   that caused it.
//! - A command that fails changes nothing, except with [`CommandError::Internal`].

mod command;
mod event;
mod ids;
mod network;
mod path;
mod pipe;
mod plain;
mod spec;
mod stats;

pub use command::{Command, CommandError};
pub use event::{AudioVolume, CloseReason, EncodingScore, Event, IceState, ReplyBody};
pub use hubbub_wire::Micros;
pub use ids::{ConsumerId, ProducerId, RequestId, RouterId, TransportId};
pub use network::Network;
pub use path::{Path, Protocol};
pub use pipe::{PipeConsumerSpec, PipeLink, PipedEncodingSpec, RelayEnd};
pub use plain::{PlainPorts, PlainRemote};
pub use spec::{
    CodecMapping, ConsumerSpec, EncodingSpec, ExtensionMapping, FeedbackKind, IceCredentials,
    MediaKind, ProducerSpec,
};
pub use stats::{ConsumerStats, ProducerStats, StreamStats, TransportStats};
