//! What a worker is made with, and what it counts.

use serde::Serialize;

use crate::quality::MediaCounters;

/// Bounds and times of a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerConfig {
    /// Unix time, microseconds, at `Micros(0)`: the NTP time of sender reports.
    pub wall_clock_us: u64,
    /// Seeds first sequence numbers and the SSRC of our receiver reports. Nothing secret hangs on it.
    pub seed: u64,
    /// From `ConnectTransport` until the SRTP keys are there, microseconds.
    pub handshake_timeout_us: u64,
    /// Silence of the client's STUN after which a connected transport is closed, microseconds (RFC 7675: 30 s).
    pub consent_timeout_us: u64,
    /// Told to every client by REMB, bit/s.
    pub max_incoming_bitrate: Option<u64>,
    /// Transports that may exist at a time.
    pub max_transports: usize,
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self {
            wall_clock_us: 0,
            seed: 0,
            handshake_timeout_us: 15_000_000,
            consent_timeout_us: 30_000_000,
            max_incoming_bitrate: None,
            max_transports: 10_000,
        }
    }
}

/// What a worker has done since it was made, and what it holds now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct WorkerCounters {
    /// Datagrams taken in, whatever they were.
    pub packets_received: u64,
    /// Their bytes.
    pub bytes_received: u64,
    /// Datagrams put into the outbox.
    pub packets_sent: u64,
    /// Their bytes.
    pub bytes_sent: u64,
    /// Dropped: neither STUN, DTLS, RTP nor RTCP, or malformed.
    pub dropped_malformed: u64,
    /// Dropped: DTLS, RTP or RTCP over a pair that never authenticated.
    pub dropped_unknown_address: u64,
    /// Dropped: STUN of an unknown ufrag, or without good integrity and fingerprint.
    pub dropped_stun: u64,
    /// Dropped: more DTLS than a transport may send up, or have waiting.
    pub dropped_dtls: u64,
    /// Dropped: SRTP or SRTCP that failed authentication, was replayed, or came before the keys.
    pub dropped_srtp: u64,
    /// Dropped: RTP of an SSRC that belongs to no producer.
    pub dropped_unknown_ssrc: u64,
    /// Dropped: the outbox was full.
    pub dropped_outbox_full: u64,
    /// Panics contained.
    pub faults: u64,
    /// Routers now.
    pub routers: u64,
    /// Transports now.
    pub transports: u64,
    /// Producers now.
    pub producers: u64,
    /// Consumers now.
    pub consumers: u64,
    /// Of the media itself.
    pub media: MediaCounters,
}
