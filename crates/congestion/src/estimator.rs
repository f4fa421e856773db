//! The bandwidth estimate of a transport that receives.

mod update;

use hubbub_wire::rtcp::TransportFeedback;

use crate::acknowledged::AcknowledgedBitrate;
use crate::alr::ApplicationLimit;
use crate::constants::estimator::TICK;
use crate::constants::inter_arrival::STREAM_TIMEOUT;
use crate::delay::DelayEstimate;
use crate::departures::{Bytes, Departures};
use crate::feedback::{CongestionFeedback, Results, TransportCcReader};
use crate::history::{ClusterId, SentPacket};
use crate::loss::{LossEstimate, LossState};
use crate::path::Path;
use crate::probe::{ClusterResults, PaddingBudget, Probe, ProbeController};
use crate::time::Micros;
use crate::trendline::Usage;

/// The limits of an estimate, bit/s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The estimate is never lower.
    pub min: u64,
    /// The estimate before any feedback.
    pub initial: u64,
    /// The estimate is never higher.
    pub max: u64,
}

/// Why a packet is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The receiver needs it.
    Media,
    /// Only to probe.
    Padding,
}

/// The estimate of one transport. Its fields are in this order in memory: what every packet touches is at the start.
#[derive(Debug, Clone)]
#[repr(C)]
pub struct Estimator {
    departures: Departures,
    limits: Limits,
    reader: TransportCcReader,
    results: Results,
    acknowledged: AcknowledgedBitrate,
    delay: DelayEstimate,
    loss: LossEstimate,
    path: Path,
    application: ApplicationLimit,
    was_application_limited: bool,
    probing: ProbeController,
    clusters: ClusterResults,
    padding: PaddingBudget,
    /// bit/s.
    estimate: f64,
    /// The receiver's own estimate, used while it sends no other feedback.
    remb: Option<f64>,
    first_feedback: Option<Micros>,
    last_feedback: Micros,
}

impl Estimator {
    /// An estimator without feedback.
    #[must_use]
    pub fn new(now: Micros, limits: Limits) -> Self {
        let limits = ordered(limits);
        let estimate = limits.initial as f64;
        Self {
            departures: Departures::new(now),
            limits,
            reader: TransportCcReader::default(),
            results: Results::default(),
            acknowledged: AcknowledgedBitrate::default(),
            delay: DelayEstimate::new(now, estimate),
            loss: LossEstimate::new(estimate),
            path: Path::default(),
            application: ApplicationLimit::new(now, estimate),
            was_application_limited: false,
            probing: ProbeController::new(estimate),
            clusters: ClusterResults::default(),
            padding: PaddingBudget::default(),
            estimate,
            remb: None,
            first_feedback: None,
            last_feedback: now,
        }
    }

    /// The estimate, bit/s. With transport-wide feedback it is what streams without such feedback leave; with REMB it
    /// includes them ([`Self::includes_audio`]).
    #[must_use]
    pub const fn estimate(&self) -> u64 {
        self.estimate as u64
    }

    /// Whether the estimate includes the audio that is sent beside.
    #[must_use]
    pub const fn includes_audio(&self) -> bool {
        self.first_feedback.is_none() && self.remb.is_some()
    }

    /// Whether the client has said something about its link: before that, the estimate is an assumption.
    #[must_use]
    pub fn is_informed(&self) -> bool {
        self.first_feedback.is_some()
            || self.remb.is_some()
            || self.loss.state() != LossState::DelayBased
    }

    /// The bitrate that arrives, bit/s.
    #[must_use]
    pub fn acknowledged(&self) -> Option<u64> {
        self.acknowledged.bitrate().map(|rate| rate as u64)
    }

    /// Smoothed time from a packet's departure to its feedback, microseconds.
    #[must_use]
    pub fn rtt(&self) -> Option<u64> {
        self.path.rtt()
    }

    /// Mean loss of the last seconds, 0 to 1.
    #[must_use]
    pub fn loss(&self) -> f64 {
        self.loss.average_loss()
    }

    /// Time in queues on the way, microseconds.
    #[must_use]
    pub fn queue_delay(&self) -> u64 {
        self.path.queue_delay()
    }

    /// Whether packets wait in a long queue on the way that others do not fill.
    #[must_use]
    pub fn is_queueing(&self) -> bool {
        self.path.is_queueing() && !self.path.is_competing()
    }

    /// Whether the queue on the way grows.
    #[must_use]
    pub const fn usage(&self) -> Usage {
        self.delay.usage()
    }

    /// Feedback packets that did not arrive.
    #[must_use]
    pub const fn lost_feedback(&self) -> u64 {
        self.reader.lost()
    }

