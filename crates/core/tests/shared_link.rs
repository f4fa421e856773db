//! Priority and the size wanted decide which consumer of a narrow link gets more, as the control plane sets them.
#![allow(clippy::indexing_slicing, reason = "tests fail by panicking")]

use hubbub_core::api::{Command, ConsumerId, ConsumerSpec, ExtensionMapping, FeedbackKind};
use hubbub_wire::ExtensionKind;
use hubbub_wire::rtcp::RembBuilder;

use crate::common::network::publisher::Publisher;
use crate::common::specs::*;
use crate::common::{Client, World};

/// The two consumers' SSRCs.
const OUT: [u32; 2] = [5000, 6000];
/// What the link carries, bit/s: of the lowest temporal layers, the middle encoding of one sender and the lowest of the other,
/// and not the middle of both.
const ENOUGH_FOR_ONE: u64 = 500_000;

/// Two senders of three encodings each, and a client that receives both over a narrow link.
struct Shared {
    world: World,
    receiver: Client,
    senders: [Publisher; 2],
}

/// A consumer whose client says by REMB what it can receive.
fn consumer(ssrc: u32) -> ConsumerSpec {
    let spec = video_consumer(ssrc);
    let is_other = |one: &&ExtensionMapping| one.kind != ExtensionKind::TransportCc;
    ConsumerSpec {
        extensions: spec.extensions.iter().filter(is_other).cloned().collect(),
        feedback: FeedbackKind::GoogRemb,
        ..spec
    }
}

impl Shared {
    fn new() -> Self {
        let mut world = World::with(World::following());
        let receiver = Client::connected(&mut world, 3);
        let senders = [0, 1].map(|index| {
            let client = Client::connected(&mut world, 1 + index);
            let number = 1 + u64::from(index);
            let producer = produce(&mut world, client.transport, number, simulcast());
            let spec = ConsumerSpec {
                mid: index.to_string(),
                ..consumer(OUT[usize::from(index)])
            };
            consume_running(&mut world, receiver.transport, producer, number, spec);
            let now = world.now;
            Publisher::new(client, now, number)
        });
        let mut shared = Self {
            world,
            receiver,
            senders,
        };
        shared.want(0, 2);
        shared.want(1, 2);
        shared
    }

    /// The encodings that both consumers receive, when these seconds have passed.
    fn encodings_after(&mut self, seconds: u64) -> [u8; 2] {
        let mut encodings = [u8::MAX; 2];
        for step in 0..100 * seconds {
            for sender in &mut self.senders {
                if self.world.now >= sender.next_frame {
                    sender.publish(&mut self.world);
                }
                sender.requested(&mut self.world);
            }
            if step.is_multiple_of(100) {
                self.receiver.check(&mut self.world, true);
                let remb = RembBuilder {
                    sender_ssrc: 1,
                    bitrate: ENOUGH_FOR_ONE,
                    ssrcs: &OUT,
                };
                self.receiver.send_rtcp(&mut self.world, &remb);
            }
            self.world.advance(10);
            for packet in self.receiver.take_rtp(&mut self.world) {
                let rtp = packet.rtp();
                if let Some(index) = OUT.iter().position(|ssrc| *ssrc == rtp.ssrc()) {
                    encodings[index] = rtp.payload()[14];
                }
            }
        }
        encodings
    }

    fn prioritize(&mut self, index: u64, priority: u8) {
        self.world.execute(Command::SetConsumerPriority {
            consumer: ConsumerId(1 + index),
            priority,
        });
    }

    /// Wants the encodings up to this one, as for a tile of that size. Of each, the lowest temporal layer.
    fn want(&mut self, index: u64, spatial: u8) {
        self.world.execute(Command::SetPreferredLayers {
            consumer: ConsumerId(1 + index),
            spatial,
            temporal: Some(0),
        });
    }
}

#[test]
fn the_consumer_with_the_higher_priority_gets_the_higher_encoding() {
    let mut shared = Shared::new();
    shared.prioritize(1, 2);
    assert_eq!(shared.encodings_after(20), [0, 1]);
    shared.prioritize(0, 3);
    assert_eq!(shared.encodings_after(20), [1, 0]);
    shared.prioritize(0, 1);
    assert_eq!(shared.encodings_after(20), [0, 1]);
}

#[test]
fn the_consumer_that_wants_the_larger_picture_gets_the_higher_encoding() {
    let mut shared = Shared::new();
    for (sizes, expected) in [([1, 2], [0, 1]), ([2, 1], [1, 0]), ([1, 2], [0, 1])] {
        for (index, spatial) in (0..).zip(sizes) {
            shared.want(index, spatial);
        }
        assert_eq!(shared.encodings_after(20), expected, "{sizes:?}");
    }
}

#[test]
fn priority_counts_before_size() {
    let mut shared = Shared::new();
    shared.want(0, 2);
    shared.want(1, 1);
    shared.prioritize(1, 2);
    assert_eq!(shared.encodings_after(20), [0, 1]);
}
