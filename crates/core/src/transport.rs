//! A transport: one ICE, DTLS and SRTP association with one client, and what is produced and consumed on it.

use hubbub_srtp::{Inbound, Outbound, SrtpProfile};
use hubbub_wire::rtp::{RtpPacket, TransportSequenceNumber};

use crate::api::{CommandError, Micros, TransportId};
use crate::dtls_allowance::DtlsAllowance;
use crate::hash::{FastMap, FastSet};
use crate::ice::IceAgent;
use crate::stats::TransportStats;
use crate::stream::{ArrivalLog, RembEstimate};
use crate::tables::{ConsumerKey, ProducerKey, RouterKey};

/// SSRCs that may be given out in a transport's life: none is ever given out twice, so all are remembered.
const MAX_OUTGOING_SSRCS: usize = 65_536;

/// Where the estimate for a client without transport-cc begins and ends, bit/s.
const DEFAULT_MAX_BITRATE: u64 = 5_000_000;

/// Which stream of which producer an incoming SSRC is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IncomingStream {
    pub(crate) producer: ProducerKey,
    /// Index of the encoding.
    pub(crate) encoding: usize,
    /// The encoding's RTX stream.
    pub(crate) is_rtx: bool,
}

/// What a transport is and holds.
pub(crate) struct Transport {
    pub(crate) id: TransportId,
    pub(crate) router: RouterKey,
    pub(crate) ice: IceAgent,
    pub(crate) inbound: Option<Inbound>,
    pub(crate) outbound: Option<Outbound>,
    /// When the handshake must be done; `None` before the client has connected and after the keys are there.
    pub(crate) handshake_deadline: Option<Micros>,
    /// DTLS that waits for a pair to be selected.
    pub(crate) dtls_waiting: Vec<Vec<u8>>,
    pub(crate) dtls_allowance: DtlsAllowance,
    /// The drain of the events at which `IceSelected` was raised last, and its place among the events.
    pub(crate) ice_raised: Option<(u64, usize)>,
    pub(crate) producers: Vec<ProducerKey>,
    pub(crate) consumers: Vec<ConsumerKey>,
    /// By SSRC: what comes in.
    pub(crate) incoming: FastMap<u32, IncomingStream>,
    /// By SSRC: what goes out.
    pub(crate) outgoing: FastMap<u32, ConsumerKey>,
    /// Every SSRC ever sent with: a nonce must not be used twice.
    used_ssrcs: FastSet<u32>,
    /// Sender of our receiver reports and requests.
    pub(crate) rtcp_ssrc: u32,
    /// Id of transport-cc in what comes in, known from the producer made last that has it: all media sections of a
    /// bundle number an extension alike.
    pub(crate) transport_cc: Option<u8>,
    /// Arrivals of everything that carries a transport-wide sequence number; made for the first of them.
    pub(crate) arrivals: Option<Box<ArrivalLog>>,
    /// What the client could send, for those that want it by REMB.
    pub(crate) remb: RembEstimate,
    /// Transport-wide sequence number of the next packet out.
    pub(crate) transport_sequence: u16,
    pub(crate) next_report: Micros,
    pub(crate) stats: TransportStats,
}

impl Transport {
    pub(crate) fn new(
        id: TransportId,
        router: RouterKey,
        ice: IceAgent,
        rtcp_ssrc: u32,
        max_bitrate: Option<u64>,
    ) -> Self {
        Self {
            id,
            router,
            ice,
            inbound: None,
            outbound: None,
            handshake_deadline: None,
            dtls_waiting: Vec::new(),
            dtls_allowance: DtlsAllowance::new(),
            ice_raised: None,
            producers: Vec::new(),
            consumers: Vec::new(),
            incoming: FastMap::default(),
            outgoing: FastMap::default(),
            used_ssrcs: FastSet::from_iter([rtcp_ssrc]),
            rtcp_ssrc,
            transport_cc: None,
            arrivals: None,
            remb: RembEstimate::new(max_bitrate.unwrap_or(DEFAULT_MAX_BITRATE)),
            transport_sequence: 0,
            next_report: Micros(0),
            stats: TransportStats::default(),
        }
    }

    /// The keys of the handshake: `key` then `salt`, each direction. Once only: the counters that keep nonces apart
    /// would begin again.
    pub(crate) fn set_keys(
        &mut self,
        profile: SrtpProfile,
        outbound: &[u8],
        inbound: &[u8],
    ) -> Result<(), CommandError> {
        if self.outbound.is_some() {
            return Err(CommandError::InvalidState);
        }
        let split = |material| {
            profile
                .split_key_salt(material)
                .map_err(|_| CommandError::InvalidSpec)
        };
        let (out_key, out_salt) = split(outbound)?;
        let (in_key, in_salt) = split(inbound)?;
        let outbound =
            Outbound::new(profile, out_key, out_salt).map_err(|_| CommandError::InvalidSpec)?;
        let inbound =
            Inbound::new(profile, in_key, in_salt).map_err(|_| CommandError::InvalidSpec)?;
        self.outbound = Some(outbound);
        self.inbound = Some(inbound);
        self.handshake_deadline = None;
        Ok(())
    }

    /// Media can be sent.
    pub(crate) fn is_ready(&self) -> bool {
        self.outbound.is_some() && self.ice.selected().is_some()
    }

    /// Takes the SSRCs of a consumer, or says why not.
    pub(crate) fn take_ssrcs(
        &mut self,
        ssrc: u32,
        rtx_ssrc: Option<u32>,
    ) -> Result<(), CommandError> {
        let is_used = |ssrc| self.used_ssrcs.contains(&ssrc);
        if is_used(ssrc) || rtx_ssrc.is_some_and(|rtx| rtx == ssrc || is_used(rtx)) {
            return Err(CommandError::InvalidSpec);
        }
        if self.used_ssrcs.len() + 2 > MAX_OUTGOING_SSRCS {
            return Err(CommandError::LimitReached);
        }
        self.used_ssrcs.insert(ssrc);
        self.used_ssrcs.extend(rtx_ssrc);
        Ok(())
    }

    /// Notes when a packet came that carries a transport-wide sequence number.
    pub(crate) fn note_arrival(&mut self, now: Micros, packet: &RtpPacket<'_>) {
        let value = self.transport_cc.and_then(|id| packet.extension(id));
        if let Some(Ok(sequence)) = value.map(TransportSequenceNumber::parse) {
            let log = self
                .arrivals
                .get_or_insert_with(|| Box::new(ArrivalLog::new()));
            log.record(sequence.0, now);
        }
    }

    pub(crate) fn forget_producer(&mut self, key: ProducerKey) {
        self.producers.retain(|other| *other != key);
        self.incoming.retain(|_, stream| stream.producer != key);
    }

    pub(crate) fn forget_consumer(&mut self, key: ConsumerKey) {
        self.consumers.retain(|other| *other != key);
        self.outgoing.retain(|_, consumer| *consumer != key);
    }
}

impl TransportStats {
    pub(crate) fn received(&mut self, bytes: usize) {
        self.packets_received += 1;
        self.bytes_received += bytes as u64;
    }

    pub(crate) fn sent(&mut self, bytes: usize) {
        self.packets_sent += 1;
        self.bytes_sent += bytes as u64;
    }
}
