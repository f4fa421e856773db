//! How long packets wait in queues on the way.

use crate::constants::queue_delay::WINDOW;
use crate::time::Micros;

/// The transit time of packets above the lowest of the last minutes. The clocks of both ends need not agree.
#[derive(Debug, Clone)]
pub(crate) struct QueueDelay {
    /// The lowest transit of this window and of the one before it, microseconds.
    lowest: [i64; 2],
    window: Micros,
    /// The lowest transit of the last feedback.
    current: i64,
}

impl Default for QueueDelay {
    fn default() -> Self {
        Self {
            lowest: [i64::MAX; 2],
            window: Micros(0),
            current: i64::MAX,
        }
    }
}

impl QueueDelay {
    /// Adds the transits (arrival less departure) of a feedback's packets.
    pub(crate) fn add(&mut self, now: Micros, transits: impl Iterator<Item = i64>) {
        let Some(current) = transits.min() else {
            return;
        };
        let [lowest, before] = &mut self.lowest;
        if now.since(self.window) > WINDOW {
            self.window = now;
            *before = *lowest;
            *lowest = i64::MAX;
        }
        *lowest = (*lowest).min(current);
        self.current = current;
    }

    /// Microseconds of the last feedback's packet that waited least.
    pub(crate) fn get(&self) -> u64 {
        let lowest = self.lowest.iter().copied().min().unwrap_or(self.current);
        u64::try_from(self.current.saturating_sub(lowest)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_is_relative_to_the_lowest_transit_of_the_last_minutes() {
        let mut delay = QueueDelay::default();
        delay.add(Micros(0), [-5_000, -3_000].into_iter());
        assert_eq!(delay.get(), 0);
        delay.add(Micros(1), [45_000, 40_000].into_iter());
        assert_eq!(delay.get(), 45_000);
        delay.add(Micros(WINDOW + 1), [40_000].into_iter());
        assert_eq!(delay.get(), 45_000);
        delay.add(Micros(2 * WINDOW + 2), [40_000].into_iter());
        assert_eq!(delay.get(), 0, "the way has become longer");
    }
}
