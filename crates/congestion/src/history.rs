//! The packets sent with a transport-wide number, until feedback on them cannot arrive any more.

mod slot;

use std::collections::VecDeque;
use std::num::NonZeroU8;
use std::slice;

use slot::Slot;

use crate::time::{Micros, SECOND};

/// Later feedback finds nothing. libwebrtc keeps a minute, in a tree; here more memory costs more per packet, and an estimate
/// of what the link was ten seconds ago is worthless.
const KEPT: u64 = 10 * SECOND;

const INITIAL_BLOCKS: usize = 16;

/// 64 KiB for each receiver. At 1,200 bytes these are 10 s of 8 Mbit/s.
const MAX_BLOCKS: usize = 512;

/// The most packets of which feedback can have news.
pub(crate) const MAX_KEPT: usize = MAX_BLOCKS * BLOCK;

/// Identifies a probe; unique among the probes of the last seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClusterId(pub(crate) NonZeroU8);

/// A sent packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SentPacket {
    /// When it left.
    pub(crate) sent: Micros,
    /// Bytes of the UDP payload.
    pub(crate) size: u16,
    /// The probe that it belongs to.
    pub(crate) cluster: Option<ClusterId>,
}

/// What feedback says about a packet for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    /// It arrived.
    Received,
    /// It arrived after an earlier feedback had reported it lost.
    ReceivedLate,
    /// It did not arrive so far.
    Lost,
}

/// The sent packets by transport-wide number. Memory grows with the packets of ten seconds, to a bound; after that, recording
/// allocates nothing.
#[derive(Debug, Clone)]
pub(crate) struct SendHistory {
    newest: Option<Newest>,
    /// The packets of its block. The others are far away in memory: they are written once for a block.
    recent: Block,
    /// The blocks before it, without gaps.
    older: VecDeque<Block>,
}

/// The packets with the numbers `BLOCK * n` to `BLOCK * n + BLOCK - 1`: two lines of the cache.
type Block = [Slot; BLOCK];

const BLOCK: usize = 16;
const EMPTY: Block = [Slot::EMPTY; BLOCK];

/// The newest packet.
#[derive(Debug, Clone, Copy)]
struct Newest {
    /// Its extended number.
    number: u64,
    sent: Micros,
}

impl Newest {
    const NONE: Self = Self {
        number: 0,
        sent: Micros(0),
    };
}

impl Default for SendHistory {
    fn default() -> Self {
        Self {
            newest: None,
            recent: EMPTY,
            older: VecDeque::with_capacity(INITIAL_BLOCKS),
        }
    }
}

impl SendHistory {
    /// Records a packet. Numbers are consecutive: after a gap, and after a pause of [`KEPT`], what was recorded before is
    /// forgotten. Returns whether [`Self::store_recent`] is to be called before the next packet.
    #[inline]
    #[must_use]
    pub(crate) fn record(&mut self, number: u16, packet: SentPacket) -> bool {
        let extended = match self.newest {
            Some(newest)
                if number == (newest.number as u16).wrapping_add(1)
                    && packet.sent.since(newest.sent) <= KEPT =>
            {
                newest.number + 1
            }
            _ => {
                self.recent = EMPTY;
                self.older.clear();
                1 << 16 | u64::from(number)
            }
        };
        self.newest = Some(Newest {
            number: extended,
            sent: packet.sent,
        });
        if let Some(slot) = self.recent.get_mut(place_of(extended)) {
            *slot = Slot::new(packet);
        }
        place_of(extended) == BLOCK - 1
    }

    /// The packets from number `first` on, to be told what feedback that comes now says of them.
    pub(crate) fn reported(&mut self, now: Micros, first: u16) -> Reported<'_> {
        let newest = self.newest.unwrap_or(Newest::NONE);
        let recent = block_of(newest.number + 1);
        let oldest = (recent - self.older.len() as u64) * BLOCK as u64;
        let behind = (newest.number as u16).wrapping_sub(first);
        let first = newest.number.saturating_sub(behind.into());
        let (front, back) = self.older.as_mut_slices();
        let parts = [
            front.as_flattened_mut(),
            back.as_flattened_mut(),
            &mut self.recent,
        ];
        let mut before = first.saturating_sub(oldest) as usize;
        Reported {
            forgotten: oldest.saturating_sub(first) as usize,
            parts: parts.map(|part| {
                let skipped = before.min(part.len());
                before -= skipped;
                part.split_at_mut(skipped).1.iter_mut()
            }),
            newest: newest.sent,
            kept_since: Micros(now.0.saturating_sub(KEPT)),
        }
    }

    /// Moves the recent block to the others if it is full. Drops those of which feedback has no news any more.
    pub(crate) fn store_recent(&mut self) {
        let Some(newest) = self.newest else {
            return;
        };
        if place_of(newest.number) < BLOCK - 1 {
            return;
        }
        while let Some([.., last]) = self.older.front()
            && (self.older.len() == MAX_BLOCKS
                || newest.sent.since(last.packet(newest.sent).sent) > KEPT)
        {
            self.older.pop_front();
        }
        let recent = std::mem::replace(&mut self.recent, EMPTY);
        self.older.push_back(recent);
    }
}

