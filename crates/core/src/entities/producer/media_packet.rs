//! A received packet, and what receiving it has led to.

use hubbub_codec::Codec;

/// A media packet, received directly or by RTX.
pub(crate) struct MediaPacket<'a> {
    /// Sequence number in the media stream; for RTX the original number.
    pub(crate) sequence: u16,
    /// Without padding.
    pub(crate) payload: &'a [u8],
    /// Index of the codec in the producer's list.
    pub(crate) codec_index: u8,
    pub(crate) codec: Codec,
    /// The codec negotiated NACK.
    pub(crate) nack: bool,
    /// The packet was received by RTX.
    pub(crate) by_rtx: bool,
}

/// The result of receiving a packet.
pub(crate) enum Received {
    /// The packet was dropped: a duplicate, a probe, or too old.
    Dropped,
    /// The packet has only padding: the store has it without payload. Its sequence number is to be skipped.
    Padding {
        /// Extended.
        sequence: u64,
    },
    /// The packet is in the store.
    Media {
        /// Extended.
        sequence: u64,
        /// The packet is the first of a key frame. True for every audio packet.
        starts_key_frame: bool,
        /// Too many packets are missing to be repaired; only a key frame helps.
        key_frame_needed: bool,
    },
}
