//! The one way in which a payload can be wrong.

use std::fmt;

/// The sender's fault: a payload or header extension that is shorter than it says, or says what cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("malformed payload descriptor")
    }
}

impl std::error::Error for Malformed {}
