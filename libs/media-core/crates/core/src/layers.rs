//! Which simulcast layer of a producer is the best that is alive.
//!
//! | a layer becomes | when                                                                              |
//! |-----------------|-----------------------------------------------------------------------------------|
//! | live            | its packets come, and have done so for a second if it was dead before             |
//! | dead            | none came for a second, or for 400 ms while another layer's came in the last 100 ms |
//!
//! The best is the highest live one; when none is live it stays what it was: there is nothing better to wait for.

use crate::api::Micros;

const SILENCE_US: u64 = 1_000_000;
const SILENCE_BESIDE_OTHERS_US: u64 = 400_000;
const RECENT_US: u64 = 100_000;
const PROBATION_US: u64 = 1_000_000;

#[derive(Debug, Clone, Copy, Default)]
struct Layer {
    last: Option<Micros>,
    /// Alive again since this moment, but not trusted yet.
    probation: Option<Micros>,
    live: bool,
    was_dead: bool,
}

/// Life of each encoding, and the best of them.
#[derive(Debug)]
pub(crate) struct Layers {
    layers: Vec<Layer>,
    best: usize,
}

impl Layers {
    /// For so many encodings, lowest first.
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

    /// A packet of this layer came.
    pub(crate) fn received(&mut self, index: usize, now: Micros) {
        let Some(layer) = self.layers.get_mut(index) else {
            return;
        };
        layer.last = Some(now);
        if layer.live {
            return;
        }
        let since = *layer.probation.get_or_insert(now);
        if !layer.was_dead || now.since(since) >= PROBATION_US {
            layer.live = true;
            layer.probation = None;
            self.choose();
        }
    }

    /// Looks for layers that have fallen silent.
    pub(crate) fn tick(&mut self, now: Micros) {
        let newest = self.layers.iter().filter_map(|layer| layer.last).max();
        let others_flow = newest.is_some_and(|newest| now.since(newest) <= RECENT_US);
        let limit = if others_flow {
            SILENCE_BESIDE_OTHERS_US
        } else {
            SILENCE_US
        };
        let mut died = false;
        for layer in &mut self.layers {
            if layer.last.is_some_and(|last| now.since(last) > limit) {
                died |= layer.live;
                layer.was_dead |= layer.live;
                layer.live = false;
                layer.probation = None;
            }
        }
        if died {
            self.choose();
        }
    }

    fn choose(&mut self) {
        if let Some(best) = self.layers.iter().rposition(|layer| layer.live) {
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

    /// Packets of `indices` each 20 ms from `from` to `to` milliseconds.
    fn run(layers: &mut Layers, indices: &[usize], from: u64, to: u64) {
        for at in (from..to).step_by(20) {
            for &index in indices {
                layers.received(index, ms(at));
            }
            layers.tick(ms(at));
        }
    }

    #[test]
    fn the_highest_layer_that_flows_is_best_at_once() {
        let mut layers = Layers::new(3);
        run(&mut layers, &[0], 0, 100);
        assert_eq!(layers.best(), 0);
        run(&mut layers, &[0, 1, 2], 100, 140);
        assert_eq!(layers.best(), 2);
    }

    #[test]
    fn a_layer_that_stops_beside_others_is_left_soon_and_trusted_late() {
        let mut layers = Layers::new(2);
        run(&mut layers, &[0, 1], 0, 1000);
        run(&mut layers, &[0], 1000, 1380);
        assert_eq!(layers.best(), 1);
        run(&mut layers, &[0], 1380, 1500);
        assert_eq!(layers.best(), 0);
        run(&mut layers, &[0, 1], 1500, 2400);
        assert_eq!(layers.best(), 0);
        run(&mut layers, &[0, 1], 2400, 2600);
        assert_eq!(layers.best(), 1);
    }

    #[test]
    fn silence_of_all_changes_nothing() {
        let mut layers = Layers::new(2);
        run(&mut layers, &[0, 1], 0, 100);
        layers.tick(ms(60_000));
        assert_eq!(layers.best(), 1);
    }
}
