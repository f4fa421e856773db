//! A sent packet in 8 bytes.

use super::{ClusterId, News, SentPacket};
use crate::time::Micros;

/// A sent packet, and what feedback has said of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    /// When it left, microseconds modulo 71 minutes.
    sent: u32,
    size: u16,
    cluster: Option<ClusterId>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The slot has no packet.
    Empty,
    Pending,
    ReportedLost,
    Received,
}

impl Slot {
    /// Without a packet.
    pub(super) const EMPTY: Self = Self {
        sent: 0,
        size: 0,
        cluster: None,
        state: State::Empty,
    };

    /// A packet of which nothing is known yet.
    #[inline]
    pub(super) const fn new(packet: SentPacket) -> Self {
        Self {
            sent: packet.sent.0 as u32,
            size: packet.size,
            cluster: packet.cluster,
            state: State::Pending,
        }
    }

    /// The packet, which left within 35 minutes of this time.
    #[inline]
    pub(super) const fn packet(self, about: Micros) -> SentPacket {
        let later = self.sent.wrapping_sub(about.0 as u32).cast_signed();
        SentPacket {
            sent: Micros(about.0.wrapping_add_signed(later as i64)),
            size: self.size,
            cluster: self.cluster,
        }
    }

    /// What feedback adds to what is known if it says whether the packet arrived.
    #[inline]
    pub(super) const fn news(self, arrived: bool) -> Option<News> {
        match (self.state, arrived) {
            (State::Pending, true) => Some(News::Received),
            (State::Pending, false) => Some(News::Lost),
            (State::ReportedLost, true) => Some(News::ReceivedLate),
            _ => None,
        }
    }

    /// Notes what feedback has said.
    #[inline]
    pub(super) const fn note(&mut self, news: News) {
        self.state = match news {
            News::Received | News::ReceivedLate => State::Received,
            News::Lost => State::ReportedLost,
        };
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU8;

    use super::*;

    const PERIOD: u64 = 1 << u32::BITS;

    #[test]
    fn a_packet_is_read_as_it_was_written() {
        for cluster in [None, NonZeroU8::new(1), NonZeroU8::new(255)] {
            for sent in [0, 1, PERIOD - 1, PERIOD, 5 * PERIOD + 7] {
                for size in [0, 1, 1_200, u16::MAX] {
                    let packet = SentPacket {
                        sent: Micros(sent),
                        size,
                        cluster: cluster.map(ClusterId),
                    };
                    let slot = Slot::new(packet);
                    for about in [sent, sent + PERIOD / 2, sent.saturating_sub(1)] {
                        assert_eq!(slot.packet(Micros(about)), packet);
                    }
                }
            }
        }
    }

    #[test]
    fn it_takes_eight_bytes() {
        assert_eq!(size_of::<Slot>(), 8);
    }
}
