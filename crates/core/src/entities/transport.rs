//! A transport: the association with one client or server, and its producers and consumers.

use hubbub_srtp::SrtpProfile;
use hubbub_wire::rtp::{RtpPacket, TransportSequenceNumber};

use super::congestion_control::CongestionControl;
use super::departure::Departure;
use super::fast_map::{FastMap, FastSet};
use super::ice_agent::IceAgent;
use super::keys::{ConsumerKey, ProducerKey, RouterKey, remove_first};
use super::link::Link;
use super::protection::{Inbound, Outbound};
use super::token_bucket::TokenBucket;
use crate::api::{CommandError, Micros, TransportId, TransportStats};
use crate::receive::{ArrivalLog, RembEstimate};
use crate::send::SentReports;

/// SSRCs that may be used over the lifetime of a transport. All are remembered, because none may be used twice.
const MAX_OUTGOING_SSRCS: usize = 65_536;

/// The least that a packet counts against the limit of incoming media, bytes: handling it takes time regardless of its
/// length.
const SMALLEST_PACKET: u64 = 256;

/// Initial and maximum REMB estimate, bit/s, unless the configuration sets a limit.
const DEFAULT_MAX_BITRATE: u64 = 5_000_000;

/// Round-trip time assumed until one is measured, microseconds.
const DEFAULT_RTT_US: u64 = 100_000;

/// The stream that an incoming SSRC belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IncomingStream {
    pub(crate) producer: ProducerKey,
    /// Index of the encoding.
    pub(crate) encoding: usize,
    /// The SSRC is that of the encoding's RTX stream.
    pub(crate) is_rtx: bool,
}

/// The state of a transport. Its fields are in this order in memory: a tick reads the first ones of every transport, and
/// those of the link, a hundred times a second.
#[repr(C)]
pub(crate) struct Transport {
    /// When to free the memory of expired packets next.
    pub(crate) next_memory_check: Micros,
    pub(crate) next_report: Micros,
    /// The first of its consumers' sender reports is not due before.
    pub(crate) next_sender_report: Micros,
    /// When to report the scores of its producers and consumers next.
    pub(crate) next_scores: Micros,
    pub(crate) producers: Vec<ProducerKey>,
    /// Arrival times of packets with a transport-wide sequence number; created with the first of them.
    pub(crate) arrivals: Option<Box<ArrivalLog>>,
    /// If a consumer's client returns transport-wide feedback.
    pub(crate) congestion: Option<Box<CongestionControl>>,
    pub(crate) link: Link,
    pub(crate) outbound: Option<Outbound>,
    pub(crate) inbound: Option<Inbound>,
    /// For authentic RTP and RTCP, bytes.
    ingress_allowance: TokenBucket,
    /// Received streams by SSRC.
    pub(crate) incoming: FastMap<u32, IncomingStream>,
    /// Id of the transport-cc extension in received packets, from the newest producer that has it. One id holds for the
    /// whole BUNDLE group.
    pub(crate) transport_cc: Option<u8>,
    /// Transport-wide sequence number of the next sent packet.
    pub(crate) transport_sequence: u16,
    pub(crate) stats: TransportStats,
    pub(crate) id: TransportId,
    pub(crate) router: RouterKey,
    pub(crate) consumers: Vec<ConsumerKey>,
    /// Sent streams by SSRC, RTX included.
    pub(crate) outgoing: FastMap<u32, ConsumerKey>,
    /// Every SSRC ever sent with. Reusing one would reuse SRTP nonces.
    used_ssrcs: FastSet<u32>,
    /// Sender SSRC of our RTCP.
    pub(crate) rtcp_ssrc: u32,
    /// What the client is asked not to exceed, bit/s.
    pub(crate) max_incoming_bitrate: Option<u64>,
    /// Bitrate estimate for producers that use REMB.
    pub(crate) remb: RembEstimate,
    /// Our receiver reference times, which the client answers.
    pub(crate) reference_times: SentReports,
}

impl Transport {
    pub(crate) fn new(
        id: TransportId,
        router: RouterKey,
        link: Link,
        rtcp_ssrc: u32,
        max_bitrate: Option<u64>,
        max_ingress_bitrate: u64,
    ) -> Self {
        Self {
            id,
            router,
            link,
            inbound: None,
            outbound: None,
            ingress_allowance: TokenBucket::new(max_ingress_bitrate / 8, max_ingress_bitrate / 8),
            producers: Vec::new(),
            consumers: Vec::new(),
            incoming: FastMap::default(),
            outgoing: FastMap::default(),
            used_ssrcs: FastSet::from_iter([rtcp_ssrc]),
            rtcp_ssrc,
            transport_cc: None,
            arrivals: None,
            max_incoming_bitrate: max_bitrate,
            remb: RembEstimate::new(max_bitrate.unwrap_or(DEFAULT_MAX_BITRATE)),
            transport_sequence: 0,
            congestion: None,
            next_report: Micros(0),
            next_sender_report: Micros(0),
            next_scores: Micros(0),
            reference_times: SentReports::new(),
            next_memory_check: Micros(0),
            stats: TransportStats::default(),
        }
    }

    /// Sets the SRTP keys: `key` then `salt`, per direction. Fails if keys are set already, because the
    /// counters that keep nonces unique would start again.
    pub(crate) fn set_keys(
        &mut self,
        profile: SrtpProfile,
        outbound: &[u8],
        inbound: &[u8],
    ) -> Result<(), CommandError> {
        if self.outbound.is_some() {
            return Err(CommandError::InvalidState);
        }
        let outbound = Outbound::srtp(profile, outbound).map_err(|_| CommandError::InvalidSpec)?;
        let inbound = Inbound::srtp(profile, inbound).map_err(|_| CommandError::InvalidSpec)?;
        self.outbound = Some(outbound);
        self.inbound = Some(inbound);
        if let Link::WebRtc(link) = &mut self.link {
            link.handshake_deadline = None;
        }
        Ok(())
    }

