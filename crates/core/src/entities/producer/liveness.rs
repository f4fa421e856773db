//! Liveness of a producer's simulcast layers.
//!
//! | a layer becomes | when                                                                               |
//! |-----------------|------------------------------------------------------------------------------------|
//! | live            | packets arrive; after it was dead, only once they have arrived for a second        |
//! | dead            | no packet arrived for 400 ms while another layer flows: for at least 200 ms so far |
//! | off             | the client is asked not to send it; packets that arrive all the same do not count  |
//! | starting        | the client is asked to send it again; dead if none arrives for two seconds         |
//!
//! After a key frame that was not one of many, no packet may arrive for 1.5 s: encoders drop frames until its bits are saved. To
//! leave the layer would take another key frame, and VP8's encoder makes one of all layers then.
//!
//! A consumer that is to receive layers up to a limit gets the highest live one within it, else the lowest above it. When
//! all layers are silent, none becomes dead: there is nothing to switch to.

use crate::api::Micros;

const SILENCE_US: u64 = 400_000;
const SILENCE_AFTER_KEY_FRAME_US: u64 = 1_500_000;
/// An encoder starts to save the bits of a key frame within this time.
const KEY_FRAME_US: u64 = 500_000;
/// Encoders that make key frames more often have bits for them.
const RARE_US: u64 = 2_000_000;
const FLOWING_SINCE_US: u64 = 200_000;
const FLOWING_UNTIL_US: u64 = 100_000;
const PROBATION_US: u64 = 1_000_000;
const START_US: u64 = 2_000_000;

/// The first and last packet of a period without silence.
#[derive(Debug, Clone, Copy)]
struct Activity {
    first: Micros,
    last: Micros,
}

#[derive(Debug, Clone, Copy, Default)]
struct Layer {
    activity: Option<Activity>,
    key_frame: Option<Micros>,
    /// The last key frame if none was shortly before it.
    rare_key_frame: Option<Micros>,
    is_live: bool,
    was_dead: bool,
    is_off: bool,
    /// While it starts: when it must have.
    starts_by: Option<Micros>,
}

impl Layer {
    fn is_silent(&self, now: Micros) -> bool {
        self.activity.is_some_and(|activity| {
            let silence = now.since(activity.last);
            silence > SILENCE_US
                && (silence > SILENCE_AFTER_KEY_FRAME_US || !self.saves_bits(activity.last))
        })
    }

    /// Whether the last packet, which arrived then, follows a key frame.
    fn saves_bits(&self, last: Micros) -> bool {
        self.rare_key_frame
            .is_some_and(|key_frame| last.since(key_frame) <= KEY_FRAME_US)
    }

    fn is_flowing(&self, now: Micros) -> bool {
        self.activity.is_some_and(|activity| {
            now.since(activity.last) <= FLOWING_UNTIL_US
                && now.since(activity.first) >= FLOWING_SINCE_US
        })
    }
}

/// The layers of a producer.
#[derive(Debug)]
pub(crate) struct Layers {
    layers: Vec<Layer>,
    /// A bit for each layer that is live; kept when all of them die.
    live: u8,
    /// A bit for each layer that has died and not returned.
    stopped: u8,
    /// A bit for each layer of which packets have arrived or that the client was asked for.
    known: u8,
}

impl Layers {
    /// For this number of encodings, lowest first.
    pub(crate) fn new(count: usize) -> Self {
        Self {
            layers: vec![Layer::default(); count],
            live: 1,
            stopped: 0,
            known: 0,
        }
    }

    /// As [`Self::new`]; nobody has asked for any of them.
    pub(crate) fn all_off(count: usize) -> Self {
        let mut layers = Self::new(count);
        for layer in &mut layers.layers {
            layer.is_off = true;
        }
        layers
    }

    /// The layer for a consumer that is to receive layers up to `limit`.
    pub(crate) const fn target(&self, limit: u8) -> usize {
        let within = self.live & u8::MAX >> 7u8.saturating_sub(limit);
        let target = if within == 0 {
            self.live.trailing_zeros()
        } else {
            within.ilog2()
        };
        target as usize
    }

