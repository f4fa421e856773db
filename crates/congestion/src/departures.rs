//! What is noted of every packet that leaves.
//!
//! A worker sends to hundreds of receivers in turn, whose state exceeds the caches of memory and of its pages: each page and
//! each line that a packet touches is a miss. So these fields are together, and what depends on sums only is counted once
//! in [`INTERVAL`].

use crate::history::{SendHistory, SentPacket};
use crate::time::{MILLISECOND, Micros};

/// Bytes wait this long until they are counted: as long as the pacer's bursts.
const INTERVAL: u64 = 5 * MILLISECOND;

/// The packets that have left.
#[derive(Debug, Clone)]
#[repr(C, align(64))]
pub(crate) struct Departures {
    pub(crate) history: SendHistory,
    uncounted: Bytes,
    /// When to count bytes.
    count_at: Micros,
    /// Since when packets wait for feedback; moved on when the estimate falls for lack of it.
    pub(crate) unanswered: Option<Micros>,
}

/// Bytes that have left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Bytes {
    pub(crate) media: u64,
    pub(crate) padding: u64,
}

impl Departures {
    pub(crate) fn new(now: Micros) -> Self {
        Self {
            history: SendHistory::default(),
            uncounted: Bytes::default(),
            count_at: now.plus(INTERVAL),
            unanswered: None,
        }
    }

    /// Notes a packet. Returns whether [`Self::settle`] is to be called now.
    #[inline]
    pub(crate) fn add(&mut self, number: u16, packet: SentPacket, is_padding: bool) -> bool {
        let is_full = self.history.record(number, packet);
        self.unanswered.get_or_insert(packet.sent);
        let bytes = if is_padding {
            &mut self.uncounted.padding
        } else {
            &mut self.uncounted.media
        };
        *bytes += u64::from(packet.size);
        is_full || packet.sent >= self.count_at
    }

    /// Does what is not needed for every packet. Returns whether bytes are to be counted now.
    pub(crate) fn settle(&mut self, now: Micros) -> bool {
        self.history.store_recent();
        now >= self.count_at
    }

    /// The bytes that were not counted yet.
    pub(crate) fn take_uncounted(&mut self, now: Micros) -> Bytes {
        self.count_at = now.plus(INTERVAL);
        std::mem::take(&mut self.uncounted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_counted_once_and_at_most_five_milliseconds_late() {
        let mut departures = Departures::new(Micros(0));
        let add = |departures: &mut Departures, number, sent, is_padding| {
            let packet = SentPacket {
                sent: Micros(sent),
                size: 100,
                cluster: None,
            };
            departures.add(number, packet, is_padding) && departures.settle(packet.sent)
        };
        assert!(!add(&mut departures, 0, 4_999, false));
        assert!(add(&mut departures, 1, 5_000, true));
        assert!(add(&mut departures, 2, 5_000, false));
        let bytes = Bytes {
            media: 200,
            padding: 100,
        };
        assert_eq!(departures.take_uncounted(Micros(5_000)), bytes);
        assert!(!add(&mut departures, 3, 9_999, false));
        departures.take_uncounted(Micros(9_999));
        assert_eq!(departures.take_uncounted(Micros(9_999)), Bytes::default());
    }

    #[test]
    fn they_fit_into_three_lines_of_the_cache() {
        assert!(size_of::<Departures>() <= 192);
    }
}
