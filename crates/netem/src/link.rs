//! A link: a queue that drains at a rate, then a way that delays, loses, reorders and repeats.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use hubbub_congestion::{MILLISECOND, Micros, SECOND};

use crate::loss::{Loss, LossProcess};
use crate::random::Random;

/// When the queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueLimit {
    /// At this many microseconds' worth of the rate in force.
    Time(u64),
    /// At this many bytes.
    Bytes(u64),
}

/// The properties of a link.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkConfig {
    /// Rates in bit/s, each from its time on. The first also holds before it. Empty: unlimited, no queue.
    pub rates: Vec<(Micros, u64)>,
    /// What drops a packet at the tail of the queue.
    pub queue: QueueLimit,
    /// Delay of the way, microseconds.
    pub delay: u64,
    /// Up to this much more delay, at random; packets keep their order.
    pub jitter: u64,
    /// Loss of the way.
    pub loss: Loss,
    /// Probability that a packet overtakes those that left up to `reorder_by` microseconds before it.
    pub reorder: f64,
    /// See `reorder`.
    pub reorder_by: u64,
    /// Probability that a packet arrives twice.
    pub duplicate: f64,
}

impl Default for LinkConfig {
    fn default() -> Self {
        Self {
            rates: Vec::new(),
            queue: QueueLimit::Time(300 * MILLISECOND),
            delay: 0,
            jitter: 0,
            loss: Loss::None,
            reorder: 0.0,
            reorder_by: 10 * MILLISECOND,
            duplicate: 0.0,
        }
    }
}

struct Waiting<T> {
    bits: f64,
    item: T,
}

struct Travelling<T> {
    at: Micros,
    /// Keeps packets of one time in order.
    order: u64,
    item: T,
}

impl<T> PartialEq for Travelling<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}
impl<T> Eq for Travelling<T> {}
impl<T> PartialOrd for Travelling<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Travelling<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

/// A link with the packets on it, in simulated time.
pub struct Link<T> {
    config: LinkConfig,
    random: Random,
    loss: LossProcess,
    queue: VecDeque<Waiting<T>>,
    queued_bits: f64,
    travelling: BinaryHeap<Reverse<Travelling<T>>>,
    order: u64,
    updated: Micros,
    last_arrival: Micros,
    dropped: u64,
}

impl<T: Clone> Link<T> {
    /// An empty link. Equal seeds and inputs give equal results.
    #[must_use]
    pub fn new(config: LinkConfig, seed: u64) -> Self {
        Self {
            loss: LossProcess::new(config.loss),
            config,
            random: Random::new(seed),
            queue: VecDeque::new(),
            queued_bits: 0.0,
            travelling: BinaryHeap::new(),
            order: 0,
            updated: Micros(0),
            last_arrival: Micros(0),
            dropped: 0,
        }
    }

    /// Packets that found the queue full.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The rate in force, bit/s; `None` if unlimited.
    #[must_use]
    pub fn rate(&self, now: Micros) -> Option<u64> {
        let past = self
            .config
            .rates
            .iter()
            .rev()
            .find(|(from, _)| *from <= now);
        past.or(self.config.rates.first()).map(|(_, rate)| *rate)
    }

    /// Microseconds that the queue takes to drain at the rate in force.
    #[must_use]
    pub fn queue_delay(&self, now: Micros) -> u64 {
        self.rate(now).map_or(0, |rate| {
            (self.queued_bits * SECOND as f64 / rate as f64) as u64
        })
    }

    /// Sends a packet of `size` bytes.
    pub fn send(&mut self, now: Micros, size: usize, item: T) {
        self.advance(now);
        let bits = 8.0 * size as f64;
        let Some(rate) = self.rate(now) else {
            return self.depart(now, item);
        };
        let limit = match self.config.queue {
            QueueLimit::Time(time) => rate as f64 * time as f64 / SECOND as f64,
            QueueLimit::Bytes(bytes) => 8.0 * bytes as f64,
        };
        if self.queued_bits + bits > limit {
            self.dropped += 1;
            return;
        }
        self.queued_bits += bits;
        self.queue.push_back(Waiting { bits, item });
    }

    /// When something happens next: [`Self::receive`] is to be called then.
    #[must_use]
    pub fn next(&self) -> Micros {
        let arrival = self
            .travelling
            .peek()
            .map_or(Micros::NEVER, |next| next.0.at);
        let departure = self.queue.front().map_or(Micros::NEVER, |head| {
            let rate = self.rate(self.updated).unwrap_or(1);
            let end = self.updated.plus(duration(head.bits, rate));
            end.min(self.next_change(self.updated))
        });
        arrival.min(departure)
    }

    /// The next packet that has arrived by `now`.
    pub fn receive(&mut self, now: Micros) -> Option<T> {
        self.advance(now);
        if self.travelling.peek()?.0.at > now {
            return None;
        }
        self.travelling.pop().map(|next| next.0.item)
    }

    fn next_change(&self, now: Micros) -> Micros {
        let future = self.config.rates.iter().find(|(from, _)| *from > now);
        future.map_or(Micros::NEVER, |(from, _)| *from)
    }

