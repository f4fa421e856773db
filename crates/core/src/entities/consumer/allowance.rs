//! What a consumer may receive by its share of the bandwidth.

use hubbub_codec::Layer;

/// No limit.
pub(super) const ALL_LAYERS: Layer = Layer {
    spatial: u8::MAX,
    temporal: u8::MAX,
};

/// What bandwidth allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allowance {
    /// Layers up to this one.
    UpTo(Layer),
    /// Nothing.
    Nothing,
}

impl Allowance {
    /// No limit.
    pub(crate) const ALL: Self = Self::UpTo(ALL_LAYERS);
}
