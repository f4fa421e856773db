//! The packet formats that meet on the media port: parsers that read in place and writers into the caller's buffer.
//!
//! Rules:
//! - No I/O, no clock, no allocation; every function is a pure function of its arguments.
//! - Input is hostile: each parser checks all bounds before it hands out a view, its work is bounded by the packet's
//!   size, and what is wrong is a [`WireError`], never a panic.
//! - What is unknown but well-formed is skipped, as each protocol demands.
//!
//! The way of a datagram: [`PacketKind::of`] tells the protocol; then [`stun::StunMessage::parse`],
//! [`rtp::RtpHeader::parse`] before and [`rtp::RtpPacket::parse`] after decryption, or [`rtcp::Compound::parse`].
#![forbid(unsafe_code)]

mod bytes;
mod demux;
mod error;
pub mod framing;
pub mod ntp;
pub mod rtcp;
pub mod rtp;
pub mod stun;
#[cfg(any(test, feature = "testdata"))]
pub mod testdata;

pub use demux::PacketKind;
pub use error::WireError;
pub use ntp::{CompactNtp, NtpTime};
pub use rtp::ExtensionKind;
