//! The packets sent with a transport-wide number, until feedback on them cannot arrive any more.

mod slot;

use std::num::NonZeroU8;

use slot::{Slot, State};

use crate::time::{Micros, SECOND};

/// Later feedback finds nothing. libwebrtc keeps a minute, in a tree; here more memory costs more per packet, and an estimate
/// of what the link was ten seconds ago is worthless.
const KEPT: u64 = 10 * SECOND;

const INITIAL_CAPACITY: usize = 256;

/// 64 KiB for each receiver. At 1,200 bytes these are 10 s of 8 Mbit/s.
const MAX_CAPACITY: usize = 8_192;

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
    /// The packets of its block. The others are far away in memory: they are written once for eight packets.
    recent: Block,
    /// The packets before those: block `n` is at `n % len`. The length is a power of two.
    blocks: Vec<Block>,
}

/// The packets with the numbers `BLOCK * n` to `BLOCK * n + BLOCK - 1`: a line of the cache.
type Block = [Slot; BLOCK];

const BLOCK: usize = 8;
const EMPTY: Block = [Slot::EMPTY; BLOCK];

/// The newest packet.
#[derive(Debug, Clone, Copy)]
struct Newest {
    /// Its extended number.
    number: u64,
    sent: Micros,
    /// The extended number of the first packet after the last pause of [`KEPT`].
    first: u64,
}

impl Default for SendHistory {
    fn default() -> Self {
        Self {
            newest: None,
            recent: EMPTY,
            blocks: vec![EMPTY; INITIAL_CAPACITY / BLOCK],
        }
    }
}

impl SendHistory {
    /// Records a packet. Numbers are consecutive; a number behind the newest starts the next cycle of 65,536.
    #[inline]
    pub(crate) fn record(&mut self, number: u16, packet: SentPacket) {
        let mut extended = 1 << 16 | u64::from(number);
        let mut first = extended;
        if let Some(newest) = self.newest {
            let step = number.wrapping_sub(newest.number as u16).max(1);
            extended = newest.number + u64::from(step);
            let is_after_pause = packet.sent.since(newest.sent) > KEPT;
            first = if is_after_pause {
                extended
            } else {
                newest.first
            };
            let (from, to) = (block_of(newest.number), block_of(extended));
            if from != to {
                self.advance(from, to, packet.sent);
            }
        }
        self.newest = Some(Newest {
            number: extended,
            sent: packet.sent,
            first,
        });
        if let Some(slot) = self.recent.get_mut(place_of(extended)) {
            *slot = Slot::new(packet);
        }
    }

    /// What feedback that comes now can have news of; `None`: nothing.
    pub(crate) fn reportable(&mut self, now: Micros) -> Option<Reportable<'_>> {
        let newest = self
            .newest
            .filter(|newest| now.since(newest.sent) <= KEPT)?;
        let capacity = self.capacity() as u64;
        Some(Reportable {
            oldest: newest
                .first
                .max((newest.number + 1).saturating_sub(capacity)),
            newest,
            now,
            history: self,
        })
    }

    /// The most packets that feedback can have news of.
    pub(crate) fn capacity(&self) -> usize {
        BLOCK * self.blocks.len()
    }

    #[inline]
    fn slot(&mut self, newest: u64, extended: u64) -> Option<&mut Slot> {
        let block = if block_of(extended) == block_of(newest) {
            &mut self.recent
        } else {
            let index = self.index(block_of(extended));
            self.blocks.get_mut(index)?
        };
        block.get_mut(place_of(extended))
    }

    /// Makes block `to` the recent one, instead of `from`.
    #[inline(never)]
    fn advance(&mut self, from: u64, to: u64, now: Micros) {
        while self.blocks.len() < MAX_CAPACITY / BLOCK && self.would_forget(from, now) {
            self.grow(from);
        }
        let recent = std::mem::replace(&mut self.recent, EMPTY);
        self.store(from, recent);
        for skipped in (from + 1..to).rev().take(self.blocks.len()) {
            self.store(skipped, EMPTY);
        }
    }

    fn store(&mut self, number: u64, block: Block) {
        let index = self.index(number);
        if let Some(place) = self.blocks.get_mut(index) {
            *place = block;
        }
    }

    const fn index(&self, block: u64) -> usize {
        block as usize & (self.blocks.len() - 1)
    }

    /// Whether storing the block would overwrite a packet that feedback can still report.
    fn would_forget(&self, number: u64, now: Micros) -> bool {
        let block = self.blocks.get(self.index(number)).unwrap_or(&EMPTY);
        // The last one left last.
        let last = block.iter().rev().find_map(|slot| slot.packet(now));
        last.is_some_and(|packet| now.since(packet.sent) <= KEPT)
    }

    /// Doubles the blocks, before the one with this number is stored.
    fn grow(&mut self, number: u64) {
        let former = self.blocks.len();
        let mut blocks = vec![EMPTY; 2 * former];
        for number in number.saturating_sub(former as u64)..number {
            let (from, to) = (
                number as usize & (former - 1),
                number as usize & (2 * former - 1),
            );
            if let (Some(block), Some(place)) = (self.blocks.get(from), blocks.get_mut(to)) {
                *place = *block;
            }
        }
        self.blocks = blocks;
    }
}

