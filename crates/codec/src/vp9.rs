//! VP9 payload descriptor (RFC 9628 section 4.2).

use crate::Malformed;
use crate::bit_reader::BitReader;
use crate::vp8::PictureId;

/// Offset of the picture id in a payload that has one.
const PICTURE_ID_AT: usize = 1;

/// Maximum number of references of a frame (RFC 9628 section 4.2, `P_DIFF`).
const MAX_REFERENCES: usize = 3;

/// Maximum number of spatial layers (a 3-bit field).
const MAX_SPATIAL_LAYERS: usize = 8;

/// The payload descriptor of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vp9Descriptor {
    /// I: PictureID, the same for all layer frames of one picture.
    pub picture_id: Option<PictureId>,
    /// P: predicted from earlier pictures.
    pub inter_picture_predicted: bool,
    /// F: flexible mode, in which the packet lists its references.
    pub flexible: bool,
    /// B: this packet starts a layer frame.
    pub start_of_layer_frame: bool,
    /// E: this packet ends a layer frame.
    pub end_of_layer_frame: bool,
    /// Z: no higher spatial layer refers to this frame.
    pub not_referenced_by_upper: bool,
    /// L: layer indices, if present.
    pub layers: Option<Vp9Layers>,
    /// V: the scalability structure, on key frames.
    pub structure: Option<ScalabilityStructure>,
    /// Length of the descriptor in bytes.
    pub len: usize,
}

/// Layer indices of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vp9Layers {
    /// TID: temporal layer, 0..=7.
    pub temporal: u8,
    /// U: from this frame, a receiver may switch up to this temporal layer.
    pub switching_up_point: bool,
    /// SID: spatial layer, 0..=7.
    pub spatial: u8,
    /// D: predicted from the spatial layer below.
    pub inter_layer_predicted: bool,
    /// TL0PICIDX, in non-flexible mode.
    pub tl0_pic_idx: Option<u8>,
}

/// The spatial layers. The description of a picture group is skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScalabilityStructure {
    /// Number of spatial layers, 1..=8.
    pub spatial_layers: usize,
    resolutions: Option<[(u16, u16); MAX_SPATIAL_LAYERS]>,
}

impl ScalabilityStructure {
    /// The highest spatial layer, 0..=7.
    #[must_use]
    pub fn top(&self) -> u8 {
        self.spatial_layers.saturating_sub(1) as u8
    }

    /// Width and height in pixels of each spatial layer, lowest first; `None` when not given.
    #[must_use]
    pub fn resolutions(&self) -> Option<&[(u16, u16)]> {
        self.resolutions.as_ref()?.get(..self.spatial_layers)
    }
}

impl Vp9Descriptor {
    /// Reads the descriptor of a payload.
    ///
    /// # Errors
    /// [`Malformed`] when the payload ends within the descriptor, or a frame has more than 3 references.
    pub fn parse(payload: &[u8]) -> Result<Self, Malformed> {
        let mut bits = BitReader::new(payload);
        let has_picture_id = bits.flag()?;
        let inter_picture_predicted = bits.flag()?;
        let has_layers = bits.flag()?;
        let flexible = bits.flag()?;
        let start_of_layer_frame = bits.flag()?;
        let end_of_layer_frame = bits.flag()?;
        let has_structure = bits.flag()?;
        let not_referenced_by_upper = bits.flag()?;

        let picture_id = if has_picture_id {
            Some(parse_picture_id(&mut bits)?)
        } else {
            None
        };
        let layers = if has_layers {
            Some(parse_layers(&mut bits, flexible)?)
        } else {
            None
        };
        if flexible && inter_picture_predicted {
            skip_references(&mut bits)?;
        }
        let structure = if has_structure {
            Some(parse_structure(&mut bits)?)
        } else {
            None
        };
        Ok(Self {
            picture_id,
            inter_picture_predicted,
            flexible,
            start_of_layer_frame,
            end_of_layer_frame,
            not_referenced_by_upper,
            layers,
            structure,
            len: bits.bytes_read(),
        })
    }

