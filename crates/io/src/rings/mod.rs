//! Rings that carry datagrams from one worker of the process to another: one for each ordered pair of workers.
//!
//! A ring has a fixed number of slots, one writer and one reader. Nothing is allocated or locked for a datagram, and no
//! datagram waits for a slot: what finds the ring full is dropped and counted, and repaired by NACK as after loss on a
//! network. A reader that may sleep is woken by its [`Bell`].

mod bell;
mod incoming;
mod mesh;
mod outgoing;
mod slot;

pub(crate) use bell::Bell;
pub(crate) use incoming::IncomingRings;
pub use mesh::Rings;
pub(crate) use outgoing::OutgoingRings;
pub use outgoing::RingCounters;
