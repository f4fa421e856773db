//! What a forwarder reads and rewrites of RTP payloads, codec by codec. It never decodes.
//!
//! [`Describer`] answers the questions of forwarding, the same for every codec: does a key frame begin here, where do
//! frames begin and end, which layer is this. The modules underneath give the descriptors in full.
//!
//! No I/O, no clock. Payloads come from outside: whatever they hold, the answer is a value or [`Malformed`].
#![forbid(unsafe_code)]

pub mod av1;
mod bits;
mod codec;
pub mod dependency_descriptor;
mod describer;
pub mod h264;
mod malformed;
pub mod opus;
pub mod vp8;
pub mod vp8_rewriter;
pub mod vp9;

pub use codec::Codec;
pub use describer::{Describer, FrameInfo};
pub use malformed::Malformed;
