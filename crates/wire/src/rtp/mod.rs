//! RTP packets: RFC 3550 section 5, with header extensions by RFC 8285.

mod extension;
mod header;
mod packet;
mod writer;

pub use extension::{
    AbsCaptureTime, AbsSendTime, AudioLevel, ExtensionKind, ExtensionWriter, Extensions,
    TransportSequenceNumber, VideoOrientation, parse_stream_id,
};
pub use header::{HeaderExtension, RtpHeader};
pub use packet::RtpPacket;
pub use writer::RtpHeaderFields;
