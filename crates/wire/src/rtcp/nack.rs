//! Generic NACKs: RFC 4585 section 6.2.1.

use super::RtcpWrite;
use super::header::{self, TRANSPORT_LAYER_FEEDBACK};
use crate::WireError;
use crate::bytes::{self, Cursor};

const ITEM_LEN: usize = 4;

/// A NACK, read in place.
#[derive(Debug, Clone)]
pub struct Nack<'a> {
    /// SSRC of the sender of the request.
    pub sender_ssrc: u32,
    /// The stream with lost packets.
    pub media_ssrc: u32,
    items: &'a [u8],
}

impl<'a> Nack<'a> {
    pub(super) const FORMAT: u8 = 1;

    pub(super) fn parse(body: &'a [u8]) -> Result<Self, WireError> {
        let items = body.get(8..).ok_or(WireError::Truncated)?;
        if items.is_empty() || items.len() % ITEM_LEN != 0 {
            return Err(WireError::BadLength);
        }
        Ok(Self {
            sender_ssrc: bytes::u32_at(body, 0)?,
            media_ssrc: bytes::u32_at(body, 4)?,
            items,
        })
    }

    /// The requested sequence numbers in packet order, up to 17 per item.
    pub fn lost(&self) -> impl Iterator<Item = u16> + use<'a> {
        self.items.chunks_exact(ITEM_LEN).flat_map(|item| {
            let first = bytes::u16_at(item, 0).unwrap_or_default();
            let following = bytes::u16_at(item, 2).unwrap_or_default();
            let bits = (0..16u16).filter(move |bit| following & (1 << bit) != 0);
            std::iter::once(first).chain(bits.map(move |bit| first.wrapping_add(bit + 1)))
        })
    }
}

/// A NACK to write.
#[derive(Debug, Clone, Copy)]
pub struct NackBuilder<'a> {
    /// SSRC of the sender of the request.
    pub sender_ssrc: u32,
    /// The stream with lost packets.
    pub media_ssrc: u32,
    /// Sequence numbers in ascending order modulo 2^16, at least one. Each takes at most 4 bytes.
    pub lost: &'a [u16],
}

impl RtcpWrite for NackBuilder<'_> {
    fn write(&self, buffer: &mut [u8]) -> Result<usize, WireError> {
        let (first, rest) = self.lost.split_first().ok_or(WireError::Unrepresentable)?;
        header::write(
            buffer,
            TRANSPORT_LAYER_FEEDBACK,
            Nack::FORMAT.into(),
            |out| {
                out.u32(self.sender_ssrc)?;
                out.u32(self.media_ssrc)?;
                let mut item = Item {
                    first: *first,
                    following: 0,
                };
                for sequence_number in rest {
                    if !item.add(*sequence_number) {
                        item.append(out)?;
                        item = Item {
                            first: *sequence_number,
                            following: 0,
                        };
                    }
                }
                item.append(out)
            },
        )
    }
}

/// A packet id (PID) and the bit mask of the 16 packets after it (BLP).
struct Item {
    first: u16,
    following: u16,
}

impl Item {
    /// Adds a sequence number; returns false when the item cannot hold it.
    fn add(&mut self, sequence_number: u16) -> bool {
        match sequence_number.wrapping_sub(self.first) {
            0 => true,
            distance @ 1..=16 => {
                self.following |= 1 << (distance - 1);
                true
            }
            _ => false,
        }
    }

    fn append(&self, out: &mut Cursor<'_>) -> Result<(), WireError> {
        out.u16(self.first)?;
        out.u16(self.following)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Compound, RtcpPacket};
    use super::*;
    use proptest::prelude::*;

    fn lost_of(packet: &[u8]) -> Vec<u16> {
        match &Compound::parse(packet).unwrap().collect::<Vec<_>>()[..] {
            [Ok(RtcpPacket::Nack(nack))] => {
                assert_eq!((nack.sender_ssrc, nack.media_ssrc), (1, 2));
                nack.lost().collect()
            }
            other => panic!("{other:?}"),
        }
    }

    fn write(lost: &[u16], buffer: &mut [u8]) -> Result<usize, WireError> {
        NackBuilder {
            sender_ssrc: 1,
            media_ssrc: 2,
            lost,
        }
        .write(buffer)
    }

    #[test]
    fn seventeen_consecutive_packets_take_one_item_across_the_wrap() {
        let lost: Vec<u16> = (0..17).map(|index| 65_530u16.wrapping_add(index)).collect();
        let mut buffer = [0; 16];
        assert_eq!(write(&lost, &mut buffer), Ok(16));
        assert_eq!(buffer[12..], [0xFF, 0xFA, 0xFF, 0xFF]);
        assert_eq!(lost_of(&buffer), lost);
    }

    #[test]
    fn a_packet_that_is_listed_twice_takes_one_item() {
        let mut buffer = [0; 100];
        assert_eq!(write(&[7, 7, 8], &mut buffer), Ok(16));
        assert_eq!(lost_of(&buffer[..16]), [7, 8]);
    }

    #[test]
    fn an_empty_list_cannot_be_written() {
        assert_eq!(write(&[], &mut [0; 100]), Err(WireError::Unrepresentable));
    }

    #[test]
    fn a_nack_without_items_or_with_half_an_item_is_malformed() {
        assert_eq!(Nack::parse(&[0; 8]).unwrap_err(), WireError::BadLength);
        assert_eq!(Nack::parse(&[0; 10]).unwrap_err(), WireError::BadLength);
    }

    proptest! {
        #[test]
        fn written_sequence_numbers_are_read_back(start: u16, set in proptest::collection::btree_set(0..3000u16, 1..200)) {
            let lost: Vec<u16> = set.into_iter().map(|offset| start.wrapping_add(offset)).collect();
            let mut buffer = [0; 1024];
            let len = write(&lost, &mut buffer).unwrap();
            prop_assert_eq!(lost_of(&buffer[..len]), lost);
        }
    }
}
