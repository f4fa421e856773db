//! The tracks of one client that a second client sends as well, so that one producer can replace the other.

use hubbub_core::api::ProducerSpec;

use crate::common::media::Packet;
use crate::common::specs::{MID, audio, simulcast};

pub const AUDIO_SSRC: u32 = 77;
pub const AUDIO_MID: &[u8] = b"9";

/// What the second client adds to the SSRCs, and its MIDs.
const COPY_SSRC: u32 = 1_000;
const COPY_MID: &[u8] = b"c";
const COPY_AUDIO_MID: &[u8] = b"d";

/// Producers of the same track, and some that are not.
pub const SUCCESSIONS: [(u64, u64); 7] = [(1, 4), (4, 1), (2, 5), (5, 2), (1, 2), (1, 3), (1, 1)];

/// The producers of the second client: simulcast and audio.
pub fn copies() -> [(u64, ProducerSpec); 2] {
    let with_mid = |mid: &[u8], spec| ProducerSpec {
        mid: Some(String::from_utf8_lossy(mid).into()),
        ..spec
    };
    let mut sound = with_mid(COPY_AUDIO_MID, audio());
    sound.encodings[0].ssrc = Some(COPY_SSRC + AUDIO_SSRC);
    [(4, with_mid(COPY_MID, simulcast())), (5, sound)]
}

/// A packet of the first client, as the second sends it.
pub fn copy_of(mut packet: Packet<'_>) -> Packet<'_> {
    packet.ssrc += COPY_SSRC;
    packet.timestamp = packet.timestamp.wrapping_add(1 << 31);
    for (id, value) in &mut packet.extensions {
        if *id == MID {
            *value = if *value == AUDIO_MID {
                COPY_AUDIO_MID
            } else {
                COPY_MID
            };
        }
    }
    packet
}
