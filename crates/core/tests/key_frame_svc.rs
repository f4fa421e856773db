//! K-SVC: spatial layers refer to each other in key frames only. A capture of VP9 of a browser.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use std::ops::Range;

use crate::common::World;
use crate::common::call::{Call, OUT_SSRC};
use crate::common::media::Packet;
use crate::common::specs::*;
use hubbub_codec::vp9::Vp9Descriptor;
use hubbub_codec::{Codec, Layer};
use hubbub_core::api::{ConsumerSpec, FeedbackKind};
use hubbub_core::{Limits, WorkerConfig};
use hubbub_wire::rtcp::RembBuilder;
use hubbub_wire::rtp::RtpPacket;
use hubbub_wire::testdata::records;

/// Three spatial and three temporal layers, in 2.6 s: 0.1, 0.26 and 0.6 Mbit/s for each spatial layer with what it needs.
const CAPTURE: &[u8] = include_bytes!("../../codec/tests/fixtures/vp9-svc-l3t3-key.rtpdump");
/// Its packets. A key frame starts with packet [`KEY`].
const LEN: usize = 334;
const KEY: usize = 285;

const ENOUGH: u64 = 5_000_000;
/// For two spatial layers, bit/s.
const LESS: u64 = 350_000;

/// A call in which the receiver prefers nothing and says by REMB what its link carries.
struct KeyFrameSvc {
    call: Call,
    packets: Vec<(u64, RtpPacket<'static>)>,
    /// How often the capture was sent.
    rounds: u16,
}

impl KeyFrameSvc {
    fn new() -> Self {
        let packets: Vec<_> = records(CAPTURE)
            .map(|record| {
                let packet = RtpPacket::parse(record.data).expect("RTP");
                (record.arrival_micros / 1_000, packet)
            })
            .filter(|(_, packet)| !packet.payload().is_empty())
            .collect();
        assert_eq!(packets.len(), LEN);
        let first = &packets[0].1;
        let config = WorkerConfig {
            outgoing_bitrate: Limits {
                min: 30_000,
                initial: ENOUGH,
                max: ENOUGH,
            },
            ..World::config()
        };
        let mut consumer = ConsumerSpec {
            feedback: FeedbackKind::GoogRemb,
            ..video_consumer_of(Codec::Vp9, OUT_SSRC)
        };
        consumer.extensions.retain(|one| one.id != OUT_TRANSPORT_CC);
        let producer = video_of(Codec::Vp9, first.payload_type(), first.ssrc());
        let mut svc = Self {
            call: Call::with(config, producer, consumer),
            packets,
            rounds: 0,
        };
        svc.carries(ENOUGH);
        svc
    }

    fn carries(&mut self, bitrate: u64) {
        let remb = RembBuilder {
            sender_ssrc: 1,
            bitrate,
            ssrcs: &[OUT_SSRC],
        };
        self.call.receiver.send_rtcp(&mut self.call.world, &remb);
    }

    /// Sends these packets at the pace of the capture. Returns the layers that the receiver got, and whether in key frames.
    fn send(&mut self, range: Range<usize>) -> Vec<(Layer, bool)> {
        let mut received = Vec::new();
        for at in range {
            let (due, packet) = &self.packets[at];
            let before = at
                .checked_sub(1)
                .map_or(*due, |before| self.packets[before].0);
            self.call.world.advance(due - before);
            self.call.send([Packet {
                ssrc: packet.ssrc(),
                payload_type: packet.payload_type(),
                sequence: packet.sequence_number().wrapping_add(1_000 * self.rounds),
                timestamp: packet
                    .timestamp()
                    .wrapping_add(300_000 * u32::from(self.rounds)),
                marker: packet.marker(),
                extensions: Vec::new(),
                payload: packet.payload().to_vec(),
                padding: 0,
            }]);
            received.extend(self.call.received().iter().map(|packet| {
                let descriptor = Vp9Descriptor::parse(packet.rtp().payload()).expect("VP9");
                let layer = Layer {
                    spatial: descriptor.spatial(),
                    temporal: descriptor.temporal(),
                };
                (layer, !descriptor.inter_picture_predicted)
            }));
        }
        received
    }
}

fn highest(received: &[(Layer, bool)]) -> Layer {
    let layers = received.iter().map(|(layer, _)| *layer);
    layers.fold(Layer::default(), Layer::at_least)
}

#[test]
fn lower_layers_are_forwarded_in_key_frames_only() {
    let mut svc = KeyFrameSvc::new();
    let received = svc.send(0..LEN);
    for spatial in 0..3 {
        let mut of_layer = received
            .iter()
            .filter(|(layer, _)| layer.spatial == spatial);
        assert!(
            of_layer.clone().any(|(_, is_key)| *is_key),
            "layer {spatial}"
        );
        assert!(spatial == 2 || of_layer.all(|(_, is_key)| *is_key));
    }
    assert_eq!(
        highest(&received),
        Layer {
            spatial: 2,
            temporal: 2
        }
    );
}

#[test]
fn bandwidth_decides_on_the_layers_of_a_client_that_prefers_none() {
    let mut svc = KeyFrameSvc::new();
    svc.send(0..150);
    svc.call.plis();

    // Down at once, as far as the receiver can decode it, and wholly with the key frame that is requested.
    svc.carries(LESS);
    svc.send(150..180);
    let leaving = svc.send(180..KEY);
    let lowest = Layer {
        spatial: 2,
        temporal: 0,
    };
    assert!(leaving.iter().all(|(layer, _)| *layer == lowest));
    assert!(!svc.call.plis().is_empty());
    let lower = svc.send(KEY..LEN);
    let two = Layer {
        spatial: 1,
        temporal: 2,
    };
    assert_eq!(highest(&lower), two);

    // Up with a key frame only.
    svc.carries(ENOUGH);
    svc.rounds += 1;
    svc.call.plis();
    let before_key = svc.send(20..KEY);
    assert!(before_key.iter().all(|(layer, _)| layer.spatial == 1));
    assert!(!svc.call.plis().is_empty());
    let all = Layer {
        spatial: 2,
        temporal: 2,
    };
    assert_eq!(highest(&svc.send(KEY..LEN)), all);
}
