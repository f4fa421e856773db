//! A rate limit for DTLS records from one client.

use crate::api::Micros;

/// Datagrams that may pass at once: the largest flights of a handshake, or a window of a data channel.
const BURST: u64 = 256;

/// Datagrams per second in the long run: some 10 Mbit/s of a data channel.
const RATE: u64 = 1_000;

const SECOND_US: u64 = 1_000_000;

/// A token bucket. A datagram costs the control plane, which all clients share, far more than it costs its sender.
#[derive(Debug, Clone)]
pub(crate) struct DtlsAllowance {
    /// Millionths of a datagram.
    left: u64,
    refilled: Micros,
}

impl DtlsAllowance {
    pub(crate) const fn new() -> Self {
        Self {
            left: BURST * SECOND_US,
            refilled: Micros(0),
        }
    }

    /// Whether one more datagram may pass at `now`. If so, counts it.
    pub(crate) fn take(&mut self, now: Micros) -> bool {
        let gained = now.since(self.refilled).saturating_mul(RATE);
        self.left = self.left.saturating_add(gained).min(BURST * SECOND_US);
        self.refilled = now;
        match self.left.checked_sub(SECOND_US) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(allowance: &mut DtlsAllowance, now: Micros) -> usize {
        (0..2_000).filter(|_| allowance.take(now)).count()
    }

    #[test]
    fn a_burst_passes_then_a_thousand_per_second() {
        let mut allowance = DtlsAllowance::new();
        assert_eq!(taken(&mut allowance, Micros(0)), 256);
        assert_eq!(taken(&mut allowance, Micros(100_000)), 100);
        assert_eq!(taken(&mut allowance, Micros(u64::MAX)), 256);
    }
}
