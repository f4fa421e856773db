//! A seeded network emulator in simulated time, and model senders and receivers, for tests of congestion control.
//!
//! [`Link`] emulates a link: rate, queue, delay, jitter, loss, reordering, duplication. [`run`] lets flows share a
//! bottleneck and records what happens to them. Equal seeds give equal results.
#![forbid(unsafe_code)]

mod cameras;
pub mod cases;
mod flow;
mod fluid;
mod layered;
mod link;
mod loss;
pub mod measure;
mod packet;
mod random;
mod receiver;
mod sender;
mod simulation;
mod tcp;
mod trace;
mod transport_cc;

pub use flow::{FlowConfig, FlowKind};
pub use layered::{Ladder, THREE, TWO};
pub use link::{Link, LinkConfig, QueueLimit};
pub use loss::Loss;
pub use random::Random;
pub use simulation::{Scenario, milliseconds, run, seconds};
pub use tcp::TcpKind;
pub use trace::{Sample, Trace};
pub use transport_cc::TransportCcReceiver;
