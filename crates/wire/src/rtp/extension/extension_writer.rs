//! Writing of header extensions: RFC 8285.

use super::{ONE_BYTE_PROFILE, TWO_BYTE_PROFILE};
use crate::WireError;
use crate::bytes::Cursor;

/// Maximum number of elements: more than a negotiation yields.
const CAPACITY: usize = 16;

/// Collects elements, then writes them in the one-byte form if all fit it (ids 1..=14, 1..=16 bytes each), else in the
/// two-byte form. It does not allocate: it borrows the values until they are written.
#[derive(Debug, Clone, Default)]
pub struct ExtensionWriter<'a> {
    elements: [(u8, &'a [u8]); CAPACITY],
    count: usize,
    two_byte: bool,
}

impl<'a> ExtensionWriter<'a> {
    /// Adds an element with an id of 1..=255 and a value of at most 255 bytes.
    ///
    /// # Errors
    /// [`WireError::Unrepresentable`] for id 0, a longer value or a 17th element. The writer is then unchanged.
    pub fn push(&mut self, id: u8, value: &'a [u8]) -> Result<(), WireError> {
        if id == 0 || value.len() > 255 {
            return Err(WireError::Unrepresentable);
        }
        *self
            .elements
            .get_mut(self.count)
            .ok_or(WireError::Unrepresentable)? = (id, value);
        self.count += 1;
        self.two_byte |= id > 14 || value.is_empty() || value.len() > 16;
        Ok(())
    }

    /// Whether there is no element.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Length of the block in bytes, with profile, length and padding; 0 without elements.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        if self.is_empty() {
            return 0;
        }
        let overhead = if self.two_byte { 2 } else { 1 };
        (4 + self
            .elements()
            .map(|(_, value)| overhead + value.len())
            .sum::<usize>())
        .next_multiple_of(4)
    }

    fn elements(&self) -> impl Iterator<Item = (u8, &'a [u8])> {
        self.elements.iter().take(self.count).copied()
    }

    /// Appends the block. Without elements, it appends nothing.
    pub(crate) fn write(&self, out: &mut Cursor<'_>) -> Result<(), WireError> {
        if self.is_empty() {
            return Ok(());
        }
        out.u16(if self.two_byte {
            TWO_BYTE_PROFILE
        } else {
            ONE_BYTE_PROFILE
        })?;
        let words = self.encoded_len() / 4 - 1;
        out.u16(u16::try_from(words).map_err(|_| WireError::Unrepresentable)?)?;
        for (id, value) in self.elements() {
            let len = u8::try_from(value.len()).map_err(|_| WireError::Unrepresentable)?;
            if self.two_byte {
                out.bytes(&[id, len])?;
            } else {
                out.u8((id << 4) | (len - 1))?;
            }
            out.bytes(value)?;
        }
        out.align4()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(elements: &[(u8, &[u8])]) -> Vec<u8> {
        let mut writer = ExtensionWriter::default();
        for (id, value) in elements {
            writer.push(*id, value).unwrap();
        }
        let mut buffer = [0xFF; 300];
        let mut out = Cursor::new(&mut buffer);
        writer.write(&mut out).unwrap();
        assert_eq!(out.len(), writer.encoded_len());
        out.written().to_vec()
    }

    #[test]
    fn short_elements_use_the_one_byte_form() {
        assert_eq!(
            block(&[(1, &[7]), (14, &[8, 9])]),
            [0xBE, 0xDE, 0, 2, 0x10, 7, 0xE1, 8, 9, 0, 0, 0]
        );
    }

    #[test]
    fn one_element_that_does_not_fit_selects_the_two_byte_form() {
        assert_eq!(
            block(&[(1, &[7]), (15, &[8])]),
            [0x10, 0, 0, 2, 1, 1, 7, 15, 1, 8, 0, 0]
        );
        assert_eq!(block(&[(1, &[])]), [0x10, 0, 0, 1, 1, 0, 0, 0]);
        assert_eq!(block(&[(1, &[1; 16])])[..2], [0xBE, 0xDE]);
        assert_eq!(block(&[(1, &[1; 17])])[..2], [0x10, 0]);
    }

    #[test]
    fn a_value_may_have_255_bytes() {
        assert_eq!(block(&[(1, &[9; 255])])[..6], [0x10, 0, 0, 65, 1, 255]);
    }

    #[test]
    fn nothing_is_written_without_elements() {
        assert!(block(&[]).is_empty());
    }

    #[test]
    fn id_0_a_long_value_and_a_17th_element_are_refused() {
        let long = [0; 256];
        let mut writer = ExtensionWriter::default();
        assert_eq!(writer.push(0, &[1]), Err(WireError::Unrepresentable));
        assert_eq!(writer.push(1, &long), Err(WireError::Unrepresentable));
        for id in 1..=16 {
            writer.push(id, &[1]).unwrap();
        }
        assert_eq!(writer.push(17, &[1]), Err(WireError::Unrepresentable));
    }
}
