//! VP8 payload descriptor (RFC 7741 section 4.2) and the key frame fields of the payload header (section 4.3).

use crate::Malformed;

/// Offset of the picture id in a payload that has one: after the required byte and the extension byte.
const PICTURE_ID_AT: usize = 2;

/// M bit of a 15-bit picture id.
const WIDE: u16 = 0x8000;

/// KEYIDX in its byte, after TID and Y.
const KEY_IDX_MASK: u8 = 0x1f;

/// Start code of a key frame header, after the 3-byte frame tag (RFC 6386 section 9.1).
const START_CODE: [u8; 3] = [0x9d, 0x01, 0x2a];

/// A frame counter of 7 or 15 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PictureId {
    /// The number.
    pub value: u16,
    /// Whether it is 15 bits wide rather than 7.
    pub wide: bool,
}

impl PictureId {
    /// Overwrites this picture id, which is at an offset in `payload`, by another one of the same width. Returns the offset
    /// after it.
    pub(crate) fn overwrite(self, payload: &mut [u8], at: usize, id: u16) -> usize {
        let end = at + if self.wide { 2 } else { 1 };
        match payload.get_mut(at..end) {
            Some([high, low]) => [*high, *low] = (id | WIDE).to_be_bytes(),
            Some([field]) => *field = (id & 0x7f) as u8,
            _ => {}
        }
        end
    }
}

/// The payload descriptor of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vp8Descriptor {
    /// S: this packet starts a partition.
    pub start_of_partition: bool,
    /// PID: partition index, 0..=7.
    pub partition: u8,
    /// PictureID.
    pub picture_id: Option<PictureId>,
    /// TL0PICIDX: counter of the frames of temporal layer 0.
    pub tl0_pic_idx: Option<u8>,
    /// TID: temporal layer, 0..=3.
    pub temporal: Option<u8>,
    /// Y: this frame depends only on temporal layer 0.
    pub layer_sync: bool,
    /// KEYIDX, 0..=31.
    pub key_idx: Option<u8>,
    /// Length of the descriptor in bytes.
    pub len: usize,
    /// This packet starts a key frame.
    pub key_frame_start: bool,
    /// Width and height in pixels, if this packet starts a key frame and its header is complete.
    pub resolution: Option<(u16, u16)>,
}

impl Vp8Descriptor {
    /// Reads the descriptor of a payload.
    ///
    /// # Errors
    /// [`Malformed`] when the payload ends within the descriptor.
    pub fn parse(payload: &[u8]) -> Result<Self, Malformed> {
        let mut frame = payload;
        let required = take_byte(&mut frame)?;
        let start_of_partition = required & 0x10 != 0;
        let partition = required & 0x07;
        let is_extended = required & 0x80 != 0;
        let present = if is_extended {
            take_byte(&mut frame)?
        } else {
            0
        };
        let (has_picture_id, has_tl0) = (present & 0x80 != 0, present & 0x40 != 0);
        let (has_temporal, has_key_idx) = (present & 0x20 != 0, present & 0x10 != 0);

        let picture_id = if has_picture_id {
            Some(take_picture_id(&mut frame)?)
        } else {
            None
        };
        let tl0_pic_idx = if has_tl0 {
            Some(take_byte(&mut frame)?)
        } else {
            None
        };
        let layers = if has_temporal || has_key_idx {
            take_byte(&mut frame)?
        } else {
            0
        };

        let len = payload.len() - frame.len();
        let key_frame_start =
            start_of_partition && partition == 0 && frame.first().is_some_and(|tag| tag & 1 == 0);
        Ok(Self {
            start_of_partition,
            partition,
            picture_id,
            tl0_pic_idx,
            temporal: has_temporal.then_some(layers >> 6),
            layer_sync: has_temporal && layers & 0x20 != 0,
            key_idx: has_key_idx.then_some(layers & KEY_IDX_MASK),
            len,
            key_frame_start,
            resolution: if key_frame_start {
                parse_resolution(frame)
            } else {
                None
            },
        })
    }

    /// Whether this packet starts a frame.
    #[must_use]
    pub fn start_of_frame(&self) -> bool {
        self.start_of_partition && self.partition == 0
    }

    /// Overwrites the ids in `payload`, which this descriptor was read from. A field that is `None`, or that the
    /// payload does not have, is left unchanged. A picture id keeps its width.
    pub fn write_ids(&self, payload: &mut [u8], ids: Vp8Ids) {
        let mut at = PICTURE_ID_AT;
        if let Some(known) = self.picture_id {
            at = known.overwrite(payload, at, ids.picture_id.unwrap_or(known.value));
        }
        if let (Some(_), Some(field)) = (self.tl0_pic_idx, payload.get_mut(at)) {
            *field = ids.tl0_pic_idx.unwrap_or(*field);
            at += 1;
        }
        if let (Some(_), Some(key_idx), Some(field)) =
            (self.key_idx, ids.key_idx, payload.get_mut(at))
        {
            *field = *field & !KEY_IDX_MASK | key_idx & KEY_IDX_MASK;
        }
    }
}

/// The ids that a forwarder rewrites.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Vp8Ids {
    /// PictureID, with 15 or 7 bits as in the descriptor.
    pub picture_id: Option<u16>,
    /// TL0PICIDX.
    pub tl0_pic_idx: Option<u8>,
    /// KEYIDX, 5 bits.
    pub key_idx: Option<u8>,
}