    /// The spatial layer; 0 without layer indices.
    #[must_use]
    pub fn spatial(&self) -> u8 {
        self.layers.map_or(0, |layers| layers.spatial)
    }

    /// The temporal layer; 0 without layer indices.
    #[must_use]
    pub fn temporal(&self) -> u8 {
        self.layers.map_or(0, |layers| layers.temporal)
    }

    /// TL0PICIDX, which only packets with layer indices in non-flexible mode have.
    #[must_use]
    pub fn tl0_pic_idx(&self) -> Option<u8> {
        self.layers?.tl0_pic_idx
    }

    /// Overwrites picture id and TL0PICIDX in `payload`, which this descriptor was read from. A field that is `None`, or that
    /// the payload does not have, is left unchanged. A picture id keeps its width.
    pub fn write_ids(&self, payload: &mut [u8], picture_id: Option<u16>, tl0_pic_idx: Option<u8>) {
        let mut at = PICTURE_ID_AT;
        if let Some(known) = self.picture_id {
            at = known.overwrite(payload, at, picture_id.unwrap_or(known.value));
        }
        // After the layer indices.
        at += 1;
        if let (Some(value), Some(field)) = (self.tl0_pic_idx(), payload.get_mut(at)) {
            *field = tl0_pic_idx.unwrap_or(value);
        }
    }

    /// Whether this packet starts a key frame: the lowest spatial layer, without inter-picture prediction.
    #[must_use]
    pub fn key_frame_start(&self) -> bool {
        !self.inter_picture_predicted && self.start_of_layer_frame && self.spatial() == 0
    }
}

fn parse_picture_id(bits: &mut BitReader<'_>) -> Result<PictureId, Malformed> {
    let wide = bits.flag()?;
    let value = bits.read(if wide { 15 } else { 7 })? as u16;
    Ok(PictureId { value, wide })
}

fn parse_layers(bits: &mut BitReader<'_>, flexible: bool) -> Result<Vp9Layers, Malformed> {
    Ok(Vp9Layers {
        temporal: bits.read_u8(3)?,
        switching_up_point: bits.flag()?,
        spatial: bits.read_u8(3)?,
        inter_layer_predicted: bits.flag()?,
        tl0_pic_idx: if flexible {
            None
        } else {
            Some(bits.read_u8(8)?)
        },
    })
}

/// Skips the references: each a 7-bit `P_DIFF` and a bit that announces another.
fn skip_references(bits: &mut BitReader<'_>) -> Result<(), Malformed> {
    for _ in 0..MAX_REFERENCES {
        bits.read(7)?;
        if !bits.flag()? {
            return Ok(());
        }
    }
    Err(Malformed)
}

fn parse_structure(bits: &mut BitReader<'_>) -> Result<ScalabilityStructure, Malformed> {
    let spatial_layers = bits.read(3)? as usize + 1;
    let has_resolutions = bits.flag()?;
    let has_group = bits.flag()?;
    let _reserved = bits.read(3)?;
    let resolutions = if has_resolutions {
        let mut resolutions = [(0, 0); MAX_SPATIAL_LAYERS];
        for resolution in resolutions.iter_mut().take(spatial_layers) {
            *resolution = (bits.read_u16()?, bits.read_u16()?);
        }
        Some(resolutions)
    } else {
        None
    };
    if has_group {
        skip_picture_group(bits)?;
    }
    Ok(ScalabilityStructure {
        spatial_layers,
        resolutions,
    })
}

