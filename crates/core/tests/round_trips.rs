//! Round trips to clients that only send, and what depends on them.
#![allow(clippy::expect_used, reason = "tests fail by panicking")]

use crate::common::media::vp8;
use crate::common::specs::*;
use crate::common::{Client, World};
use hubbub_core::api::{ProducerId, TransportStats};
use hubbub_wire::rtcp::{DlrrBuilder, DlrrEntry, RtcpPacket, XrBlock};
use hubbub_wire::{CompactNtp, NtpTime};

/// A world with a client that sends one stream, 33 ms per packet.
struct Sending {
    world: World,
    client: Client,
    producer: ProducerId,
    number: u16,
}

impl Sending {
    fn new() -> Self {
        let mut world = World::new();
        let client = Client::connected(&mut world, 1);
        let producer = produce(&mut world, client.transport, 1, video());
        Self {
            world,
            client,
            producer,
            number: 0,
        }
    }

    fn send(&mut self) {
        let packet = vp8(self.number, self.number == 0);
        self.client.send(&mut self.world, &packet.bytes());
        self.number += 1;
    }

    /// Sends for two seconds. Returns the last reference time and its sender.
    fn reference_time(&mut self) -> (u32, CompactNtp) {
        for _ in 0..60 {
            self.send();
            self.world.advance(33);
        }
        let times = self
            .client
            .take_rtcp(&mut self.world, |packet| match packet {
                RtcpPacket::ExtendedReport(report) => {
                    let time = report.blocks().find_map(|block| match block {
                        XrBlock::ReceiverReferenceTime(time) => Some(time),
                        XrBlock::Dlrr(_) => None,
                    });
                    Some((report.ssrc, time.expect("a reference time").compact()))
                }
                _ => None,
            });
        *times.last().expect("a reference time")
    }

    fn answer(&mut self, ssrc: u32, last_receiver_report: CompactNtp, delay_ms: u64) {
        let entry = DlrrEntry {
            ssrc,
            last_receiver_report,
            delay: CompactNtp::from_micros(delay_ms * 1_000),
        };
        let entries = [DlrrEntry { ssrc: 1, ..entry }, entry];
        let report = DlrrBuilder {
            ssrc: SSRC,
            entries: &entries,
        };
        self.client.send_rtcp(&mut self.world, &report);
    }

    /// Answers a reference time as a client with this round trip does.
    fn measure(&mut self, rtt_ms: u64) {
        let (ssrc, time) = self.reference_time();
        self.world.advance(rtt_ms);
        let now = NtpTime::from_unix_micros(self.world.now.0).compact();
        let elapsed = now.wrapping_sub(time).to_micros();
        self.answer(ssrc, time, elapsed / 1_000 - rtt_ms);
    }

    fn stats(&mut self) -> TransportStats {
        self.world.transport_stats(self.client.transport)
    }

    /// Loses a packet. Returns how often it is requested within this time.
    fn requests_within(&mut self, ms: u64) -> usize {
        self.send();
        self.client.take(&mut self.world);
        let lost = self.number;
        self.number += 1;
        self.send();
        self.send();
        self.world.advance(ms);
        let requested = self
            .client
            .take_rtcp(&mut self.world, |packet| match packet {
                RtcpPacket::Nack(nack) => Some(nack.lost().collect::<Vec<_>>()),
                _ => None,
            });
        requested
            .concat()
            .iter()
            .filter(|number| **number == lost)
            .count()
    }
}

#[test]
fn the_answer_to_a_reference_time_gives_the_round_trip() {
    let mut sending = Sending::new();
    sending.measure(70);
    let rtt = sending.stats().rtt_us.expect("a round trip");
    assert!(rtt.abs_diff(70_000) <= 1_100, "{rtt} microseconds");
    assert_eq!(sending.world.worker.counters().media.round_trip.sum, rtt);
    let stats = sending.world.producer_stats(sending.producer);
    assert_eq!(stats.rtt_us, Some(rtt));
}

#[test]
fn an_answer_to_somebody_else_or_to_no_reference_time_gives_nothing() {
    let mut sending = Sending::new();
    let (ssrc, time) = sending.reference_time();
    sending.answer(ssrc + 1, time, 0);
    sending.answer(ssrc, CompactNtp(time.0 + 1), 0);
    sending.answer(ssrc, CompactNtp(0), 0);
    sending.answer(ssrc, time, 5_000);
    assert_eq!(sending.stats().rtt_us, None);
}

#[test]
fn a_packet_is_requested_once_per_measured_round_trip() {
    let mut sending = Sending::new();
    assert_eq!(sending.requests_within(390), 4);
    sending.measure(400);
    assert_eq!(sending.requests_within(390), 1);
    sending.measure(25);
    assert_eq!(sending.requests_within(90), 3);
}
