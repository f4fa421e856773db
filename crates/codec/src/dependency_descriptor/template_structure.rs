//! The template dependency structure (RTP payload format for AV1 1.0, appendix A.8.3).

use crate::bit_reader::BitReader;
use crate::layer::CELLS;
use crate::{DecodeTargets, Layer, Malformed};

/// Number of template ids.
const TEMPLATE_IDS: u8 = 64;

/// Maximum number of decode targets (a 5-bit field).
pub(super) const MAX_DECODE_TARGETS: usize = 32;

/// The decode target indication (DTI): the relation of a frame to a decode target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DecodeTargetIndication {
    NotPresent,
    Switch,
    /// The target needs the frame, or at least shows it.
    Present,
}

impl DecodeTargetIndication {
    pub(super) fn read(bits: &mut BitReader<'_>) -> Result<Self, Malformed> {
        Ok(match bits.read(2)? {
            0 => Self::NotPresent,
            2 => Self::Switch,
            _ => Self::Present,
        })
    }
}

/// The layers, decode targets and resolutions of a coded video sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateStructure {
    id_offset: u8,
    layers: Vec<Layer>,
    decode_targets: Vec<Layer>,
    /// For each template, a row with one indication per decode target.
    indications: Vec<DecodeTargetIndication>,
    resolutions: Vec<(u32, u32)>,
    /// For each decode target of the grid, the active decode target with the highest layers up to it; `None` if there is
    /// none.
    grid: [Option<u8>; CELLS],
}

impl TemplateStructure {
    /// The layer of each of at most 64 templates.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The highest layer of each of 1 to 32 decode targets.
    #[must_use]
    pub fn decode_targets(&self) -> &[Layer] {
        &self.decode_targets
    }

    /// Maximum width and height in pixels of each spatial layer, lowest first; empty when not given.
    #[must_use]
    pub fn resolutions(&self) -> &[(u32, u32)] {
        &self.resolutions
    }

    /// Index of the template with this id; `None` when there is none.
    pub(super) fn template(&self, id: u8) -> Option<usize> {
        let index = usize::from((id + TEMPLATE_IDS - self.id_offset) % TEMPLATE_IDS);
        (index < self.layers.len()).then_some(index)
    }

    /// The indications of a template, one per decode target.
    pub(super) fn indications(&self, template: usize) -> &[DecodeTargetIndication] {
        let targets = self.decode_targets.len();
        self.indications
            .get(template * targets..(template + 1) * targets)
            .unwrap_or_default()
    }

    /// The decode targets of the grid whose indication `test` accepts; `unknown` for those without an active one.
    pub(super) fn select_targets(
        &self,
        indications: &[DecodeTargetIndication],
        unknown: bool,
        test: impl Fn(DecodeTargetIndication) -> bool,
    ) -> DecodeTargets {
        DecodeTargets::select(|cell| {
            let target = self.grid.get(cell.cell()).copied().flatten();
            target
                .and_then(|target| indications.get(usize::from(target)))
                .map_or(unknown, |indication| test(*indication))
        })
    }

    /// Sets the active decode targets, a bit mask: the sender sends no frames of the others.
    pub(super) fn set_active(&mut self, active: u32) {
        self.grid = grid(&self.decode_targets, active);
    }

    /// Reads `template_dependency_structure`.
    pub(super) fn parse(bits: &mut BitReader<'_>) -> Result<Self, Malformed> {
        let id_offset = bits.read_u8(6)?;
        let target_count = bits.read(5)? as usize + 1;
        let layers = parse_layers(bits)?;
        let indications = (0..layers.len() * target_count)
            .map(|_| DecodeTargetIndication::read(bits))
            .collect::<Result<Vec<_>, _>>()?;
        skip_references(bits, layers.len())?;
        skip_chains(bits, layers.len(), target_count)?;
        let decode_targets = decode_target_layers(&layers, &indications, target_count);
        let resolutions = if bits.flag()? {
            parse_resolutions(bits, &layers)?
        } else {
            Vec::new()
        };
        Ok(Self {
            id_offset,
            layers,
            grid: grid(&decode_targets, u32::MAX),
            decode_targets,
            indications,
            resolutions,
        })
    }
}

/// The `grid` of a structure with these decode targets, of which those in the bit mask are active.
fn grid(decode_targets: &[Layer], active: u32) -> [Option<u8>; CELLS] {
    let mut grid = [None; CELLS];
    let mut highest = [(0, 0); CELLS];
    for (index, target) in (0u8..).zip(decode_targets) {
        if active >> index & 1 == 0 {
            continue;
        }
        let layer = target.on_grid();
        for (cell, (entry, highest)) in Layer::cells().zip(grid.iter_mut().zip(&mut highest)) {
            let rank = (layer.spatial, layer.temporal);
            if layer.at_most(cell) == layer && (entry.is_none() || rank >= *highest) {
                *entry = Some(index);
                *highest = rank;
            }
        }
    }
    grid
}

/// Reads `template_layers`: each template's layer relative to the previous template.
fn parse_layers(bits: &mut BitReader<'_>) -> Result<Vec<Layer>, Malformed> {
    let mut layer = Layer::default();
    let mut layers = vec![layer];
    loop {
        match bits.read(2)? {
            0 => {}
            1 => layer.temporal += 1,
            2 => {
                layer = Layer {
                    spatial: layer.spatial + 1,
                    temporal: 0,
                }
            }
            _ => return Ok(layers),
        }
        if layers.len() == usize::from(TEMPLATE_IDS) {
            return Err(Malformed);
        }
        layers.push(layer);
    }
}

/// Skips `template_fdiffs`: the references of each template.
fn skip_references(bits: &mut BitReader<'_>, templates: usize) -> Result<(), Malformed> {
    for _ in 0..templates {
        while bits.flag()? {
            bits.read(4)?;
        }
    }
    Ok(())
}

/// Skips `template_chains`.
fn skip_chains(
    bits: &mut BitReader<'_>,
    templates: usize,
    target_count: usize,
) -> Result<(), Malformed> {
    let chains = bits.read_below(target_count as u32 + 1)?;
    if chains == 0 {
        return Ok(());
    }
    for _ in 0..target_count {
        bits.read_below(chains)?;
    }
    for _ in 0..templates * chains as usize {
        bits.read(4)?;
    }
    Ok(())
}

/// Derives `decode_target_layers`: the highest layer of the templates that are present in each decode target.
fn decode_target_layers(
    layers: &[Layer],
    indications: &[DecodeTargetIndication],
    target_count: usize,
) -> Vec<Layer> {
    let mut targets = vec![Layer::default(); target_count];
    for (layer, row) in layers.iter().zip(indications.chunks(target_count)) {
        for (target, indication) in targets.iter_mut().zip(row) {
            if *indication != DecodeTargetIndication::NotPresent {
                target.spatial = target.spatial.max(layer.spatial);
                target.temporal = target.temporal.max(layer.temporal);
            }
        }
    }
    targets
}

/// Reads `render_resolutions`: one per spatial layer.
fn parse_resolutions(
    bits: &mut BitReader<'_>,
    layers: &[Layer],
) -> Result<Vec<(u32, u32)>, Malformed> {
    let highest = layers
        .iter()
        .map(|layer| layer.spatial)
        .max()
        .unwrap_or_default();
    (0..=highest)
        .map(|_| Ok((bits.read(16)? + 1, bits.read(16)? + 1)))
        .collect()
}