    /// Drains the queue until `now`.
    fn advance(&mut self, now: Micros) {
        while self.updated < now {
            let Some(rate) = self.rate(self.updated) else {
                break;
            };
            let Some(head) = self.queue.front_mut() else {
                break;
            };
            let end = self.updated.plus(duration(head.bits, rate));
            let change = self
                .config
                .rates
                .iter()
                .find(|(from, _)| *from > self.updated)
                .map_or(Micros::NEVER, |(from, _)| *from);
            let until = end.min(change).min(now);
            if until == end {
                self.queued_bits -= head.bits;
                self.updated = end;
                if let Some(head) = self.queue.pop_front() {
                    self.depart(end, head.item);
                }
            } else {
                let bits = rate as f64 * until.since(self.updated) as f64 / SECOND as f64;
                let bits = bits.min(head.bits);
                head.bits -= bits;
                self.queued_bits -= bits;
                self.updated = until;
            }
        }
        self.updated = self.updated.max(now);
        if self.queue.is_empty() {
            self.queued_bits = 0.0;
        }
    }

    fn depart(&mut self, now: Micros, item: T) {
        if self.loss.loses(&mut self.random) {
            return;
        }
        let jitter = self.random.up_to(self.config.jitter);
        let mut at = now.plus(self.config.delay).plus(jitter);
        if self.random.chance(self.config.reorder) {
            at = Micros(at.0.saturating_sub(self.config.reorder_by)).max(now);
        } else {
            at = at.max(self.last_arrival);
            self.last_arrival = at;
        }
        if self.random.chance(self.config.duplicate) {
            self.push(at, item.clone());
        }
        self.push(at, item);
    }

    fn push(&mut self, at: Micros, item: T) {
        self.order += 1;
        self.travelling.push(Reverse(Travelling {
            at,
            order: self.order,
            item,
        }));
    }
}

/// Microseconds that bits take at a rate in bit/s, at least one.
fn duration(bits: f64, rate: u64) -> u64 {
    ((bits * SECOND as f64 / rate.max(1) as f64).ceil() as u64).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends packets of 1,250 bytes (10 kbit) at an interval; returns number and arrival in milliseconds.
    fn run(config: LinkConfig, count: u64, interval: u64) -> Vec<(u64, u64)> {
        let mut link = Link::new(config, 7);
        let mut arrivals = Vec::new();
        let mut receive = |link: &mut Link<u64>, until: Micros| {
            while link.next() <= until {
                let now = link.next();
                while let Some(number) = link.receive(now) {
                    arrivals.push((number, now.0 / MILLISECOND));
                }
            }
        };
        for number in 0..count {
            let now = Micros(number * interval);
            receive(&mut link, now);
            link.send(now, 1_250, number);
        }
        receive(&mut link, Micros(u64::MAX - 1));
        arrivals
    }

    fn rates(rates: &[(u64, u64)]) -> Vec<(Micros, u64)> {
        let rates = rates.iter();
        rates
            .map(|(ms, rate)| (Micros(ms * MILLISECOND), *rate))
            .collect()
    }

    #[test]
    fn packets_take_their_time_at_the_rate_and_on_the_way() {
        let config = LinkConfig {
            rates: rates(&[(0, 1_000_000)]),
            delay: 20 * MILLISECOND,
            ..LinkConfig::default()
        };
        assert_eq!(run(config, 3, 0), [(0, 30), (1, 40), (2, 50)]);
    }

    #[test]
    fn the_rate_changes_within_a_packet() {
        let config = LinkConfig {
            rates: rates(&[(0, 1_000_000), (5, 100_000)]),
            ..LinkConfig::default()
        };
        // 5 kbit in the first 5 ms, the other 5 kbit at a tenth of the rate.
        assert_eq!(run(config, 1, 0), [(0, 55)]);
    }

    #[test]
    fn a_full_queue_drops_at_its_tail() {
        let config = LinkConfig {
            rates: rates(&[(0, 1_000_000)]),
            queue: QueueLimit::Time(30 * MILLISECOND),
            ..LinkConfig::default()
        };
        assert_eq!(run(config.clone(), 10, 0).len(), 3);
        let config = LinkConfig {
            queue: QueueLimit::Bytes(5_000),
            ..config
        };
        assert_eq!(run(config, 10, 0).len(), 4);
    }

    #[test]
    fn jitter_keeps_the_order_and_reordering_does_not() {
        let jitter = LinkConfig {
            delay: 20 * MILLISECOND,
            jitter: 15 * MILLISECOND,
            ..LinkConfig::default()
        };
        assert!(run(jitter.clone(), 500, 1_000).is_sorted_by_key(|(number, _)| *number));
        let reordering = LinkConfig {
            reorder: 0.1,
            ..jitter
        };
        assert!(!run(reordering, 500, 1_000).is_sorted_by_key(|(number, _)| *number));
    }

    #[test]
    fn equal_seeds_give_equal_results() {
        let config = LinkConfig {
            rates: rates(&[(0, 1_000_000)]),
            jitter: 9 * MILLISECOND,
            loss: Loss::Random(0.1),
            reorder: 0.1,
            duplicate: 0.1,
            ..LinkConfig::default()
        };
        let first = run(config.clone(), 1_000, 11_000);
        assert_eq!(first, run(config, 1_000, 11_000));
        assert!(first.len() != 1_000);
    }
}
