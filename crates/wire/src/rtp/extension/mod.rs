//! RTP header extensions: the framing of RFC 8285 and the values that the SFU reads or writes.

mod abs_capture_time;
mod abs_send_time;
mod audio_level;
mod extension_kind;
mod extension_writer;
mod extensions;
mod stream_id;
mod transport_sequence_number;
mod video_orientation;

pub use abs_capture_time::AbsCaptureTime;
pub use abs_send_time::AbsSendTime;
pub use audio_level::AudioLevel;
pub use extension_kind::ExtensionKind;
pub use extension_writer::ExtensionWriter;
pub use extensions::Extensions;
pub use stream_id::parse_stream_id;
pub use transport_sequence_number::TransportSequenceNumber;
pub use video_orientation::VideoOrientation;

/// "Defined by profile" of the one-byte form (RFC 8285 section 4.2).
const ONE_BYTE_PROFILE: u16 = 0xBEDE;

/// "Defined by profile" of the two-byte form. The lower four bits are for the application (RFC 8285 section 4.3).
const TWO_BYTE_PROFILE: u16 = 0x1000;