/// The packets that feedback can have news of.
pub(crate) struct Reportable<'a> {
    history: &'a mut SendHistory,
    newest: Newest,
    /// The extended number of the first one that is kept.
    oldest: u64,
    now: Micros,
}

impl Reportable<'_> {
    /// Notes what feedback says about packet `number`. Returns the packet if that is news, else `None`: the number was
    /// never used, is too old, or was reported so before.
    #[inline]
    pub(crate) fn acknowledge(
        &mut self,
        number: u16,
        received: bool,
    ) -> Option<(SentPacket, News)> {
        let newest = self.newest;
        let behind = (newest.number as u16).wrapping_sub(number);
        let extended = newest.number.checked_sub(behind.into())?;
        if extended < self.oldest {
            return None;
        }
        let slot = self.history.slot(newest.number, extended)?;
        let packet = slot.packet(newest.sent)?;
        if self.now.since(packet.sent) > KEPT {
            return None;
        }
        let is_pending = slot.state() == State::Pending;
        let news = match (received, is_pending) {
            (true, true) => News::Received,
            (true, false) if slot.state() == State::ReportedLost => News::ReceivedLate,
            (false, true) => News::Lost,
            _ => return None,
        };
        slot.set_state(if received {
            State::Received
        } else {
            State::ReportedLost
        });
        Some((packet, news))
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
        fn acknowledge(
            &mut self,
            now: Micros,
            number: u16,
            received: bool,
        ) -> Option<(SentPacket, News)> {
            self.reportable(now)?.acknowledge(number, received)
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
        history.record(65_535, packet(1));
        history.record(0, packet(2));
        let mut report = |number, received| {
            history
                .acknowledge(Micros(9), number, received)
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
            history.record(number, packet(1_000 * u64::from(number)));
        }
        let now = Micros(2 * SECOND);
        assert!(history.acknowledge(now, 0, true).is_some());
        for number in 2_000..20_000 {
            history.record(number, packet(1_000 * u64::from(number)));
        }
        assert_eq!(history.capacity(), MAX_CAPACITY);
        let now = Micros(20 * SECOND);
        assert!(history.acknowledge(now, 19_999 - 8_192, true).is_none());
        assert!(history.acknowledge(now, 20_000 - 8_192, true).is_some());
    }

    #[test]
    fn packets_older_than_ten_seconds_are_forgotten() {
        let mut history = SendHistory::default();
        history.record(7, packet(0));
        assert!(history.acknowledge(Micros(KEPT + 1), 7, true).is_none());
        assert!(history.acknowledge(Micros(KEPT), 7, true).is_some());
    }

    #[test]
    fn numbers_that_were_skipped_are_of_no_packet() {
        for skipped in [1, 2, BLOCK, 3 * BLOCK, INITIAL_CAPACITY - 1] {
            let mut history = SendHistory::default();
            let (used, skipped) = (INITIAL_CAPACITY as u16, skipped as u16);
            for number in 0..used {
                history.record(number, packet(u64::from(number)));
            }
            let now = Micros(used.into());
            history.record(used + skipped, packet(now.0));
            let known = (0..=used + skipped)
                .filter(|number| history.acknowledge(now, *number, true).is_some())
                .count();
            // Those in the capacity, without the skipped ones.
            assert!(
                known <= history.capacity() - usize::from(skipped),
                "{skipped}: {known}"
            );
            for number in used..used + skipped {
                assert!(history.acknowledge(now, number, true).is_none());
            }
        }
    }

    #[test]
    fn a_packet_before_a_pause_is_never_taken_for_a_recent_one() {
        for pause in [KEPT + 1, Slot::PERIOD, Slot::PERIOD + 1] {
            let mut history = SendHistory::default();
            history.record(7, packet(0));
            assert!(history.acknowledge(Micros(pause), 7, true).is_none());
            history.record(8, packet(pause));
            assert!(history.acknowledge(Micros(pause), 7, true).is_none());
            assert!(history.acknowledge(Micros(pause), 8, true).is_some());
        }
    }

    #[test]
    fn a_slow_stream_needs_little_memory() {
        let mut history = SendHistory::default();
        for number in 0..=u16::MAX {
            history.record(number, packet(SECOND * u64::from(number)));
        }
        assert_eq!(history.capacity(), INITIAL_CAPACITY);
    }
}
