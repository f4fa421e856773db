//! The error of this crate.

use std::fmt;

/// A payload or header extension is truncated or contradicts itself. The sender is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("malformed payload descriptor")
    }
}

impl std::error::Error for Malformed {}