    /// Whether packets of this layer arrive.
    pub(crate) fn is_live(&self, index: usize) -> bool {
        self.layers.get(index).is_some_and(|layer| layer.is_live)
    }

    /// Whether packets of this layer arrive, or will when the client is asked for them.
    pub(crate) fn is_available(&self, index: usize) -> bool {
        self.layers
            .get(index)
            .is_some_and(|layer| layer.is_live || layer.is_off || layer.starts_by.is_some())
    }

    /// Whether packets of this layer have arrived, and none for a while. It may be dead, or all layers stand still.
    pub(crate) fn is_silent(&self, index: usize, now: Micros) -> bool {
        self.layers
            .get(index)
            .is_some_and(|layer| layer.is_live && layer.is_silent(now))
    }

    /// Notes that the client is asked to send a layer, or not to send it. One that it sends all the same is live at once.
    pub(crate) fn switch(&mut self, index: usize, is_on: bool, now: Micros) {
        if let Some(layer) = self.layers.get_mut(index) {
            self.known |= 1 << index;
            layer.is_off = !is_on;
            layer.is_live = is_on && layer.is_flowing(now);
            layer.was_dead = false;
            layer.starts_by = is_on.then(|| now.plus(START_US));
            self.update_live();
        }
    }

    /// The highest live layer if one above it has stopped, else no limit: a layer above may be about to start.
    pub(crate) const fn limit(&self) -> u8 {
        if self.stopped > self.live {
            self.best() as u8
        } else {
            u8::MAX
        }
    }

    /// The highest live layer.
    pub(crate) const fn best(&self) -> usize {
        self.target(u8::MAX)
    }

    /// Records a packet of a layer.
    pub(crate) fn received(&mut self, index: usize, now: Micros) {
        let Some(layer) = self.layers.get_mut(index) else {
            return;
        };
        self.known |= 1 << index;
        let activity = match layer.activity {
            Some(activity) if !layer.is_silent(now) => Activity {
                last: now,
                ..activity
            },
            _ => Activity {
                first: now,
                last: now,
            },
        };
        layer.activity = Some(activity);
        let is_proven = !layer.was_dead || now.since(activity.first) >= PROBATION_US;
        if !layer.is_live && !layer.is_off && is_proven {
            layer.is_live = true;
            self.update_live();
        }
    }

    /// Notes that a key frame of a layer has started.
    pub(crate) fn key_frame_started(&mut self, index: usize, now: Micros) {
        if let Some(layer) = self.layers.get_mut(index) {
            let last = layer.key_frame.replace(now);
            let is_rare = last.is_none_or(|last| now.since(last) >= RARE_US);
            layer.rare_key_frame = is_rare.then_some(now);
        }
    }

    /// Marks silent layers as dead. One that starts gets more time: what arrived may be the rest of its former packets.
    pub(crate) fn tick(&mut self, now: Micros) {
        // No other layer could flow while one is silent. Most streams have one layer, so this spares them the memory access.
        if self.known.count_ones() < 2 {
            return;
        }
        if !self.layers.iter().any(|layer| layer.is_flowing(now)) {
            return;
        }
        let mut died = false;
        for layer in &mut self.layers {
            let was_starting = layer.starts_by.take_if(|by| *by <= now).is_some();
            if layer.is_live && layer.is_silent(now) {
                layer.is_live = false;
                layer.was_dead = layer.starts_by.is_none();
                died = true;
            } else if was_starting && !layer.is_live {
                layer.was_dead = true;
                died = true;
            }
        }
        if died {
            self.update_live();
        }
    }

