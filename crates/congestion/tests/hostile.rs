//! Hostile, reordered, repeated and made-up feedback: nothing panics, and the estimate stays within its limits.
#![allow(
    clippy::indexing_slicing,
    reason = "a test that indexes what it wrote itself"
)]

use hubbub_congestion::{
    Class, CongestionFeedback, Estimator, Limits, Micros, Pacer, Purpose, Released,
};
use hubbub_wire::rtcp::{Arrival, Compound, RtcpPacket, TransportFeedbackBuilder};
use proptest::prelude::*;

const LIMITS: Limits = Limits {
    min: 50_000,
    initial: 300_000,
    max: 5_000_000,
};

#[derive(Debug, Clone)]
enum Step {
    /// Packets of a size, sent at an interval.
    Send {
        count: u8,
        size: u16,
        interval: u32,
    },
    /// Feedback from a number on, about some of the packets behind it, arrived at increasing or decreasing times.
    Feedback {
        base: u16,
        arrived: Vec<bool>,
        from: u64,
        interval: i32,
        count: u8,
    },
    /// A packet of any content.
    Bytes(Vec<u8>),
    /// RFC 8888 of any content behind its header.
    Blocks(Vec<u8>),
    Remb(u64),
    Report {
        received: u64,
        lost: u64,
    },
    Wanted(u64),
    Tick,
    /// Moves the clock, also back.
    Clock(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..60);
    let step = prop_oneof![
        6 => (1..60_u8, 0..1_500_u16, 0..50_000_u32)
            .prop_map(|(count, size, interval)| Step::Send { count, size, interval }),
        6 => (0..600_u16, prop::collection::vec(any::<bool>(), 1..80), 0..1_u64 << 40, -20_000..60_000_i32, any::<u8>())
            .prop_map(|(base, arrived, from, interval, count)| Step::Feedback { base, arrived, from, interval, count }),
        1 => bytes().prop_map(Step::Bytes),
        1 => bytes().prop_map(Step::Blocks),
        1 => any::<u64>().prop_map(Step::Remb),
        1 => (0..1_u64 << 40, 0..1_u64 << 40).prop_map(|(received, lost)| Step::Report { received, lost }),
        1 => any::<u64>().prop_map(Step::Wanted),
        2 => Just(Step::Tick),
        2 => (-10_000_000..10_000_000_i64).prop_map(Step::Clock),
    ];
    prop::collection::vec(step, 1..80)
}

struct Rig {
    now: Micros,
    estimator: Estimator,
    pacer: Pacer<u16>,
    number: u16,
}

impl Rig {
    fn new(now: Micros, number: u16) -> Self {
        Self {
            now,
            estimator: Estimator::new(now, LIMITS),
            pacer: Pacer::new(now, LIMITS.initial),
            number,
        }
    }

    fn send(&mut self, size: usize) {
        self.pacer.enqueue(self.now, Class::Video, 0, size);
        if !self.pacer.is_probing()
            && let Some(probe) = self.estimator.next_probe(self.now)
        {
            self.pacer.start_probe(probe);
        }
        while let Some(released) = self.pacer.poll(self.now) {
            let (size, purpose, cluster) = match released {
                Released::Packet { cluster, .. } => (size, Purpose::Media, cluster),
                Released::Padding { bytes, cluster } => {
                    self.pacer.padding_sent(self.now, bytes);
                    (bytes, Purpose::Padding, Some(cluster))
                }
            };
            self.estimator
                .packet_sent(self.now, self.number, size, purpose, cluster);
            self.number = self.number.wrapping_add(1);
        }
    }

    fn feed(&mut self, packet: &[u8]) {
        let Ok(compound) = Compound::parse(packet) else {
            return;
        };
        for packet in compound.flatten() {
            if let RtcpPacket::TransportFeedback(feedback) = packet {
                self.estimator.transport_feedback(self.now, &feedback);
            }
        }
    }

