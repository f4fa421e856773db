//! What goes into a worker and what comes out of it: ids, commands, events.
//!
//! Rules that every part of the core keeps:
//! - An id is minted by the caller, is never used twice, and means nothing to the core.
//! - Every command is answered by exactly one [`Event::Reply`], in the order of the commands.
//! - Whatever ceases to exist is announced by exactly one `*Closed` event, whether it was asked for, fell with what
//!   it hung on, timed out or broke; that event precedes the reply to the command that caused it.
//! - A command that fails changes nothing.

mod command;
mod event;
mod path;
mod spec;

pub use command::{Command, CommandError, Request};
pub use event::{CloseReason, Event, IceState, ReplyBody};
pub use path::{Path, Protocol};
pub use spec::{
    CodecMapping, ConsumerSpec, EncodingSpec, ExtensionMapping, FeedbackKind, IceCredentials,
    MediaKind, ProducerSpec,
};

use serde::{Deserialize, Serialize};

/// A point in time: microseconds since the worker was made. The core reads no clock; each call is told the time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Micros(pub u64);

impl Micros {
    /// This moment plus `micros` microseconds.
    #[must_use]
    pub const fn plus(self, micros: u64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// Microseconds from `earlier` to this moment, zero when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);
    };
}

id!(
    /// A router: what is produced in it can be consumed in it.
    RouterId
);
id!(
    /// A WebRTC transport: one ICE, DTLS and SRTP association with one client.
    TransportId
);
id!(
    /// A producer: one track that a client sends.
    ProducerId
);
id!(
    /// A consumer: one track that a client receives.
    ConsumerId
);