    fn update_live(&mut self) {
        let (mut live, mut stopped) = (0, 0);
        for (index, layer) in (0..8u8).zip(&self.layers) {
            live |= u8::from(layer.is_live) << index;
            stopped |= u8::from(!layer.is_live && layer.was_dead) << index;
        }
        if live != 0 {
            (self.live, self.stopped) = (live, stopped);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(n: u64) -> Micros {
        Micros(n * 1000)
    }

    /// Feeds a packet of each layer in `indices` every 20 ms, from `from` to `to` milliseconds.
    fn feed(layers: &mut Layers, indices: &[usize], from: u64, to: u64) {
        for at in (from..to).step_by(20) {
            for &index in indices {
                layers.received(index, ms(at));
            }
            layers.tick(ms(at));
        }
    }

    #[test]
    fn the_highest_layer_is_best_from_its_first_packet() {
        let mut layers = Layers::new(3);
        feed(&mut layers, &[0], 0, 100);
        assert_eq!(layers.best(), 0);
        feed(&mut layers, &[0, 1, 2], 100, 140);
        assert_eq!(layers.best(), 2);
    }

    #[test]
    fn a_layer_that_stops_alone_dies_and_returns_after_probation() {
        let mut layers = Layers::new(2);
        feed(&mut layers, &[0, 1], 0, 1000);
        feed(&mut layers, &[0], 1000, 1380);
        assert_eq!(layers.best(), 1);
        feed(&mut layers, &[0], 1380, 1500);
        assert_eq!(layers.best(), 0);
        feed(&mut layers, &[0, 1], 1500, 2400);
        assert_eq!(layers.best(), 0);
        feed(&mut layers, &[0, 1], 2400, 2600);
        assert_eq!(layers.best(), 1);
    }

    #[test]
    fn a_layer_may_be_silent_for_longer_after_its_key_frame() {
        let mut layers = Layers::new(2);
        feed(&mut layers, &[0, 1], 0, 1000);
        layers.key_frame_started(1, ms(1000));
        feed(&mut layers, &[0, 1], 1000, 1220);
        feed(&mut layers, &[0], 1220, 2680);
        assert_eq!(layers.best(), 1);
        feed(&mut layers, &[0], 2680, 2740);
        assert_eq!(layers.best(), 0);
    }

    #[test]
    fn a_key_frame_excuses_no_later_silence() {
        let mut layers = Layers::new(2);
        layers.key_frame_started(1, ms(0));
        feed(&mut layers, &[0, 1], 0, 1000);
        feed(&mut layers, &[0], 1000, 1500);
        assert_eq!(layers.best(), 0);
    }

    #[test]
    fn regular_key_frames_excuse_no_silence() {
        let mut layers = Layers::new(2);
        layers.key_frame_started(1, ms(0));
        layers.key_frame_started(1, ms(900));
        feed(&mut layers, &[0, 1], 0, 1000);
        feed(&mut layers, &[0], 1000, 1500);
        assert_eq!(layers.best(), 0);
    }

    #[test]
    fn a_limited_consumer_gets_the_highest_live_layer_within_its_limit() {
        let mut layers = Layers::new(3);
        feed(&mut layers, &[0, 1, 2], 0, 1000);
        assert_eq!([0, 1, 2, 7].map(|limit| layers.target(limit)), [0, 1, 2, 2]);
        feed(&mut layers, &[0, 2], 1000, 1500);
        assert_eq!([0, 1, 2].map(|limit| layers.target(limit)), [0, 0, 2]);
        feed(&mut layers, &[2], 1500, 2000);
        assert_eq!([0, 1, 2].map(|limit| layers.target(limit)), [2, 2, 2]);
    }

    #[test]
    fn a_layer_that_stops_is_a_limit_until_it_returns() {
        let mut layers = Layers::new(3);
        feed(&mut layers, &[0], 0, 1000);
        assert_eq!(layers.limit(), u8::MAX);
        feed(&mut layers, &[0, 1, 2], 1000, 2000);
        assert_eq!(layers.limit(), u8::MAX);
        feed(&mut layers, &[0, 1], 2000, 2500);
        assert_eq!(layers.limit(), 1);
        feed(&mut layers, &[0, 1, 2], 2500, 3700);
        assert_eq!(layers.limit(), u8::MAX);
        feed(&mut layers, &[0, 2], 3700, 4500);
        assert_eq!(layers.limit(), u8::MAX);
    }

    #[test]
    fn a_layer_that_is_off_is_not_live_but_available() {
        let mut layers = Layers::new(3);
        feed(&mut layers, &[0, 1, 2], 0, 1000);
        layers.switch(2, false, ms(1000));
        assert_eq!(layers.best(), 1);
        // The client goes on for a moment.
        feed(&mut layers, &[0, 1, 2], 1000, 1200);
        feed(&mut layers, &[0, 1], 1200, 5000);
        assert_eq!(layers.best(), 1);
        assert!(layers.is_available(2));
    }

    #[test]
    fn a_layer_that_is_on_again_is_live_with_its_first_packet() {
        let mut layers = Layers::new(2);
        feed(&mut layers, &[0, 1], 0, 1000);
        layers.switch(1, false, ms(1000));
        feed(&mut layers, &[0], 1000, 5000);
        layers.switch(1, true, ms(5000));
        feed(&mut layers, &[0], 5000, 6500);
        assert_eq!((layers.best(), layers.is_available(1)), (0, true));
        feed(&mut layers, &[0, 1], 6500, 6520);
        assert_eq!(layers.best(), 1);
    }

    #[test]
    fn late_packets_do_not_count_as_the_start() {
        let mut layers = Layers::new(2);
        feed(&mut layers, &[0, 1], 0, 1000);
        layers.switch(1, false, ms(1000));
        layers.switch(1, true, ms(1040));
        feed(&mut layers, &[0, 1], 1040, 1100);
        feed(&mut layers, &[0], 1100, 2000);
        assert_eq!((layers.best(), layers.is_available(1)), (0, true));
        feed(&mut layers, &[0, 1], 2000, 2020);
        assert_eq!(layers.best(), 1);
    }

    #[test]
    fn a_layer_that_does_not_start_is_dead() {
        let mut layers = Layers::new(2);
        feed(&mut layers, &[0, 1], 0, 1000);
        layers.switch(1, false, ms(1000));
        feed(&mut layers, &[0], 1000, 5000);
        layers.switch(1, true, ms(5000));
        feed(&mut layers, &[0], 5000, 7100);
        assert!(!layers.is_available(1));
        feed(&mut layers, &[0, 1], 7100, 8000);
        assert_eq!(layers.best(), 0);
        feed(&mut layers, &[0, 1], 8000, 8200);
        assert_eq!(layers.best(), 1);
    }

    #[test]
    fn a_layer_of_which_nothing_ever_arrives_is_dead_after_two_seconds() {
        let mut layers = Layers::new(2);
        feed(&mut layers, &[0], 0, 1000);
        layers.switch(1, true, ms(1000));
        feed(&mut layers, &[0], 1000, 2980);
        assert!(layers.is_available(1));
        feed(&mut layers, &[0], 2980, 3100);
        assert!(!layers.is_available(1));
    }

    #[test]
    fn a_client_that_sends_all_the_same_is_live_at_once_when_asked() {
        let mut layers = Layers::new(2);
        feed(&mut layers, &[0, 1], 0, 1000);
        layers.switch(1, false, ms(1000));
        feed(&mut layers, &[0, 1], 1000, 5000);
        assert_eq!(layers.best(), 0);
        layers.switch(1, true, ms(5000));
        assert_eq!(layers.best(), 1);
    }

    #[test]
    fn no_layer_dies_when_all_are_silent() {
        let mut layers = Layers::new(2);
        feed(&mut layers, &[0, 1], 0, 100);
        layers.tick(ms(60_000));
        assert_eq!(layers.best(), 1);
        // The lower layer returns one frame earlier.
        feed(&mut layers, &[0], 60_000, 60_020);
        feed(&mut layers, &[0, 1], 60_020, 61_000);
        assert_eq!(layers.best(), 1);
    }
}
