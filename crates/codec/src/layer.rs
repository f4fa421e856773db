//! Spatial and temporal layers.

/// Layers per dimension of the grid. WebRTC sends at most three of each.
pub(crate) const SIDE: u8 = 4;
/// Decode targets of the grid.
pub(crate) const CELLS: usize = (SIDE * SIDE) as usize;

/// A spatial and a temporal layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Layer {
    /// Spatial layer, 0 is the lowest.
    pub spatial: u8,
    /// Temporal layer, 0 is the lowest.
    pub temporal: u8,
}

impl Layer {
    /// The highest layer of the grid of [`crate::DecodeTargets`].
    pub const TOP: Self = Self {
        spatial: SIDE - 1,
        temporal: SIDE - 1,
    };

    /// This layer, or the highest of the grid of [`crate::DecodeTargets`] in each dimension.
    #[must_use]
    pub fn on_grid(self) -> Self {
        self.at_most(Self::TOP)
    }

    /// The decode targets of the grid, in the order of [`Self::cell`].
    pub(crate) fn cells() -> impl Iterator<Item = Self> {
        (0..SIDE * SIDE).map(|cell| Self {
            spatial: cell / SIDE,
            temporal: cell % SIDE,
        })
    }

    /// Index of this decode target among the [`CELLS`].
    pub(crate) fn cell(self) -> usize {
        let Self { spatial, temporal } = self.on_grid();
        usize::from(spatial * SIDE + temporal)
    }

    /// The higher of two layers in each dimension.
    #[must_use]
    pub fn at_least(self, other: Self) -> Self {
        Self {
            spatial: self.spatial.max(other.spatial),
            temporal: self.temporal.max(other.temporal),
        }
    }

    /// The lower of two layers in each dimension.
    #[must_use]
    pub fn at_most(self, other: Self) -> Self {
        Self {
            spatial: self.spatial.min(other.spatial),
            temporal: self.temporal.min(other.temporal),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn layer(spatial: u8, temporal: u8) -> Layer {
        Layer { spatial, temporal }
    }

    #[test]
    fn each_dimension_has_its_own_limit() {
        assert_eq!(layer(1, 5).at_most(layer(2, 3)), layer(1, 3));
        assert_eq!(layer(1, 5).at_least(layer(2, 3)), layer(2, 5));
    }
}