    fn feedback(&mut self, base: u16, arrived: &[bool], from: u64, interval: i32, count: u8) {
        let arrivals: Vec<Arrival> = arrived
            .iter()
            .zip(0..)
            .filter(|(arrived, _)| **arrived)
            .map(|(_, index)| Arrival {
                sequence_number: base.wrapping_add(index),
                arrival_micros: from.saturating_add_signed(i64::from(interval) * i64::from(index)),
            })
            .collect();
        let mut buffer = [0; 1_200];
        let builder = TransportFeedbackBuilder {
            sender_ssrc: 1,
            media_ssrc: 2,
            feedback_count: count,
            base_sequence: base,
            arrivals: &arrivals,
        };
        if let Ok(written) = builder.write(&mut buffer) {
            self.feed(&buffer[..written.len]);
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Send {
                count,
                size,
                interval,
            } => {
                for _ in 0..count {
                    self.send(size.into());
                    self.now = self.now.plus(interval.into());
                }
            }
            Step::Feedback {
                base,
                arrived,
                from,
                interval,
                count,
            } => self.feedback(base, &arrived, from, interval, count),
            Step::Bytes(content) => {
                let mut packet = vec![0x8F, 205, 0, (content.len() / 4) as u8];
                packet.extend(&content[..content.len() / 4 * 4]);
                self.feed(&packet);
            }
            Step::Blocks(content) => {
                let mut packet = vec![0x8B, 205, 0, 0];
                packet.extend(content);
                if let Some(feedback) = CongestionFeedback::parse(&packet) {
                    self.estimator
                        .congestion_feedback(self.now, &feedback, |_, sequence| Some(sequence));
                }
            }
            Step::Remb(bitrate) => self.estimator.remb(self.now, bitrate),
            Step::Report { received, lost } => {
                self.estimator.receiver_report(self.now, received, lost);
            }
            Step::Wanted(bitrate) => self.estimator.set_wanted(self.now, bitrate),
            Step::Tick => self.estimator.tick(self.now),
            Step::Clock(step) => self.now = Micros(self.now.0.saturating_add_signed(step)),
        }
        self.pacer.set_estimate(self.now, self.estimator.estimate());
    }
}

proptest! {
    #[test]
    fn the_estimate_stays_within_its_limits(steps in steps()) {
        let mut rig = Rig::new(Micros(1_000_000), 65_500);
        for step in steps {
            rig.step(step);
            let estimate = rig.estimator.estimate();
            prop_assert!((LIMITS.min..=LIMITS.max).contains(&estimate), "{}", estimate);
        }
    }
}

#[test]
fn limits_apply_at_once_and_the_maximum_prevails() {
    let mut estimator = Estimator::new(Micros(0), LIMITS);
    assert_eq!(estimator.estimate(), 300_000);
    let limits = |min, max| Limits {
        min,
        initial: 1,
        max,
    };
    estimator.set_limits(Micros(0), limits(400_000, 900_000));
    assert_eq!(estimator.estimate(), 400_000);
    estimator.set_limits(Micros(0), limits(400_000, 200_000));
    assert_eq!(estimator.estimate(), 200_000);
}

#[test]
fn remb_is_the_estimate_of_a_receiver_without_other_feedback() {
    let mut estimator = Estimator::new(Micros(0), LIMITS);
    estimator.remb(Micros(0), 1_000_000);
    assert_eq!(estimator.estimate(), 1_000_000);
    assert!(estimator.includes_audio());
}

/// Reports for 20 s on 1 Mbit/s, of which one in `one_in` bytes is lost.
fn report_loss(estimator: &mut Estimator, from: u64, one_in: u64) {
    for second in from..from + 20 {
        let lost = 125_000 / one_in;
        estimator.receiver_report(Micros(second * 1_000_000), 125_000 - lost, lost);
    }
}

#[test]
fn without_other_feedback_heavy_reported_loss_lowers_the_estimate_and_a_little_does_not() {
    let mut estimator = Estimator::new(Micros(0), LIMITS);
    estimator.remb(Micros(0), 1_000_000);
    report_loss(&mut estimator, 0, 50);
    assert_eq!(estimator.estimate(), 1_000_000);
    report_loss(&mut estimator, 20, 2);
    assert!(estimator.estimate() < 600_000, "{}", estimator.estimate());
}

#[test]
fn with_transport_wide_feedback_reports_and_remb_change_nothing() {
    let mut rig = Rig::new(Micros(0), 0);
    rig.send(1_000);
    rig.feedback(0, &[true], 1_000, 0, 0);
    let before = rig.estimator.estimate();
    rig.estimator.remb(Micros(0), 60_000);
    report_loss(&mut rig.estimator, 0, 2);
    assert_eq!(rig.estimator.estimate(), before);
}

#[test]
fn the_estimate_falls_when_feedback_stops() {
    let mut rig = Rig::new(Micros(0), 0);
    rig.send(1_000);
    rig.feedback(0, &[true], 1_000, 0, 0);
    let before = rig.estimator.estimate();
    rig.estimator.tick(Micros(60_000_000));
    assert_eq!(rig.estimator.estimate(), before, "nothing is unanswered");
    rig.now = Micros(61_000_000);
    rig.send(1_000);
    for second in 62..72 {
        rig.estimator.tick(Micros(second * 1_000_000));
    }
    assert!(rig.estimator.estimate() < before / 2);
}
