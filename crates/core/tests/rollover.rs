//! Sequence numbers that wrap around on both sides: no nonce is reused, no packet is lost.

use crate::common::media::Packet;
use crate::common::specs::*;
use crate::common::{Client, World};
use hubbub_core::WorkerConfig;

/// The first output number is in the lower half of the range, so this many packets wrap it.
const PACKETS: u32 = 66_000;

#[test]
fn media_continues_over_a_rollover_on_both_sides() {
    // Everything is sent at once.
    let mut world = World::with(WorkerConfig {
        max_ingress_bitrate: u64::MAX,
        ..World::config()
    });
    let mut sender = Client::connected(&mut world, 1);
    let mut receiver = Client::connected(&mut world, 2);
    let producer = produce(&mut world, sender.transport, 1, audio());
    consume_running(
        &mut world,
        receiver.transport,
        producer,
        1,
        audio_consumer(5000),
    );
    let mut last = None;
    for number in 0..PACKETS {
        let packet = Packet {
            ssrc: SSRC,
            payload_type: OPUS,
            sequence: (number + 40_000) as u16,
            timestamp: number * 960,
            marker: false,
            extensions: Vec::new(),
            payload: number.to_be_bytes().to_vec(),
            padding: 0,
        };
        let rollovers = (number + 40_000) >> 16;
        let datagram = sender.protect_in_round(&packet.bytes(), rollovers);
        world.datagram(sender.path, &datagram);
        for packet in receiver.take_rtp(&mut world) {
            assert_eq!(packet.rtp().payload(), number.to_be_bytes());
            let sequence = packet.rtp().sequence_number();
            assert!(last.is_none_or(|last: u16| sequence == last.wrapping_add(1)));
            last = Some(sequence);
        }
    }
    assert_eq!(
        world
            .consumer_stats(hubbub_core::api::ConsumerId(1))
            .packets,
        u64::from(PACKETS)
    );
}
