//! The packet formats of the SFU's media port (STUN, RTP, RTCP, TCP frames): parsers that read in place, and writers
//! into the caller's buffer.
//!
//! Rules:
//! - No I/O, no clock, no allocation: every function is a pure function of its arguments.
//! - Input is hostile. A parser checks all bounds before it returns a view, its work is bounded by the packet size, and
//!   invalid input is a [`WireError`], never a panic.
//! - Unknown but well-formed elements are skipped, as each protocol requires.
//!
//! [`PacketKind::of`] classifies a datagram. The next step is [`stun::StunMessage::parse`], [`rtp::RtpHeader::parse`]
//! before and [`rtp::RtpPacket::parse`] after decryption, or [`rtcp::Compound::parse`].
#![forbid(unsafe_code)]

mod bytes;
mod error;
pub mod framing;
mod micros;
pub mod ntp;
mod packet_kind;
pub mod rtcp;
pub mod rtp;
pub mod stun;
#[cfg(any(test, feature = "testdata"))]
pub mod testdata;

pub use error::WireError;
pub use micros::Micros;
pub use ntp::{CompactNtp, NtpTime};
pub use packet_kind::PacketKind;
pub use rtp::ExtensionKind;
