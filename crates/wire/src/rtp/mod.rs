//! RTP packets: RFC 3550 section 5, with the header extensions of RFC 8285.

mod extension;
mod header;
mod header_fields;
mod packet;

pub use extension::{
    AbsCaptureTime, AbsSendTime, AudioLevel, ExtensionKind, ExtensionWriter, Extensions,
    TransportSequenceNumber, VideoOrientation, parse_stream_id,
};
pub use header::{HeaderExtension, RtpHeader};
pub use header_fields::RtpHeaderFields;
pub use packet::RtpPacket;