/// Skips a picture group: `N_G` pictures, each with TID, U and up to 3 references.
fn skip_picture_group(bits: &mut BitReader<'_>) -> Result<(), Malformed> {
    for _ in 0..bits.read(8)? {
        let _temporal_and_up = bits.read(4)?;
        let references = bits.read(2)?;
        let _reserved = bits.read(2)?;
        for _ in 0..references {
            bits.read(8)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key frame: I, L, B, E, V; picture id 0x0123; TID 0, SID 0; TL0PICIDX 7; 2 layers of 320x180 and 640x360;
    /// a group of one picture with one reference.
    const KEY: [u8; 18] = [
        0xae, 0x81, 0x23, 0x00, 7, 0x38, 0x01, 0x40, 0x00, 0xb4, 0x02, 0x80, 0x01, 0x68, 1, 0x14,
        1, 0xaa,
    ];

    #[test]
    fn descriptor_with_a_structure_is_read() {
        let descriptor = Vp9Descriptor::parse(&KEY).unwrap();
        assert_eq!(
            descriptor.picture_id,
            Some(PictureId {
                value: 0x0123,
                wide: true
            })
        );
        assert!(descriptor.key_frame_start() && descriptor.end_of_layer_frame);
        assert_eq!(descriptor.layers.unwrap().tl0_pic_idx, Some(7));
        let structure = descriptor.structure.unwrap();
        assert_eq!(structure.resolutions(), Some(&[(320, 180), (640, 360)][..]));
        assert_eq!(descriptor.len, 17);
    }

    #[test]
    fn ids_are_overwritten_and_nothing_else() {
        let narrow = [0xa8, 5, 0x00, 7, 0xaa];
        for (payload, id, at) in [(&KEY[..], 0x7f01, 4), (&narrow[..], 0x41, 3)] {
            let mut written = payload.to_vec();
            let before = Vp9Descriptor::parse(payload).unwrap();
            before.write_ids(&mut written, Some(id), Some(200));
            let after = Vp9Descriptor::parse(&written).unwrap();
            assert_eq!(after.picture_id.unwrap().value, id);
            assert_eq!(after.tl0_pic_idx(), Some(200));
            assert_eq!(written[at + 1..], payload[at + 1..]);
            before.write_ids(&mut written, None, None);
            assert_eq!(written, payload);
        }
    }

    #[test]
    fn in_flexible_mode_there_is_no_tl0_pic_idx_to_overwrite() {
        let flexible = [0xf8, 5, 0x53, 0x03, 0x04, 0xaa];
        let mut written = flexible;
        let descriptor = Vp9Descriptor::parse(&flexible).unwrap();
        descriptor.write_ids(&mut written, Some(6), Some(200));
        assert_eq!(written, [0xf8, 6, 0x53, 0x03, 0x04, 0xaa]);
    }

    #[test]
    fn flexible_mode_lists_references_and_has_no_tl0_pic_idx() {
        // I, P, L, F, B; picture id 5; TID 2, U, SID 1, D; two references.
        let descriptor = Vp9Descriptor::parse(&[0xf8, 5, 0x53, 0x03, 0x04, 0xaa]).unwrap();
        let layers = descriptor.layers.unwrap();
        assert_eq!(
            (layers.temporal, layers.spatial, layers.tl0_pic_idx),
            (2, 1, None)
        );
        assert!(layers.switching_up_point && layers.inter_layer_predicted);
        assert_eq!(descriptor.len, 5);
    }

    #[test]
    fn upper_spatial_layer_does_not_start_a_key_frame() {
        // L, B; SID 1, D.
        let descriptor = Vp9Descriptor::parse(&[0x28, 0x03, 0, 0xaa]).unwrap();
        assert!(!descriptor.key_frame_start());
    }

    #[test]
    fn truncated_descriptor_is_malformed() {
        for len in 0..17 {
            assert_eq!(
                Vp9Descriptor::parse(&KEY[..len]),
                Err(Malformed),
                "{len} bytes"
            );
        }
    }

    #[test]
    fn more_than_three_references_are_malformed() {
        assert_eq!(
            Vp9Descriptor::parse(&[0x50, 0x03, 0x05, 0x07, 0x08, 0x00]),
            Err(Malformed)
        );
    }
}
