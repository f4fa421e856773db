//! The codec-specific parts of an SFU: it reads and rewrites RTP payload descriptors of WebRTC codecs, and never
//! decodes.
//!
//! [`Describer`] describes a packet independently of the codec: whether it starts a key frame, where frames start and
//! end, and its layer. The codec modules return the descriptors in full.
//!
//! The crate does no I/O and reads no clock. Payloads are hostile: the result is a value or [`Malformed`], never a
//! panic.
#![forbid(unsafe_code)]

pub mod av1;
mod bit_reader;
mod bit_writer;
mod codec;
mod decode_targets;
pub mod dependency_descriptor;
mod describer;
mod frame_info;
pub mod h264;
mod layer;
mod malformed;
pub mod opus;
pub mod red;
mod switched_counter;
pub mod vp8;
pub mod vp8_rewriter;
pub mod vp9;

pub use codec::Codec;
pub use decode_targets::DecodeTargets;
pub use describer::Describer;
pub use frame_info::FrameInfo;
pub use layer::Layer;
pub use malformed::Malformed;
pub use switched_counter::SwitchedCounter;
