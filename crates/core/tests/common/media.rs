//! RTP packets of clients.

use hubbub_wire::rtp::{ExtensionWriter, RtpHeaderFields};

use super::specs::{MID, RID, SSRC, VP8, VP8_RTX};

/// The parts of an RTP packet that tests vary.
#[derive(Debug, Clone)]
pub struct Packet<'a> {
    pub ssrc: u32,
    pub payload_type: u8,
    pub sequence: u16,
    pub timestamp: u32,
    pub marker: bool,
    pub extensions: Vec<(u8, &'a [u8])>,
    pub payload: Vec<u8>,
    /// Bytes of padding after the payload.
    pub padding: u8,
}

impl Packet<'_> {
    pub fn bytes(&self) -> Vec<u8> {
        let fields = RtpHeaderFields {
            marker: self.marker,
            payload_type: self.payload_type,
            sequence_number: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
        };
        let mut writer = ExtensionWriter::default();
        for (id, value) in &self.extensions {
            writer.push(*id, value).expect("buffer is large enough");
        }
        let mut bytes = vec![0; 1500];
        let header_len = fields
            .write(&mut bytes, &writer)
            .expect("buffer is large enough");
        bytes.truncate(header_len);
        bytes.extend(&self.payload);
        if self.padding > 0 {
            bytes[0] |= 0x20;
            bytes.resize(bytes.len() + usize::from(self.padding), 0);
            *bytes.last_mut().expect("padding") = self.padding;
        }
        bytes
    }
}

/// A VP8 frame in one packet. `number` is its sequence number and picture id; the timestamp is 3000 times that.
pub fn vp8(number: u16, is_key_frame: bool) -> Packet<'static> {
    Packet {
        ssrc: SSRC,
        payload_type: VP8,
        sequence: number,
        timestamp: u32::from(number) * 3000,
        marker: true,
        extensions: Vec::new(),
        payload: vp8_payload(number, is_key_frame),
        padding: 0,
    }
}

/// A VP8 payload: descriptor with a picture id of 15 bits and TL0PICIDX, then a frame tag.
pub fn vp8_payload(picture_id: u16, is_key_frame: bool) -> Vec<u8> {
    let [high, low] = (picture_id | 0x8000).to_be_bytes();
    let tag = if is_key_frame { 0x10 } else { 0x11 };
    let mut payload = vec![0x90, 0xC0, high, low, low, tag];
    payload.extend([0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00]);
    payload.extend(picture_id.to_be_bytes().repeat(40));
    payload
}

/// The SSRC of simulcast layer 0 in [`layer_frame`]; that of each higher layer is one above.
pub const LAYER_SSRC: u32 = 100;

/// A VP8 frame of a layer of [`super::specs::simulcast`]. Frames of all layers with the same number are captured at the same
/// time. Each layer has its own range of sequence numbers, picture ids and timestamps.
pub fn layer_frame(layer: u16, number: u16, is_key_frame: bool) -> Packet<'static> {
    const RIDS: [&[u8]; 3] = [b"r0", b"r1", b"r2"];
    Packet {
        ssrc: LAYER_SSRC + u32::from(layer),
        timestamp: u32::from(number) * 3000 + u32::from(layer) * 1_000_000,
        extensions: vec![(MID, b"0"), (RID, RIDS[usize::from(layer)])],
        ..vp8(number + 1000 * (layer + 1), is_key_frame)
    }
}

/// A packet of a VP8 frame of several packets. `part` counts from 0 to `parts` - 1.
pub fn vp8_part(
    sequence: u16,
    picture: u16,
    part: u16,
    parts: u16,
    is_key_frame: bool,
) -> Packet<'static> {
    let mut payload = vp8_payload(picture, is_key_frame);
    if part > 0 {
        // Not the start of the partition (RFC 7741 section 4.2).
        payload[0] &= !0x10;
    }
    payload.extend(part.to_be_bytes());
    Packet {
        sequence,
        timestamp: u32::from(picture) * 3000,
        marker: part + 1 == parts,
        payload,
        ..vp8(sequence, is_key_frame)
    }
}

/// All packets of a VP8 frame, the first with this sequence number.
pub fn vp8_frame(first: u16, picture: u16, parts: u16, is_key_frame: bool) -> Vec<Packet<'static>> {
    (0..parts)
        .map(|part| vp8_part(first + part, picture, part, parts, is_key_frame))
        .collect()
}

/// An RTX packet for this packet.
pub fn rtx(packet: &Packet<'static>, sequence: u16) -> Packet<'static> {
    let mut payload = packet.sequence.to_be_bytes().to_vec();
    payload.extend(&packet.payload);
    Packet {
        ssrc: packet.ssrc + 1,
        payload_type: VP8_RTX,
        sequence,
        payload,
        ..packet.clone()
    }
}
