//! The encodings that a producer's client is asked to send: nothing is encoded that is higher than what somebody receives.
//!
//! | an encoding is switched | when                                                                                      |
//! |-------------------------|-------------------------------------------------------------------------------------------|
//! | off                     | nobody has wanted it or a higher one for two seconds, and the last change is as long ago  |
//! | on                      | somebody wants it or a higher one, at once                                                |
//!
//! An encoding below one that is received costs little, and a receiver whose link gets slower needs it at once. A browser that
//! has to start it anew sends little of all encodings for two seconds.
//!
//! Each change restarts the client's encoder, so there is one in two seconds on average: one that comes earlier postpones
//! the next time that an encoding is switched off.
//!
//! A change of what a pipe carries restarts nothing, and each encoding costs bandwidth of the link: there, an encoding is on
//! for itself only, and none is at first. Once somebody may receive it, it is on until it has arrived for two seconds: only then
//! it is known what bandwidth it needs.

use super::origin::Origin;
use crate::api::Micros;

/// How long nobody wants an encoding before it is switched off, and the average time between two changes.
const INTERVAL_US: u64 = 2_000_000;
/// Encodings of a producer at most.
pub(super) const MAX_ENCODINGS: usize = 8;

/// A set of encodings: bit `n` is encoding `n`.
pub(crate) type EncodingSet = u8;

/// The encodings that are switched on.
#[derive(Debug)]
pub(crate) struct WantedEncodings {
    origin: Origin,
    on: EncodingSet,
    /// By encoding: when it was wanted last, or the first update.
    last_wanted: [Option<Micros>; MAX_ENCODINGS],
    /// By encoding: since when it has been tried and arrived.
    tried_since: [Option<Micros>; MAX_ENCODINGS],
    /// No encoding is switched off before.
    next_off: Micros,
}

impl WantedEncodings {
    /// All encodings of a client's producer with this many, up to 8, are on; none of a pipe's.
    pub(crate) const fn new(count: usize, origin: Origin) -> Self {
        Self {
            origin,
            on: match origin {
                Origin::Client => EncodingSet::MAX >> MAX_ENCODINGS.saturating_sub(count),
                Origin::Pipe => 0,
            },
            last_wanted: [None; MAX_ENCODINGS],
            tried_since: [None; MAX_ENCODINGS],
            next_off: Micros(0),
        }
    }

    /// Whether the client is asked to send this encoding.
    pub(crate) const fn is_on(&self, encoding: usize) -> bool {
        self.on >> encoding & 1 == 1
    }

    /// Those of `encodings`, which somebody may receive, that are on trial. `seen` have arrived at least once. There is none of
    /// a client's producer, which starts with all of them.
    pub(crate) fn on_trial(
        &mut self,
        now: Micros,
        encodings: EncodingSet,
        seen: EncodingSet,
    ) -> EncodingSet {
        if self.origin == Origin::Client {
            return 0;
        }
        let mut on_trial = encodings;
        for (encoding, since) in self.tried_since.iter_mut().enumerate() {
            if (encodings & seen) >> encoding & 1 == 1
                && now.since(*since.get_or_insert(now)) >= INTERVAL_US
            {
                on_trial &= !(1 << encoding);
            }
        }
        on_trial
    }

    /// Adopts what is wanted now. Returns the encodings that are switched by that.
    pub(crate) fn update(&mut self, now: Micros, wanted: EncodingSet) -> EncodingSet {
        let wanted = match self.origin {
            Origin::Client => with_lower(wanted),
            Origin::Pipe => wanted,
        };
        let mut lately_wanted = wanted;
        for (encoding, last) in self.last_wanted.iter_mut().enumerate() {
            if wanted >> encoding & 1 == 1 {
                *last = Some(now);
            } else if now.since(*last.get_or_insert(now)) < INTERVAL_US {
                lately_wanted |= 1 << encoding;
            }
        }
        let off = if now >= self.next_off {
            self.on & !lately_wanted
        } else {
            0
        };
        let before = self.on;
        self.on = (before | wanted) & !off;
        let switched = before ^ self.on;
        if switched != 0 && self.origin == Origin::Client {
            self.next_off = self.next_off.max(now).plus(INTERVAL_US);
        }
        switched
    }
}

