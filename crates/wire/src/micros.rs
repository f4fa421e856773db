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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_neither_overflows_nor_runs_backwards() {
        assert_eq!(Micros(3).plus(4), Micros(7));
        assert_eq!(Micros(u64::MAX - 1).plus(4), Micros::NEVER);
        assert_eq!(Micros(7).since(Micros(3)), 4);
        assert_eq!(Micros(3).since(Micros(7)), 0);
    }
}