    /// Replaces the limits.
    pub fn set_limits(&mut self, now: Micros, limits: Limits) {
        self.limits = ordered(limits);
        self.count_departures(now);
        self.combine(now);
    }

    /// Sets the bitrate that the receiver could use, bit/s: probes reach for it. Zero when nothing is wanted.
    pub fn set_wanted(&mut self, now: Micros, bitrate: u64) {
        let wanted = bitrate.min(self.limits.max) as f64;
        self.probing.set_wanted(now, wanted);
    }

    /// Counts a packet that left with a transport-wide number. `size` is its UDP payload in bytes.
    #[inline]
    pub fn packet_sent(
        &mut self,
        now: Micros,
        number: u16,
        size: usize,
        purpose: Purpose,
        cluster: Option<ClusterId>,
    ) {
        let packet = SentPacket {
            sent: now,
            size: u16::try_from(size).unwrap_or(u16::MAX),
            cluster,
        };
        let is_padding = purpose == Purpose::Padding;
        if self.departures.add(number, packet, is_padding) {
            self.settle_departures(now);
        }
    }

    #[inline(never)]
    fn settle_departures(&mut self, now: Micros) {
        if self.departures.settle(now) {
            self.count_departures(now);
        }
    }

    /// Counts the bytes that have left. To be called before anything that depends on them.
    #[inline(never)]
    fn count_departures(&mut self, now: Micros) {
        let Bytes { media, padding } = self.departures.take_uncounted(now);
        let sent = media + padding;
        self.application.sent(now, sent);
        if sent > 0 {
            self.padding.sent(now, media, padding);
        }
    }

    /// Whether there may be a probe to send.
    #[must_use]
    pub const fn may_probe(&self) -> bool {
        self.probing.has_next()
    }

    /// The next probe to send, if there is one and the budget of padding allows it.
    pub fn next_probe(&mut self, now: Micros) -> Option<Probe> {
        let probe = self.probing.next()?;
        self.count_departures(now);
        if !self.padding.allows(now, probe.bytes) {
            return None;
        }
        self.clusters.expect(probe.id, probe.packets, probe.bytes);
        Some(probe)
    }

    /// Reads transport-wide feedback.
    pub fn transport_feedback(&mut self, now: Micros, feedback: &TransportFeedback<'_>) {
        self.reader.read(
            now,
            feedback,
            &mut self.departures.history,
            &mut self.results,
        );
        self.apply_results(now);
    }

    /// Reads feedback of RFC 8888. `number_of` maps SSRC and RTP sequence number to the number in [`Self::packet_sent`].
    pub fn congestion_feedback(
        &mut self,
        now: Micros,
        feedback: &CongestionFeedback<'_>,
        number_of: impl FnMut(u32, u16) -> Option<u16>,
    ) {
        feedback.read(
            now,
            &mut self.departures.history,
            &mut self.results,
            number_of,
        );
        self.apply_results(now);
    }

    /// Reads the receiver's own estimate, bit/s. Ignored after other feedback, which is more precise.
    pub fn remb(&mut self, now: Micros, bitrate: u64) {
        self.remb = Some(bitrate as f64);
        if self.first_feedback.is_none() && self.loss.state() == LossState::DelayBased {
            self.loss.set_rate(bitrate as f64);
        }
        self.count_departures(now);
        self.combine(now);
    }

    /// Reads the bytes that receiver reports count as received and lost since the last ones, less what the publisher's
    /// uplink had lost. Ignored after transport-wide feedback, whose numbers have no gaps of the uplink.
    pub fn receiver_report(&mut self, now: Micros, received: u64, lost: u64) {
        if self.first_feedback.is_none() {
            let delay_based = self.remb.unwrap_or(self.limits.max as f64);
            self.loss.update_report(now, received, lost, delay_based);
            self.count_departures(now);
            self.combine(now);
        }
    }

    /// Lets time pass. To be called at [`Self::next_tick`] at the latest.
    pub fn tick(&mut self, now: Micros) {
        self.count_departures(now);
        self.fall_without_feedback(now);
        self.note_limited(now);
        if now.since(self.last_feedback) >= STREAM_TIMEOUT {
            self.probing.forget_congestion();
        }
        self.probing.tick(now);
    }

    /// When to call [`Self::tick`] next.
    #[must_use]
    pub const fn next_tick(&self, now: Micros) -> Micros {
        now.plus(TICK)
    }
}

/// Limits that contradict each other give way to the maximum.
fn ordered(limits: Limits) -> Limits {
    let min = limits.min.min(limits.max);
    Limits {
        min,
        initial: limits.initial.clamp(min, limits.max),
        max: limits.max,
    }
}
