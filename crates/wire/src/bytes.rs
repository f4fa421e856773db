//! Bounds-checked access to big-endian fields.

use crate::WireError;

/// Reads the `N` bytes at `offset`.
#[inline]
pub(crate) fn array<const N: usize>(data: &[u8], offset: usize) -> Result<[u8; N], WireError> {
    data.get(offset..)
        .and_then(|rest| rest.first_chunk::<N>())
        .copied()
        .ok_or(WireError::Truncated)
}

#[inline]
pub(crate) fn u8_at(data: &[u8], offset: usize) -> Result<u8, WireError> {
    data.get(offset).copied().ok_or(WireError::Truncated)
}

#[inline]
pub(crate) fn u16_at(data: &[u8], offset: usize) -> Result<u16, WireError> {
    array(data, offset).map(u16::from_be_bytes)
}

/// Reads three bytes.
#[inline]
pub(crate) fn u24_at(data: &[u8], offset: usize) -> Result<u32, WireError> {
    array::<3>(data, offset).map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]))
}

#[inline]
pub(crate) fn u32_at(data: &[u8], offset: usize) -> Result<u32, WireError> {
    array(data, offset).map(u32::from_be_bytes)
}

#[inline]
pub(crate) fn u64_at(data: &[u8], offset: usize) -> Result<u64, WireError> {
    array(data, offset).map(u64::from_be_bytes)
}

/// Reads `len` bytes from `offset`.
#[inline]
pub(crate) fn slice(data: &[u8], offset: usize, len: usize) -> Result<&[u8], WireError> {
    data.get(offset..)
        .and_then(|rest| rest.get(..len))
        .ok_or(WireError::Truncated)
}

/// Appends to the caller's buffer. A write that does not fit is refused and leaves the buffer unchanged.
pub(crate) struct Cursor<'a> {
    buffer: &'a mut [u8],
    len: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(buffer: &'a mut [u8]) -> Self {
        Self { buffer, len: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn written(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }

    pub(crate) fn bytes(&mut self, data: &[u8]) -> Result<(), WireError> {
        let end = self
            .len
            .checked_add(data.len())
            .ok_or(WireError::BufferTooSmall)?;
        self.buffer
            .get_mut(self.len..end)
            .ok_or(WireError::BufferTooSmall)?
            .copy_from_slice(data);
        self.len = end;
        Ok(())
    }

    pub(crate) fn u8(&mut self, value: u8) -> Result<(), WireError> {
        self.bytes(&[value])
    }

    pub(crate) fn u16(&mut self, value: u16) -> Result<(), WireError> {
        self.bytes(&value.to_be_bytes())
    }

    /// Appends the lower three bytes.
    pub(crate) fn u24(&mut self, value: u32) -> Result<(), WireError> {
        let [_, a, b, c] = value.to_be_bytes();
        self.bytes(&[a, b, c])
    }

    pub(crate) fn u32(&mut self, value: u32) -> Result<(), WireError> {
        self.bytes(&value.to_be_bytes())
    }

    pub(crate) fn u64(&mut self, value: u64) -> Result<(), WireError> {
        self.bytes(&value.to_be_bytes())
    }

    /// Appends zeros up to the next multiple of four.
    pub(crate) fn align4(&mut self) -> Result<(), WireError> {
        self.bytes(
            [0; 3]
                .get(..self.len.wrapping_neg() & 3)
                .unwrap_or_default(),
        )
    }

    /// Overwrites two bytes that were already written.
    pub(crate) fn set_u16(&mut self, offset: usize, value: u16) -> Result<(), WireError> {
        let field = self
            .buffer
            .get_mut(..self.len)
            .and_then(|b| b.get_mut(offset..offset.checked_add(2)?));
        field
            .ok_or(WireError::BufferTooSmall)?
            .copy_from_slice(&value.to_be_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_past_the_end_is_truncated() {
        assert_eq!(u16_at(&[1, 2, 3], 2), Err(WireError::Truncated));
        assert_eq!(u16_at(&[1, 2, 3], usize::MAX), Err(WireError::Truncated));
        assert_eq!(slice(&[1, 2, 3], 1, usize::MAX), Err(WireError::Truncated));
        assert_eq!(u24_at(&[1, 2, 3], 0), Ok(0x01_02_03));
    }

    #[test]
    fn a_refused_write_keeps_the_earlier_bytes() {
        let mut buffer = [0; 3];
        let mut cursor = Cursor::new(&mut buffer);
        cursor.u16(0x0102).unwrap();
        assert_eq!(cursor.u16(0x0304), Err(WireError::BufferTooSmall));
        assert_eq!(cursor.written(), &[1, 2]);
        assert_eq!(cursor.set_u16(1, 0), Err(WireError::BufferTooSmall));
    }

    #[test]
    fn alignment_pads_to_a_multiple_of_four() {
        let mut buffer = [9; 8];
        let mut cursor = Cursor::new(&mut buffer);
        cursor.align4().unwrap();
        assert_eq!(cursor.len(), 0);
        cursor.u8(1).unwrap();
        cursor.align4().unwrap();
        assert_eq!(cursor.written(), &[1, 0, 0, 0]);
    }
}
