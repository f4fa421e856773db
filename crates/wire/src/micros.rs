//! Time as every crate measures it.

/// A point in time: microseconds of a monotonic clock. The sans-IO crates read no clock; the caller passes the time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Micros(pub u64);

impl Micros {
    /// A time that never comes.
    pub const NEVER: Self = Self(u64::MAX);

    /// This time plus `micros` microseconds, saturating.
    #[must_use]
    pub const fn plus(self, micros: u64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// Microseconds from `earlier` to this time; zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}
