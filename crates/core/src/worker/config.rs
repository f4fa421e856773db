//! The configuration of a worker.

use hubbub_congestion::Limits;

/// Limits and timeouts of a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerConfig {
    /// Unix time at `Micros(0)`, microseconds. Sender reports derive NTP time from it when a client sends none.
    pub wall_clock_us: u64,
    /// Seed of first sequence numbers and of the SSRCs of our receiver reports. No secret depends on it.
    pub seed: u64,
    /// Time from `ConnectTransport` to `SetSrtpKeys`, microseconds.
    pub handshake_timeout_us: u64,
    /// Time without a STUN request after which a connected transport is closed, microseconds (RFC 7675: 30 s).
    pub consent_timeout_us: u64,
    /// Limits of the bitrate to each client whose feedback allows an estimate, bit/s.
    pub outgoing_bitrate: Limits,
    /// Limits of the estimate of a link to another node, bit/s.
    pub link_bitrate: Limits,
    /// Upper limit sent to every client by REMB, bit/s.
    pub max_incoming_bitrate: Option<u64>,
    /// Bitrate above which the media of one transport is dropped, bit/s; a second's worth may arrive at once. Must be
    /// far above what clients send: the bitrate of an honest client is limited by its bandwidth estimation.
    pub max_ingress_bitrate: u64,
    /// Microphones of a router that are forwarded at the same time, the loudest ones; 0 for all.
    pub last_n_audio: usize,
    /// Maximum number of transports.
    pub max_transports: usize,
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self {
            wall_clock_us: 0,
            seed: 0,
            handshake_timeout_us: 15_000_000,
            consent_timeout_us: 30_000_000,
            outgoing_bitrate: Limits {
                min: 30_000,
                initial: 600_000,
                max: 100_000_000,
            },
            link_bitrate: Limits {
                min: 300_000,
                initial: 10_000_000,
                max: 10_000_000_000,
            },
            max_incoming_bitrate: None,
            max_ingress_bitrate: 50_000_000,
            last_n_audio: 0,
            max_transports: 10_000,
        }
    }
}
