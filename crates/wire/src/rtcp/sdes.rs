//! Source descriptions (SDES): RFC 3550 section 6.5. Only CNAME is read and written.

use super::RtcpWrite;
use super::header::{self, SOURCE_DESCRIPTION};
use crate::WireError;
use crate::bytes;

const END: u8 = 0;
const CNAME: u8 = 1;

/// The description of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SdesChunk<'a> {
    /// SSRC of the source.
    pub ssrc: u32,
    /// The canonical name; `None` when it is missing or not UTF-8.
    pub cname: Option<&'a str>,
}

impl<'a> SdesChunk<'a> {
    /// Reads the chunk at `offset`. Returns it with the offset of the next chunk.
    fn parse(body: &'a [u8], mut offset: usize) -> Result<(Self, usize), WireError> {
        let mut chunk = Self {
            ssrc: bytes::u32_at(body, offset)?,
            cname: None,
        };
        offset += 4;
        loop {
            let kind = bytes::u8_at(body, offset)?;
            if kind == END {
                // Zeros follow the terminator up to a whole word.
                return Ok((chunk, (offset + 1).next_multiple_of(4)));
            }
            let len = usize::from(bytes::u8_at(body, offset + 1)?);
            let text = bytes::slice(body, offset + 2, len)?;
            if kind == CNAME {
                chunk.cname = std::str::from_utf8(text).ok();
            }
            offset += 2 + len;
        }
    }
}

/// A source description, read in place. Iterates over its chunks.
#[derive(Debug, Clone)]
pub struct Sdes<'a> {
    body: &'a [u8],
    offset: usize,
    remaining: u8,
}

impl<'a> Sdes<'a> {
    pub(super) fn parse(count: u8, body: &'a [u8]) -> Result<Self, WireError> {
        let mut offset = 0;
        for _ in 0..count {
            offset = SdesChunk::parse(body, offset)?.1;
        }
        Ok(Self {
            body,
            offset: 0,
            remaining: count,
        })
    }
}

impl<'a> Iterator for Sdes<'a> {
    type Item = SdesChunk<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.remaining = self.remaining.checked_sub(1)?;
        let (chunk, next) = SdesChunk::parse(self.body, self.offset).ok()?;
        self.offset = next;
        Some(chunk)
    }
}

/// A source description to write: one source with a CNAME of at most 255 bytes.
#[derive(Debug, Clone, Copy)]
pub struct SdesBuilder<'a> {
    /// SSRC of the source.
    pub ssrc: u32,
    /// The canonical name.
    pub cname: &'a str,
}

impl RtcpWrite for SdesBuilder<'_> {
    fn write(&self, buffer: &mut [u8]) -> Result<usize, WireError> {
        header::write(buffer, SOURCE_DESCRIPTION, 1, |out| {
            out.u32(self.ssrc)?;
            out.u8(CNAME)?;
            out.u8(u8::try_from(self.cname.len()).map_err(|_| WireError::Unrepresentable)?)?;
            out.bytes(self.cname.as_bytes())?;
            out.u8(END)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_ends_with_a_whole_word_of_zeros_at_least_one() {
        for cname in ["a", "ab", "abc", "abcd", "abcde"] {
            let mut body = [&[0, 0, 0, 1, CNAME, cname.len() as u8], cname.as_bytes()].concat();
            body.push(END);
            body.resize(body.len().next_multiple_of(4), 0);
            let chunk = SdesChunk {
                ssrc: 2,
                cname: None,
            };
            body.extend([0, 0, 0, 2, END, 0, 0, 0]);
            let chunks: Vec<_> = Sdes::parse(2, &body).unwrap().collect();
            let first = SdesChunk {
                ssrc: 1,
                cname: Some(cname),
            };
            assert_eq!(chunks, [first, chunk]);
        }
    }
}
