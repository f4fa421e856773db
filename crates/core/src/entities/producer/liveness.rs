//! Liveness of a producer's simulcast layers.
//!
//! | a layer becomes | when                                                                               |
//! |-----------------|------------------------------------------------------------------------------------|
//! | live            | packets arrive; after it was dead, only once they have arrived for a second        |
//! | dead            | no packet arrived for 400 ms while another layer flows: for at least 200 ms so far |
//!
//! The best layer is the highest live one. When all layers are silent, none becomes dead: there is nothing to switch to.

use crate::api::Micros;

const SILENCE_US: u64 = 400_000;
const FLOWING_SINCE_US: u64 = 200_000;
const FLOWING_UNTIL_US: u64 = 100_000;
const PROBATION_US: u64 = 1_000_000;

/// The first and last packet of a period without silence.
#[derive(Debug, Clone, Copy)]
struct Activity {
    first: Micros,
    last: Micros,
}

#[derive(Debug, Clone, Copy, Default)]
struct Layer {
    activity: Option<Activity>,
    is_live: bool,
    was_dead: bool,
}

impl Layer {
    fn is_silent(&self, now: Micros) -> bool {
        self.activity
            .is_some_and(|activity| now.since(activity.last) > SILENCE_US)
    }

    fn is_flowing(&self, now: Micros) -> bool {
        self.activity.is_some_and(|activity| {
            now.since(activity.last) <= FLOWING_UNTIL_US
                && now.since(activity.first) >= FLOWING_SINCE_US
        })
    }
}

/// The layers of a producer, and the best of them.
#[derive(Debug)]
pub(crate) struct Layers {
    layers: Vec<Layer>,
    best: usize,
}

impl Layers {
    /// For this number of encodings, lowest first.
    pub(crate) fn new(count: usize) -> Self {
        Self {
            layers: vec![Layer::default(); count],
            best: 0,
        }
    }

    /// The index of the best layer.
    pub(crate) fn best(&self) -> usize {
        self.best
    }

    /// Records a packet of a layer.
    pub(crate) fn received(&mut self, index: usize, now: Micros) {
        let Some(layer) = self.layers.get_mut(index) else {
            return;
        };
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
        if !layer.is_live && (!layer.was_dead || now.since(activity.first) >= PROBATION_US) {
            layer.is_live = true;
            self.select_best();
        }
    }

    /// Marks silent layers as dead.
    pub(crate) fn tick(&mut self, now: Micros) {
        if !self.layers.iter().any(|layer| layer.is_flowing(now)) {
            return;
        }
        let mut died = false;
        for layer in self
            .layers
            .iter_mut()
            .filter(|layer| layer.is_live && layer.is_silent(now))
        {
            layer.is_live = false;
            layer.was_dead = true;
            died = true;
        }
        if died {
            self.select_best();
        }
    }

    fn select_best(&mut self) {
        if let Some(best) = self.layers.iter().rposition(|layer| layer.is_live) {
            self.best = best;
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