/// The set, and all encodings below its highest.
const fn with_lower(encodings: EncodingSet) -> EncodingSet {
    match EncodingSet::MAX.checked_shr(encodings.leading_zeros()) {
        Some(all) => all,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(n: u64) -> Micros {
        Micros(n * 1000)
    }

    /// Updates every 100 ms with what `wanted` says. Returns the changes: milliseconds and the encodings that are on.
    fn run(
        state: &mut WantedEncodings,
        from: u64,
        to: u64,
        wanted: impl Fn(u64) -> EncodingSet,
    ) -> Vec<(u64, EncodingSet)> {
        let mut changes = Vec::new();
        for at in (from..to).step_by(100) {
            if state.update(ms(at), wanted(at)) != 0 {
                changes.push((at, state.on));
            }
        }
        changes
    }

    #[test]
    fn what_nobody_wants_is_off_after_two_seconds() {
        let mut state = WantedEncodings::new(3, Origin::Client);
        assert_eq!(run(&mut state, 5_000, 20_000, |_| 0b001), [(7_000, 0b001)]);
    }

    #[test]
    fn what_somebody_wants_stays_on() {
        let mut state = WantedEncodings::new(3, Origin::Client);
        // Encoding 2 is wanted for a moment every 1.9 s.
        let wanted = |at: u64| {
            if at.is_multiple_of(1_900) {
                0b101
            } else {
                0b001
            }
        };
        assert_eq!(run(&mut state, 0, 20_000, wanted), []);
    }

    #[test]
    fn what_is_below_stays_on() {
        assert_eq!(with_lower(0), 0);
        assert_eq!(with_lower(1), 1);
        assert_eq!(with_lower(0b1000_0000), 0b1111_1111);
        let mut state = WantedEncodings::new(3, Origin::Client);
        assert_eq!(run(&mut state, 0, 20_000, |_| 0b010), [(2_000, 0b011)]);
    }

    #[test]
    fn it_is_on_again_at_once() {
        let mut state = WantedEncodings::new(3, Origin::Client);
        run(&mut state, 0, 2_100, |_| 0b001);
        assert!(!state.is_on(2));
        assert_eq!(run(&mut state, 2_100, 2_200, |_| 0b101), [(2_100, 0b111)]);
        assert!(state.is_on(2));
    }

    #[test]
    fn there_is_one_change_in_two_seconds_on_average() {
        let mut state = WantedEncodings::new(2, Origin::Client);
        let mut changes = Vec::new();
        for at in (0..60_000).step_by(100) {
            // Somebody wants it as soon as it is off.
            let wanted = if state.is_on(1) { 0b01 } else { 0b11 };
            if state.update(ms(at), wanted) != 0 {
                changes.push(at);
            }
        }
        assert!((20..=31).contains(&changes.len()), "{changes:?}");
        let offs: Vec<_> = changes.iter().step_by(2).collect();
        assert!(offs.windows(2).all(|pair| pair[1] - pair[0] >= 4_000));
    }

    #[test]
    fn a_pipe_carries_what_is_wanted_and_nothing_below() {
        let mut state = WantedEncodings::new(3, Origin::Pipe);
        assert_eq!(run(&mut state, 0, 5_000, |_| 0), []);
        let wanted = |at| if at < 6_000 { 0b110 } else { 0b100 };
        assert_eq!(
            run(&mut state, 5_000, 10_000, wanted),
            [(5_000, 0b110), (7_900, 0b100)]
        );
        // The changes are not spaced.
        let wanted = |at: u64| if at < 10_200 { 0b001 } else { 0b101 };
        assert_eq!(run(&mut state, 10_000, 20_000, wanted), [(10_000, 0b101)]);
        assert_eq!(run(&mut state, 20_000, 30_000, |_| 0), [(21_900, 0)]);
    }

    #[test]
    fn each_encoding_of_a_pipe_is_tried_once_it_arrives() {
        let mut state = WantedEncodings::new(3, Origin::Pipe);
        let mut tried = |at, encodings, seen| state.on_trial(ms(at), encodings, seen);
        assert_eq!(tried(0, 0, 0b111), 0);
        assert_eq!(tried(5_000, 0b001, 0b001), 0b001);
        assert_eq!(tried(6_900, 0b111, 0b011), 0b111);
        assert_eq!(tried(7_000, 0b111, 0b011), 0b110);
        assert_eq!(tried(7_500, 0b011, 0b011), 0b010);
        assert_eq!(tried(8_900, 0b111, 0b011), 0b100);
        assert_eq!(tried(60_000, 0b111, 0b111), 0b100);
        assert_eq!(tried(62_000, 0b111, 0b111), 0);
        let mut state = WantedEncodings::new(3, Origin::Client);
        assert_eq!(state.on_trial(ms(0), 0b111, 0), 0);
    }

    #[test]
    fn encodings_that_end_together_are_one_change() {
        let mut state = WantedEncodings::new(8, Origin::Client);
        let wanted = |at| if at < 5_000 { 0b1111_1111 } else { 1 };
        assert_eq!(run(&mut state, 0, 20_000, wanted), [(6_900, 1)]);
    }
}
