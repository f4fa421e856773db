//! The packets sent with a transport-wide number, until feedback on them cannot arrive any more.

use crate::time::{Micros, SECOND};

/// Later feedback finds nothing. A day's worth would not help: the estimate of a minute ago is worthless.
const KEPT: u64 = 60 * SECOND;

const INITIAL_CAPACITY: usize = 256;

/// 128 KiB for each receiver. At 1,200 bytes these are 20 s of 4 Mbit/s.
const MAX_CAPACITY: usize = 8_192;

/// Identifies a probe; unique among the probes of the last seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClusterId(pub(crate) u8);

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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Pending,
    ReportedLost,
    Received,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    packet: SentPacket,
    /// The low half of the extended number: tells the packet from another one in the same slot.
    number: u32,
    state: State,
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

/// The sent packets by transport-wide number. Memory grows with the packets of a minute, to a bound; after that, recording
/// allocates nothing.
#[derive(Debug, Clone)]
pub(crate) struct SendHistory {
    /// The packet with number `n` is in slot `n % len`. The length is a power of two.
    slots: Vec<Option<Slot>>,
    /// The extended number of the newest packet.
    newest: Option<u64>,
}

impl Default for SendHistory {
    fn default() -> Self {
        Self {
            slots: vec![None; INITIAL_CAPACITY],
            newest: None,
        }
    }
}

impl SendHistory {
    /// Records a packet. Numbers are consecutive; a number behind the newest starts the next cycle of 65,536.
    pub(crate) fn record(&mut self, number: u16, packet: SentPacket) {
        let extended = match self.newest {
            None => 1 << 16 | u64::from(number),
            Some(newest) => {
                newest.wrapping_add(u64::from(number.wrapping_sub(newest as u16).max(1)))
            }
        };
        self.newest = Some(extended);
        while self.slots.len() < MAX_CAPACITY && self.would_forget(extended, packet.sent) {
            self.grow();
        }
        let index = self.index(extended);
        if let Some(slot) = self.slots.get_mut(index) {
            *slot = Some(Slot {
                packet,
                number: extended as u32,
                state: State::Pending,
            });
        }
    }

    /// Notes what feedback says about packet `number`. Returns the packet if that is news, else `None`: the number was
    /// never used, is too old, or was reported so before.
    pub(crate) fn acknowledge(
        &mut self,
        now: Micros,
        number: u16,
        received: bool,
    ) -> Option<(SentPacket, News)> {
        let newest = self.newest?;
        let extended = newest.checked_sub(u64::from((newest as u16).wrapping_sub(number)))?;
        let index = self.index(extended);
        let slot = self.slots.get_mut(index)?.as_mut()?;
        if slot.number != extended as u32 || now.since(slot.packet.sent) > KEPT {
            return None;
        }
        let (state, news) = match (slot.state, received) {
            (State::Pending, true) => (State::Received, News::Received),
            (State::Pending, false) => (State::ReportedLost, News::Lost),
            (State::ReportedLost, true) => (State::Received, News::ReceivedLate),
            (State::ReportedLost, false) | (State::Received, _) => return None,
        };
        slot.state = state;
        Some((slot.packet, news))
    }

    /// The most packets that feedback can have news of.
    pub(crate) fn capacity(&self) -> usize {
        self.slots.len()
    }

    const fn index(&self, extended: u64) -> usize {
        extended as usize & (self.slots.len() - 1)
    }

    /// Whether recording the number would overwrite a packet that feedback can still report.
    fn would_forget(&self, extended: u64, now: Micros) -> bool {
        let slot = self.slots.get(self.index(extended)).copied().flatten();
        slot.is_some_and(|slot| now.since(slot.packet.sent) <= KEPT)
    }

    fn grow(&mut self) {
        let mut slots = vec![None; 2 * self.slots.len()];
        for slot in self.slots.drain(..).flatten() {
            let index = slot.number as usize & (slots.len() - 1);
            if let Some(place) = slots.get_mut(index) {
                *place = Some(slot);
            }
        }
        self.slots = slots;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn packets_of_a_minute_are_kept_up_to_the_bound() {
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
    fn packets_older_than_a_minute_are_forgotten() {
        let mut history = SendHistory::default();
        history.record(7, packet(0));
        assert!(history.acknowledge(Micros(KEPT + 1), 7, true).is_none());
        assert!(history.acknowledge(Micros(KEPT), 7, true).is_some());
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
