//! The delay-based estimate: groups, trendline and rate control.

use crate::aimd::Aimd;
use crate::constants::inter_arrival::STREAM_TIMEOUT;
use crate::inter_arrival::InterArrival;
use crate::probe::ProbeResult;
use crate::time::Micros;
use crate::trendline::{Trendline, Usage};

/// The delay-based estimate of a transport.
#[derive(Debug, Clone)]
pub(crate) struct DelayEstimate {
    groups: InterArrival,
    trendline: Trendline,
    aimd: Aimd,
    last_packet: Option<Micros>,
    /// The link recovered from underuse since the last update.
    recovered: bool,
}

impl DelayEstimate {
    pub(crate) fn new(now: Micros, rate: f64) -> Self {
        Self {
            groups: InterArrival::default(),
            trendline: Trendline::default(),
            aimd: Aimd::new(now, rate),
            last_packet: None,
            recovered: false,
        }
    }

    /// bit/s.
    pub(crate) const fn rate(&self) -> f64 {
        self.aimd.rate()
    }

    pub(crate) const fn usage(&self) -> Usage {
        self.trendline.usage()
    }

    pub(crate) const fn set_rtt(&mut self, rtt: u64) {
        self.aimd.set_rtt(rtt);
    }

    pub(crate) const fn set_queueing(&mut self, queueing: bool) {
        self.aimd.set_queueing(queueing);
    }

    pub(crate) const fn set_limited(&mut self, limited: bool) {
        self.aimd.set_limited(limited);
    }

    pub(crate) const fn set_rate(&mut self, now: Micros, rate: f64) {
        self.aimd.set_rate(now, rate);
    }

    pub(crate) const fn clamp(&mut self, min: f64, max: f64) {
        self.aimd.clamp(min, max);
    }

    /// Adds the departures and arrivals of received packets, in order of arrival.
    pub(crate) fn add(
        &mut self,
        now: Micros,
        packets: impl Iterator<Item = (Micros, i64)> + Clone,
    ) {
        if packets.clone().next().is_none() {
            return;
        }
        self.expire(now);
        self.last_packet = Some(now);
        for (sent, arrival) in packets {
            if let Some(delta) = self.groups.add(now, sent, arrival) {
                let before = self.trendline.usage();
                self.trendline.add(delta);
                self.recovered |= before == Usage::Under && self.trendline.usage() == Usage::Normal;
            }
        }
    }

    /// Updates the rate after the packets of a feedback when others fill the queue: it falls by loss alone.
    pub(crate) fn update_competing(&mut self, now: Micros, acknowledged: Option<f64>, lost: bool) {
        self.recovered = false;
        self.aimd.compete(now, acknowledged, lost);
    }

    /// Updates the rate after the packets of a feedback. A probe's result replaces the rate, unless the link is overused by
    /// other packets. Returns whether the link recovered: then a probe may find that the capacity is back.
    pub(crate) fn update(
        &mut self,
        now: Micros,
        acknowledged: Option<f64>,
        probe: Option<ProbeResult>,
    ) -> bool {
        self.expire(now);
        if probe.is_some_and(|probe| probe.saturated) {
            // The queue that grew is the probe's own. It says nothing about the media.
            self.forget();
        }
        match (self.trendline.usage(), probe) {
            (Usage::Over, _) => {
                if let Some(throughput) = acknowledged
                    && self.aimd.may_reduce(now, throughput)
                {
                    self.aimd.update(now, Usage::Over, acknowledged);
                }
            }
            (_, Some(probe)) => self.aimd.set_rate(now, probe.rate),
            (usage, None) => self.aimd.update(now, usage, acknowledged),
        }
        std::mem::take(&mut self.recovered)
    }

    /// What delayed packets before a pause does not do so after it. Probes are not added, so they must not find it either.
    fn expire(&mut self, now: Micros) {
        if self
            .last_packet
            .is_none_or(|last| now.since(last) > STREAM_TIMEOUT)
        {
            self.forget();
        }
    }

    #[inline(never)]
    fn forget(&mut self) {
        self.groups = InterArrival::default();
        self.trendline = Trendline::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::MILLISECOND;

    const PROBE: ProbeResult = ProbeResult {
        rate: 900_000.0,
        saturated: false,
    };

    /// The estimate after packets whose queue grows, a pause and a probe.
    fn rate_after(pause: u64) -> f64 {
        let mut delay = DelayEstimate::new(Micros(0), 100_000.0);
        let mut now = Micros(0);
        for n in 0..100 {
            now = Micros(n * 20 * MILLISECOND);
            delay.add(now, std::iter::once((now, n as i64 * 30_000)));
        }
        assert_eq!(delay.usage(), Usage::Over);
        delay.update(now.plus(pause), Some(100_000.0), Some(PROBE));
        delay.rate()
    }

    #[test]
    fn a_probe_after_a_pause_does_not_find_the_overuse_before_it() {
        assert!(rate_after(STREAM_TIMEOUT) < 100_000.0);
        assert!((rate_after(STREAM_TIMEOUT + 1) - PROBE.rate).abs() < 1.0);
    }
}
