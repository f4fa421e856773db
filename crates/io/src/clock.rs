//! The clocks of the workers. The core itself reads no clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hubbub_core::api::Micros;
use rustix::time::{ClockId, Timespec, clock_gettime};

/// `CLOCK_MONOTONIC`, counted from the start of this clock. All workers of a process share one, so that times of one worker
/// mean the same to another.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: u64,
    wall_us: u64,
}

impl Clock {
    /// Starts a clock at zero.
    #[must_use]
    pub fn start() -> Self {
        Self {
            origin: micros(clock_gettime(ClockId::Monotonic)),
            wall_us: wall_clock_us(),
        }
    }

    /// When it started: microseconds since the Unix epoch.
    pub(crate) const fn started_us(self) -> u64 {
        self.wall_us
    }

    pub(crate) fn now(self) -> Micros {
        Micros(micros(clock_gettime(ClockId::Monotonic)).saturating_sub(self.origin))
    }

    /// Reads both clocks.
    pub(crate) fn read(self) -> ClockReading {
        ClockReading {
            now: self.now(),
            wall: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default(),
        }
    }
}

/// Arrivals longer ago than this are not believed: the wall clock has been set.
const MAX_WAIT_US: u64 = 1_000_000;

/// The monotonic clock and the wall clock at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClockReading {
    now: Micros,
    wall: Duration,
}

impl ClockReading {
    /// The time at which a datagram arrived, by the kernel's wall-clock time stamp; the time of this reading without one.
    pub(crate) fn arrival(&self, stamp: Option<Duration>) -> Micros {
        let waited = stamp
            .and_then(|stamp| self.wall.checked_sub(stamp))
            .map_or(0, |waited| waited.as_micros() as u64);
        if waited > MAX_WAIT_US {
            return self.now;
        }
        Micros(self.now.0.saturating_sub(waited))
    }
}

/// Microseconds since the Unix epoch; zero if the system clock is before it.
fn wall_clock_us() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_micros() as u64)
}

/// CPU time of the calling thread, microseconds.
pub(crate) fn thread_cpu_us() -> u64 {
    micros(clock_gettime(ClockId::ThreadCPUTime))
}

/// Converts to microseconds. Both parts are non-negative for the clocks read here.
fn micros(time: Timespec) -> u64 {
    time.tv_sec as u64 * 1_000_000 + time.tv_nsec as u64 / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_starts_at_zero_and_is_monotonic() {
        let clock = Clock::start();
        let first = clock.now();
        assert!(first.0 < 1_000_000);
        assert!(clock.now() >= first);
    }

    #[test]
    fn arrivals_are_counted_back_from_the_reading() {
        let reading = ClockReading {
            now: Micros(5_000_000),
            wall: Duration::from_secs(1_000),
        };
        let ago = |micros| reading.arrival(Some(reading.wall - Duration::from_micros(micros)));
        assert_eq!(ago(1_234), Micros(4_998_766));
        assert_eq!(ago(1_000_001), reading.now);
        let later = reading.wall + Duration::from_secs(9);
        assert_eq!(reading.arrival(Some(later)), reading.now);
        assert_eq!(reading.arrival(None), reading.now);
    }

    #[test]
    fn cpu_time_advances_while_the_thread_is_busy() {
        let before = thread_cpu_us();
        while thread_cpu_us() == before {
            std::hint::spin_loop();
        }
        assert!(thread_cpu_us() > before);
    }
}
