//! Sets of decode targets.

use crate::Layer;
use crate::layer::SIDE;

/// A set of decode targets on a grid of four spatial and four temporal layers.
///
/// A decode target is what a receiver decodes, named by its highest layers. Layers above the grid count as its highest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DecodeTargets(u16);

impl DecodeTargets {
    /// No decode target.
    pub const NONE: Self = Self(0);
    /// Every decode target.
    pub const ALL: Self = Self(u16::MAX);

    /// The decode targets of the grid that `belongs` selects.
    #[must_use]
    pub fn select(belongs: impl Fn(Layer) -> bool) -> Self {
        Layer::cells()
            .filter(|target| belongs(*target))
            .fold(Self::NONE, |targets, target| {
                Self(targets.0 | Self::bit(target))
            })
    }

    /// The decode targets of this layer and of all above it.
    #[must_use]
    pub fn from_layer(layer: Layer) -> Self {
        /// The cells of the lowest spatial layer, and the first cells of all: see [`Layer::cell`].
        const ROW: u16 = 0x000F;
        const COLUMN: u16 = 0x1111;
        let Layer { spatial, temporal } = layer.on_grid();
        let columns = COLUMN * (ROW << temporal & ROW);
        Self(columns & u16::MAX << (spatial * SIDE))
    }

    /// Whether the set has this decode target.
    #[must_use]
    pub fn contains(self, target: Layer) -> bool {
        self.0 & Self::bit(target) != 0
    }

    /// The decode targets of either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The decode targets of this set that `other` does not have.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The decode targets of both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// For each decode target of the set, the one with the next temporal layer.
    #[must_use]
    pub const fn next_temporal(self) -> Self {
        /// The lowest temporal layer of every spatial layer.
        const LOWEST: u16 = 0x1111;
        Self(self.0 << 1 & !LOWEST)
    }

    fn bit(target: Layer) -> u16 {
        1 << target.cell()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn layer(spatial: u8, temporal: u8) -> Layer {
        Layer { spatial, temporal }
    }

    #[test]
    fn the_targets_from_a_layer_on_have_no_lower_layers() {
        for from in Layer::cells() {
            let selected = DecodeTargets::select(|target| {
                target.spatial >= from.spatial && target.temporal >= from.temporal
            });
            assert_eq!(DecodeTargets::from_layer(from), selected, "{from:?}");
        }
        assert_eq!(
            DecodeTargets::from_layer(layer(9, 9)),
            DecodeTargets::from_layer(Layer::TOP)
        );
    }

    #[test]
    fn a_selection_contains_what_was_selected() {
        let upper = DecodeTargets::select(|target| target.spatial >= 2 && target.temporal >= 1);
        assert!(upper.contains(layer(2, 1)) && upper.contains(layer(3, 3)));
        assert!(!upper.contains(layer(1, 1)) && !upper.contains(layer(2, 0)));
        assert_eq!(DecodeTargets::select(|_| true), DecodeTargets::ALL);
        assert_eq!(
            DecodeTargets::ALL.without(upper).union(upper),
            DecodeTargets::ALL
        );
    }

    #[test]
    fn sets_may_overlap() {
        let low = DecodeTargets::select(|target| target.spatial <= 1);
        let middle = DecodeTargets::select(|target| [1, 2].contains(&target.spatial));
        let either = DecodeTargets::select(|target| target.spatial <= 2);
        let both = DecodeTargets::select(|target| target.spatial == 1);
        assert_eq!(low.union(middle), either);
        assert_eq!(low.intersection(middle), both);
    }

    #[test]
    fn the_next_temporal_layer_stays_in_the_spatial_layer() {
        let lower = DecodeTargets::select(|target| target.temporal <= 1);
        let next = DecodeTargets::select(|target| [1, 2].contains(&target.temporal));
        assert_eq!(lower.next_temporal(), next);
        let highest = DecodeTargets::select(|target| target.temporal == 3);
        assert_eq!(highest.next_temporal(), DecodeTargets::NONE);
    }

    #[test]
    fn layers_above_the_grid_count_as_the_highest() {
        let top = DecodeTargets::select(|target| target == Layer::TOP);
        assert!(top.contains(layer(7, 200)));
        assert!(!DecodeTargets::ALL.without(top).contains(layer(4, 3)));
    }
}
