//! Time as the estimator measures it.

pub use hubbub_wire::Micros;

/// One millisecond in microseconds.
pub const MILLISECOND: u64 = 1_000;

/// One second in microseconds.
pub const SECOND: u64 = 1_000_000;
