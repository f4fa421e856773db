//! Hexadecimal test vectors.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a malformed vector fails the test"
)]

/// Decodes a string of hexadecimal digits.
pub(crate) fn hex(digits: &str) -> Vec<u8> {
    (0..digits.len() / 2)
        .map(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).unwrap())
        .collect()
}
