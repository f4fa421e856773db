//! Receiver reports and REMB of a client without transport-wide feedback.

use hubbub_core::api::Micros;
use hubbub_wire::CompactNtp;
use hubbub_wire::rtcp::{ReceiverReportBuilder, RembBuilder, ReportBlock};

use super::MS;
use super::viewer::written;
use crate::common::call::OUT_SSRC;

const INTERVAL: u64 = 1_000 * MS;

/// Counts what arrives, and reports on it once a second.
#[derive(Debug)]
pub(super) struct Reports {
    remb: Option<u64>,
    due: Micros,
    first: Option<u32>,
    highest: u32,
    received: u32,
}

impl Reports {
    pub(super) fn new(start: Micros, remb: Option<u64>) -> Self {
        Self {
            remb,
            due: start.plus(INTERVAL),
            first: None,
            highest: 0,
            received: 0,
        }
    }

    pub(super) fn due(&self) -> Micros {
        self.due
    }

    /// `number`: of the media stream.
    pub(super) fn arrived(&mut self, number: u16) {
        let start = *self.first.get_or_insert(u32::from(number));
        let highest = self.highest.max(start);
        let step = number.wrapping_sub(highest as u16).cast_signed();
        self.highest = highest.max(highest.wrapping_add_signed(step.into()));
        self.received += 1;
    }

    pub(super) fn write(&mut self, now: Micros) -> Vec<Vec<u8>> {
        self.due = now.plus(INTERVAL);
        let Some(first) = self.first else {
            return Vec::new();
        };
        let block = ReportBlock {
            ssrc: OUT_SSRC,
            fraction_lost: 0,
            cumulative_lost: (self.highest + 1 - first - self.received).cast_signed(),
            highest_sequence: self.highest,
            jitter: 0,
            last_sender_report: CompactNtp(0),
            delay_since_last_sender_report: CompactNtp(0),
        };
        let report = written(&ReceiverReportBuilder {
            ssrc: 1,
            blocks: &[block],
        });
        let remb = self.remb.map(|bitrate| {
            written(&RembBuilder {
                sender_ssrc: 1,
                bitrate,
                ssrcs: &[OUT_SSRC],
            })
        });
        [Some(report), remb].into_iter().flatten().collect()
    }
}
