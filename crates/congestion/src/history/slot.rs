//! A sent packet in 8 bytes.

use std::num::NonZeroU8;

use super::{ClusterId, News, SentPacket};
use crate::time::Micros;

/// | bits     |                                              |
/// |----------|----------------------------------------------|
/// | 0 to 40  | when it left, microseconds, modulo 25 days   |
/// | 41 to 53 | its size; larger ones count as 8,191 bytes   |
/// | 54 to 61 | the probe that it belongs to; 0 for none     |
/// | 62, 63   | what feedback has said                       |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot(u64);

/// What feedback has said of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// The slot has no packet.
    Empty,
    Pending,
    ReportedLost,
    Received,
}

impl State {
    /// What feedback that says whether the packet arrived adds to this.
    #[inline]
    pub(super) const fn news(self, arrived: bool) -> Option<News> {
        match (self, arrived) {
            (Self::Pending, true) => Some(News::Received),
            (Self::Pending, false) => Some(News::Lost),
            (Self::ReportedLost, true) => Some(News::ReceivedLate),
            _ => None,
        }
    }
}

const SIZE: u32 = 41;
const CLUSTER: u32 = 54;
const STATE: u32 = 62;
const MAX_SIZE: u16 = (1 << (CLUSTER - SIZE)) - 1;

impl Slot {
    /// Without a packet.
    pub(super) const EMPTY: Self = Self(0);

    /// Times that differ by a multiple of this look the same, microseconds.
    pub(super) const PERIOD: u64 = 1 << SIZE;

    /// A packet of which nothing is known yet.
    pub(super) fn new(packet: SentPacket) -> Self {
        let cluster = packet.cluster.map_or(0, |id| id.0.get());
        let mut slot = Self(
            packet.sent.0 & (Self::PERIOD - 1)
                | u64::from(packet.size.min(MAX_SIZE)) << SIZE
                | u64::from(cluster) << CLUSTER,
        );
        slot.set_state(State::Pending);
        slot
    }

    /// The packet, which left within [`Self::PERIOD`] before `now`; `None` without one.
    pub(super) fn packet(self, now: Micros) -> Option<SentPacket> {
        if self.state() == State::Empty {
            return None;
        }
        let age = now.0.wrapping_sub(self.0) & (Self::PERIOD - 1);
        Some(SentPacket {
            sent: Micros(now.0.saturating_sub(age)),
            size: (self.0 >> SIZE) as u16 & MAX_SIZE,
            cluster: NonZeroU8::new((self.0 >> CLUSTER) as u8).map(ClusterId),
        })
    }

    pub(super) const fn state(self) -> State {
        match self.0 >> STATE {
            0 => State::Empty,
            1 => State::Pending,
            2 => State::ReportedLost,
            _ => State::Received,
        }
    }

    /// Notes what feedback has said.
    #[inline]
    pub(super) const fn note(&mut self, news: News) {
        self.set_state(match news {
            News::Received | News::ReceivedLate => State::Received,
            News::Lost => State::ReportedLost,
        });
    }

    const fn set_state(&mut self, state: State) {
        self.0 = self.0 & !(3 << STATE) | (state as u64) << STATE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_read_as_it_was_written() {
        for cluster in [None, NonZeroU8::new(1), NonZeroU8::new(255)] {
            for sent in [0, 1, Slot::PERIOD - 1, Slot::PERIOD, 5 * Slot::PERIOD + 7] {
                for size in [0, 1, 1_200, MAX_SIZE] {
                    let packet = SentPacket {
                        sent: Micros(sent),
                        size,
                        cluster: cluster.map(ClusterId),
                    };
                    let mut slot = Slot::new(packet);
                    for state in [State::Pending, State::ReportedLost, State::Received] {
                        slot.set_state(state);
                        assert_eq!(slot.state(), state);
                        let now = Micros(sent + Slot::PERIOD - 1);
                        assert_eq!(slot.packet(now), Some(packet));
                    }
                }
            }
        }
    }

    #[test]
    fn an_empty_slot_has_no_packet() {
        assert_eq!(Slot::EMPTY.state(), State::Empty);
        assert_eq!(Slot::EMPTY.packet(Micros(0)), None);
    }

    #[test]
    fn larger_sizes_than_a_datagram_has_are_bounded() {
        let packet = SentPacket {
            sent: Micros(0),
            size: u16::MAX,
            cluster: None,
        };
        let size = Slot::new(packet)
            .packet(Micros(0))
            .map(|packet| packet.size);
        assert_eq!(size, Some(MAX_SIZE));
    }
}
