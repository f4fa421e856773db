//! The clocks of a worker thread. The core itself reads no clock.

use std::time::{SystemTime, UNIX_EPOCH};

use hubbub_core::api::Micros;
use rustix::time::{ClockId, Timespec, clock_gettime};

/// `CLOCK_MONOTONIC`, counted from the start of this clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    origin: u64,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            origin: micros(clock_gettime(ClockId::Monotonic)),
        }
    }

    pub(crate) fn now(self) -> Micros {
        Micros(micros(clock_gettime(ClockId::Monotonic)).saturating_sub(self.origin))
    }
}

/// Microseconds since the Unix epoch; zero if the system clock is before it.
pub(crate) fn wall_clock_us() -> u64 {
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
    fn cpu_time_advances_while_the_thread_is_busy() {
        let before = thread_cpu_us();
        while thread_cpu_us() == before {
            std::hint::spin_loop();
        }
        assert!(thread_cpu_us() > before);
    }
}