/// The packets that feedback reports, in the order of their numbers.
pub(crate) struct Reported<'a> {
    /// How many are not kept any more, before those that are.
    forgotten: usize,
    parts: [slice::IterMut<'a, Slot>; 3],
    newest: Micros,
    kept_since: Micros,
}

impl<'a> Reported<'a> {
    /// Notes whether the next packet arrived. Returns it if that is news, else `None`: it was never sent, is too old, or was
    /// reported so before.
    #[inline]
    pub(crate) fn next(&mut self, arrived: bool) -> Option<(SentPacket, News)> {
        let slot = self.next_slot()?;
        let news = slot.news(arrived)?;
        let packet = slot.packet(self.newest);
        if packet.sent < self.kept_since {
            return None;
        }
        slot.note(news);
        Some((packet, news))
    }

    #[inline]
    fn next_slot(&mut self) -> Option<&'a mut Slot> {
        if self.forgotten > 0 {
            self.forgotten -= 1;
            return None;
        }
        let [front, back, recent] = &mut self.parts;
        front
            .next()
            .or_else(|| back.next())
            .or_else(|| recent.next())
    }
}

const fn block_of(extended: u64) -> u64 {
    extended / BLOCK as u64
}

const fn place_of(extended: u64) -> usize {
    extended as usize % BLOCK
}

#[cfg(test)]
mod tests {
    use super::*;

    impl SendHistory {
        fn add(&mut self, number: u16, packet: SentPacket) {
            if self.record(number, packet) {
                self.store_recent();
            }
        }

        fn report(
            &mut self,
            now: Micros,
            number: u16,
            received: bool,
        ) -> Option<(SentPacket, News)> {
            self.reported(now, number).next(received)
        }
    }

    const fn packet(sent: u64) -> SentPacket {
        SentPacket {
            sent: Micros(sent),
            size: 1_200,
            cluster: None,
        }
    }

    #[test]
    fn each_outcome_is_news_once() {
        let mut history = SendHistory::default();
        history.add(65_535, packet(1));
        history.add(0, packet(2));
        let mut report = |number, received| {
            history
                .report(Micros(9), number, received)
                .map(|(packet, news)| (packet.sent.0, news))
        };
        assert_eq!(report(65_535, false), Some((1, News::Lost)));
        assert_eq!(report(65_535, false), None);
        assert_eq!(report(65_535, true), Some((1, News::ReceivedLate)));
        assert_eq!(report(65_535, true), None);
        assert_eq!(report(0, true), Some((2, News::Received)));
        assert_eq!(report(0, false), None);
        assert_eq!(report(1, true), None, "never sent");
    }

    #[test]
    fn packets_of_ten_seconds_are_kept_up_to_the_bound() {
        let mut history = SendHistory::default();
        for number in 0..2_000 {
            history.add(number, packet(1_000 * u64::from(number)));
        }
        let now = Micros(2 * SECOND);
        assert!(history.report(now, 0, true).is_some());
        for number in 2_000..20_000 {
            history.add(number, packet(1_000 * u64::from(number)));
        }
        assert_eq!(history.older.capacity(), MAX_BLOCKS);
        let now = Micros(20 * SECOND);
        assert!(history.report(now, 19_999 - 8_200, true).is_none());
        assert!(history.report(now, 20_000 - 8_192, true).is_some());
    }

    #[test]
    fn packets_older_than_ten_seconds_are_forgotten() {
        let mut history = SendHistory::default();
        history.add(7, packet(0));
        assert!(history.report(Micros(KEPT + 1), 7, true).is_none());
        assert!(history.report(Micros(KEPT), 7, true).is_some());
    }

    #[test]
    fn a_gap_in_the_numbers_begins_anew() {
        for next in [0, 3, 8, 9, 11, 800] {
            let mut history = SendHistory::default();
            for number in 0..10 {
                history.add(number, packet(0));
            }
            history.add(next, packet(1));
            let known: Vec<u16> = (0..=u16::MAX)
                .filter(|number| history.report(Micros(1), *number, true).is_some())
                .collect();
            assert_eq!(known, [next]);
        }
    }

    #[test]
    fn a_packet_before_a_pause_is_never_taken_for_a_recent_one() {
        for pause in [KEPT + 1, 1 << 32, (1 << 32) + 1] {
            let mut history = SendHistory::default();
            history.add(7, packet(0));
            assert!(history.report(Micros(pause), 7, true).is_none());
            history.add(8, packet(pause));
            assert!(history.report(Micros(pause), 7, true).is_none());
            assert!(history.report(Micros(pause), 8, true).is_some());
        }
    }

    #[test]
    fn a_slow_stream_needs_little_memory() {
        let mut history = SendHistory::default();
        for number in 0..=u16::MAX {
            history.add(number, packet(SECOND * u64::from(number)));
        }
        assert_eq!(history.older.capacity(), INITIAL_BLOCKS);
    }
}