    /// Whether an authentic packet of this length is within the limit of incoming media. If so, counts it.
    /// Without a limit for pipes: what they carry was limited where it came from.
    pub(crate) fn admit_ingress(&mut self, now: Micros, len: usize) -> bool {
        if self.link.pipe().is_some() {
            return true;
        }
        let bytes = (len as u64).max(SMALLEST_PACKET);
        self.ingress_allowance.take(now, bytes)
    }

    /// The ICE agent of a WebRTC transport; `None` on any other.
    pub(crate) fn ice(&self) -> Option<&IceAgent> {
        match &self.link {
            Link::WebRtc(link) => Some(&link.ice),
            _ => None,
        }
    }

    /// As [`Self::ice`], to change it.
    pub(crate) fn ice_mut(&mut self) -> Option<&mut IceAgent> {
        match &mut self.link {
            Link::WebRtc(link) => Some(&mut link.ice),
            _ => None,
        }
    }

    /// Whether media can be sent.
    pub(crate) fn is_ready(&self) -> bool {
        self.outbound.is_some() && self.link.path().is_some()
    }

    /// Whether a report is due, or the congestion control has something to do. Of a pipe, always.
    pub(crate) fn is_due(&self, now: Micros) -> bool {
        (self.next_report <= now && !self.producers.is_empty())
            || self.next_sender_report <= now
            || self.next_scores <= now
            || self.arrivals.as_ref().is_some_and(|log| log.is_due(now))
            || self
                .congestion
                .as_ref()
                .is_some_and(|congestion| congestion.is_due(now))
            || self.link.pipe().is_some()
    }

    /// Round-trip time to the client, microseconds: measured, or else a default.
    pub(crate) fn rtt_us(&self) -> u64 {
        self.stats.rtt_us.unwrap_or(DEFAULT_RTT_US)
    }

    /// How long the client may wait for a retransmission, microseconds. Round trips are reported rarely, so the time in queues
    /// is added: otherwise a packet would be retransmitted again and again while its copies wait.
    pub(crate) fn repair_time_us(&self) -> u64 {
        let congestion = self.congestion.as_deref();
        let queued = congestion.map_or(0, |congestion| congestion.estimator.queue_delay());
        self.rtt_us() + queued
    }

    /// Claims the SSRCs of a new consumer, unless two are equal, one has ever been used or the limit is reached.
    pub(crate) fn claim_ssrcs(&mut self, ssrcs: &[u32]) -> Result<(), CommandError> {
        let is_taken = |(index, ssrc): (usize, &u32)| {
            self.used_ssrcs.contains(ssrc)
                || ssrcs.iter().skip(index + 1).any(|other| other == ssrc)
        };
        if ssrcs.iter().enumerate().any(is_taken) {
            return Err(CommandError::InvalidSpec);
        }
        if self.used_ssrcs.len() + ssrcs.len() > MAX_OUTGOING_SSRCS {
            return Err(CommandError::LimitReached);
        }
        self.used_ssrcs.extend(ssrcs);
        Ok(())
    }

    /// Lets the SSRCs of a closed consumer be used again: without SRTP there are no nonces.
    pub(crate) fn release_ssrcs(&mut self, ssrcs: impl Iterator<Item = u32>) {
        if self.outbound.as_ref().is_some_and(Outbound::is_clear) {
            for ssrc in ssrcs {
                self.used_ssrcs.remove(&ssrc);
            }
        }
    }

    /// Uses up the transport-wide number of a packet that is sent.
    pub(crate) fn use_sequence_number(&mut self, departure: Departure, len: usize) {
        let number = self.transport_sequence;
        self.transport_sequence = number.wrapping_add(1);
        if let Some(congestion) = &mut self.congestion {
            congestion.estimator.packet_sent(
                departure.at,
                number,
                len,
                departure.purpose,
                departure.cluster,
            );
        }
    }

    /// Records the arrival of a packet that carries a transport-wide sequence number.
    pub(crate) fn record_arrival(&mut self, now: Micros, packet: &RtpPacket<'_>) {
        let value = self.transport_cc.and_then(|id| packet.extension(id));
        if let Some(Ok(sequence)) = value.map(TransportSequenceNumber::parse) {
            let log = self
                .arrivals
                .get_or_insert_with(|| Box::new(ArrivalLog::new()));
            log.record(sequence.0, now);
        }
    }

    pub(crate) fn stats(&self) -> TransportStats {
        let stats = TransportStats {
            max_incoming_bitrate: self.max_incoming_bitrate,
            ..self.stats.clone()
        };
        let Some(congestion) = &self.congestion else {
            return stats;
        };
        TransportStats {
            available_outgoing_bitrate: congestion.estimate(),
            max_outgoing_bitrate: Some(congestion.max_bitrate),
            allocated_outgoing_bitrate: Some(congestion.allocated),
            wanted_outgoing_bitrate: Some(congestion.wanted),
            ..stats
        }
    }

    pub(crate) fn remove_producer(&mut self, key: ProducerKey) {
        remove_first(&mut self.producers, key);
        self.incoming.retain(|_, stream| stream.producer != key);
    }

    /// Removes a consumer with these SSRCs.
    pub(crate) fn remove_consumer(&mut self, key: ConsumerKey, ssrcs: impl Iterator<Item = u32>) {
        remove_first(&mut self.consumers, key);
        for ssrc in ssrcs {
            self.outgoing.remove(&ssrc);
        }
    }
}
