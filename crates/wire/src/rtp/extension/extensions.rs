//! Reading of header extension elements: RFC 8285 sections 4.2 and 4.3.

use std::ops::Range;

use super::{ONE_BYTE_PROFILE, TWO_BYTE_PROFILE};

#[derive(Debug, Clone, Copy)]
enum Form {
    OneByte,
    TwoByte,
}

/// Iterates over the elements as (id, value). Ends without error at an element that exceeds the block: the elements
/// before it are valid.
#[derive(Debug, Clone)]
pub struct Extensions<'a> {
    form: Form,
    block: &'a [u8],
    position: usize,
    packet_offset: usize,
}

impl<'a> Extensions<'a> {
    /// An iterator without elements.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            form: Form::OneByte,
            block: &[],
            position: 0,
            packet_offset: 0,
        }
    }

    /// Iterates over `block` in the form that `profile` selects; an unknown profile has no elements. `packet_offset` is
    /// the offset of the block in its packet.
    #[must_use]
    pub const fn new(profile: u16, block: &'a [u8], packet_offset: usize) -> Self {
        let form = match profile {
            ONE_BYTE_PROFILE => Form::OneByte,
            _ if profile & 0xFFF0 == TWO_BYTE_PROFILE => Form::TwoByte,
            _ => return Self::empty(),
        };
        Self {
            form,
            block,
            position: 0,
            packet_offset,
        }
    }

    /// The range in the packet of the value of the next element with this id.
    #[must_use]
    pub fn range_of(mut self, id: u8) -> Option<Range<usize>> {
        while let Some((found, range)) = self.advance() {
            if found == id {
                return Some(self.packet_offset + range.start..self.packet_offset + range.end);
            }
        }
        None
    }

    fn advance(&mut self) -> Option<(u8, Range<usize>)> {
        // Zero bytes between elements are padding in both forms.
        while *self.block.get(self.position)? == 0 {
            self.position += 1;
        }
        let first = *self.block.get(self.position)?;
        let (id, start, len) = match self.form {
            Form::OneByte => (first >> 4, self.position + 1, usize::from(first & 0x0F) + 1),
            Form::TwoByte => (
                first,
                self.position + 2,
                usize::from(*self.block.get(self.position + 1)?),
            ),
        };
        // Id 15 is reserved in the one-byte form and ends the processing.
        let stop = matches!(self.form, Form::OneByte) && id == 15;
        let end = start + len;
        if stop || end > self.block.len() {
            self.position = self.block.len();
            return None;
        }
        self.position = end;
        Some((id, start..end))
    }
}

impl<'a> Iterator for Extensions<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (id, range) = self.advance()?;
        Some((id, self.block.get(range)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(profile: u16, block: &[u8]) -> Vec<(u8, Vec<u8>)> {
        Extensions::new(profile, block, 0)
            .map(|(id, value)| (id, value.to_vec()))
            .collect()
    }

    #[test]
    fn one_byte_form_matches_the_example_of_rfc_8285() {
        let block = [
            0x10, 0xA1, 0x21, 0xB1, 0xB2, 0, 0, 0x33, 0xC1, 0xC2, 0xC3, 0xC4,
        ];
        assert_eq!(
            read(0xBEDE, &block),
            [
                (1, vec![0xA1]),
                (2, vec![0xB1, 0xB2]),
                (3, vec![0xC1, 0xC2, 0xC3, 0xC4])
            ]
        );
    }

    #[test]
    fn two_byte_form_matches_the_example_of_rfc_8285() {
        let block = [1, 0, 2, 1, 0xB1, 0, 3, 4, 0xC1, 0xC2, 0xC3, 0xC4];
        let expected = [
            (1, vec![]),
            (2, vec![0xB1]),
            (3, vec![0xC1, 0xC2, 0xC3, 0xC4]),
        ];
        assert_eq!(read(0x1000, &block), expected);
        assert_eq!(read(0x100F, &block), expected);
    }

    #[test]
    fn id_15_ends_the_one_byte_form_and_is_an_id_in_the_two_byte_form() {
        assert_eq!(read(0xBEDE, &[0x10, 1, 0xF0, 2, 0x20, 3]), [(1, vec![1])]);
        assert_eq!(read(0x1000, &[15, 1, 2]), [(15, vec![2])]);
    }

    #[test]
    fn an_element_that_exceeds_the_block_ends_it() {
        assert_eq!(read(0xBEDE, &[0x10, 1, 0x23, 2]), [(1, vec![1])]);
        assert_eq!(read(0x1000, &[1, 1, 1, 2]), [(1, vec![1])]);
    }

    #[test]
    fn an_unknown_profile_has_no_elements() {
        assert_eq!(read(0x1010, &[1, 1, 1]), []);
    }
}