/// Removes the first byte. Whole bytes are several times faster than a bit reader, and each receiver's copy is parsed.
fn take_byte(rest: &mut &[u8]) -> Result<u8, Malformed> {
    let (first, tail) = rest.split_first().ok_or(Malformed)?;
    *rest = tail;
    Ok(*first)
}

fn take_picture_id(rest: &mut &[u8]) -> Result<PictureId, Malformed> {
    let high = take_byte(rest)?;
    let wide = high & 0x80 != 0;
    let value = if wide {
        u16::from_be_bytes([high, take_byte(rest)?]) & !WIDE
    } else {
        high.into()
    };
    Ok(PictureId { value, wide })
}

/// Reads width and height of a key frame: 14 bits each, little-endian, with 2 high bits of scale (RFC 6386 section
/// 9.1).
fn parse_resolution(frame: &[u8]) -> Option<(u16, u16)> {
    let &[_, _, _, s0, s1, s2, w0, w1, h0, h1] = frame.first_chunk::<10>()?;
    ([s0, s1, s2] == START_CODE).then(|| {
        (
            u16::from_le_bytes([w0, w1]) & 0x3fff,
            u16::from_le_bytes([h0, h1]) & 0x3fff,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// X, S; I, L, T; picture id 0x1234 of 15 bits, TL0PICIDX 9, TID 2 with Y; then a key frame of 640x360.
    const KEY: [u8; 16] = [
        0x90, 0xe0, 0x92, 0x34, 9, 0xa0, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01,
    ];

    #[test]
    fn descriptor_with_every_field_is_read() {
        let descriptor = Vp8Descriptor::parse(&KEY).unwrap();
        assert_eq!(
            descriptor.picture_id,
            Some(PictureId {
                value: 0x1234,
                wide: true
            })
        );
        assert_eq!(
            (descriptor.tl0_pic_idx, descriptor.temporal),
            (Some(9), Some(2))
        );
        assert!(descriptor.layer_sync && descriptor.key_frame_start && descriptor.start_of_frame());
        assert_eq!((descriptor.key_idx, descriptor.len), (None, 6));
        assert_eq!(descriptor.resolution, Some((640, 360)));
    }

    #[test]
    fn one_byte_descriptor_is_read() {
        let descriptor = Vp8Descriptor::parse(&[0x10, 0x01]).unwrap();
        assert_eq!(
            (
                descriptor.picture_id,
                descriptor.tl0_pic_idx,
                descriptor.temporal
            ),
            (None, None, None)
        );
        assert_eq!(descriptor.len, 1);
        assert!(!descriptor.key_frame_start);
    }

    #[test]
    fn only_a_frame_with_a_temporal_layer_can_be_a_layer_sync() {
        let layer_sync = |present: u8, layers: u8| {
            let descriptor = Vp8Descriptor::parse(&[0x90, present, layers, 0x01]);
            descriptor.unwrap().layer_sync
        };
        assert!(layer_sync(0x20, 0x60));
        assert!(!layer_sync(0x20, 0x40));
        assert!(!layer_sync(0x10, 0x20), "KEYIDX without TID");
    }

    #[test]
    fn later_packet_of_a_key_frame_does_not_start_it() {
        for first in [0x00, 0x11] {
            assert!(
                !Vp8Descriptor::parse(&[first, 0x00])
                    .unwrap()
                    .key_frame_start
            );
        }
    }

    #[test]
    fn truncated_descriptor_is_malformed() {
        for len in 0..6 {
            assert_eq!(Vp8Descriptor::parse(&KEY[..len]), Err(Malformed));
        }
    }

    #[test]
    fn ids_are_overwritten_in_place() {
        let ids = Vp8Ids {
            picture_id: Some(0x7fff),
            tl0_pic_idx: Some(255),
            key_idx: Some(7),
        };
        for payload in [
            KEY.to_vec(),
            vec![0x90, 0xc0, 0x12, 9, 0x10],
            vec![0x90, 0x40, 9, 0x10],
            vec![0x90, 0xf0, 0x12, 9, 0xe3, 0x10],
        ] {
            let before = Vp8Descriptor::parse(&payload).unwrap();
            let mut written = payload.clone();
            before.write_ids(&mut written, ids);
            let after = Vp8Descriptor::parse(&written).unwrap();
            let picture_id = before.picture_id.map(|id| PictureId {
                value: if id.wide { 0x7fff } else { 0x7f },
                ..id
            });
            assert_eq!(
                after,
                Vp8Descriptor {
                    picture_id,
                    tl0_pic_idx: Some(255),
                    key_idx: before.key_idx.map(|_| 7),
                    ..before
                }
            );
        }
    }

    #[test]
    fn payload_without_ids_is_unchanged() {
        let mut payload = [0x10, 0x55, 0x66, 0x77];
        let ids = Vp8Ids {
            picture_id: Some(1),
            tl0_pic_idx: Some(1),
            key_idx: Some(1),
        };
        Vp8Descriptor::parse(&payload)
            .unwrap()
            .write_ids(&mut payload, ids);
        assert_eq!(payload, [0x10, 0x55, 0x66, 0x77]);
    }
}
