//! Which simulcast layer of a producer is the best that is alive.
//!
//! | a layer becomes | when                                                                                   |
//! |-----------------|----------------------------------------------------------------------------------------|
//! | live            | its packets come, and have done so for a second if it was dead before                  |
//! | dead            | none came for 400 ms while another layer flows: since 200 ms at least, and up to now   |
//!
//! The best is the highest live one. Silence of all kills none: there is nothing better to wait for.

use crate::api::Micros;

const SILENCE_US: u64 = 400_000;
const FLOWING_SINCE_US: u64 = 200_000;
const FLOWING_UNTIL_US: u64 = 100_000;
const PROBATION_US: u64 = 1_000_000;

/// A run of packets without a silence in it.
#[derive(Debug, Clone, Copy)]
struct Run {
    first: Micros,
    last: Micros,
}

#[derive(Debug, Clone, Copy, Default)]
struct Layer {
    run: Option<Run>,
    live: bool,
    was_dead: bool,
}

impl Layer {
    fn is_silent(&self, now: Micros) -> bool {
        self.run.is_some_and(|run| now.since(run.last) > SILENCE_US)
    }

    fn flows(&self, now: Micros) -> bool {
        let flows = |run: Run| {
            now.since(run.last) <= FLOWING_UNTIL_US && now.since(run.first) >= FLOWING_SINCE_US
        };
        self.run.is_some_and(flows)
    }
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
        let run = match layer.run {
            Some(run) if !layer.is_silent(now) => Run { last: now, ..run },
            _ => Run {
                first: now,
                last: now,
            },
        };
        layer.run = Some(run);
        if !layer.live && (!layer.was_dead || now.since(run.first) >= PROBATION_US) {
            layer.live = true;
            self.choose();
        }
    }

    /// Looks for layers that have fallen silent.
    pub(crate) fn tick(&mut self, now: Micros) {
        if !self.layers.iter().any(|layer| layer.flows(now)) {
            return;
        }
        let mut died = false;
        for layer in self
            .layers
            .iter_mut()
            .filter(|layer| layer.live && layer.is_silent(now))
        {
            layer.live = false;
            layer.was_dead = true;
            died = true;
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
        // The lower layer comes back first, by a frame.
        run(&mut layers, &[0], 60_000, 60_020);
        run(&mut layers, &[0, 1], 60_020, 61_000);
        assert_eq!(layers.best(), 1);
    }
}
