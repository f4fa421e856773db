//! Loss, reordering and duplication on both sides: NACK and RTX repair them, and every frame arrives once.

use std::collections::{BTreeMap, VecDeque};

use crate::common::media::{rtx, vp8};
use crate::common::specs::*;
use crate::common::{Client, World};
use hubbub_wire::rtcp::{NackBuilder, RtcpPacket};
use proptest::prelude::*;

const FRAMES: u16 = 150;

/// The fate of a packet in the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Arrives,
    Lost,
    Twice,
    /// The packet arrives after the next one.
    Late,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        16 => Just(Fate::Arrives),
        2 => Just(Fate::Lost),
        1 => Just(Fate::Twice),
        1 => Just(Fate::Late),
    ]
}

struct Network {
    fates: VecDeque<Fate>,
    held: Option<Vec<u8>>,
}

impl Network {
    fn new(fates: Vec<Fate>) -> Self {
        Self {
            fates: fates.into(),
            held: None,
        }
    }

    /// Returns the packets that arrive when a packet is sent. Packets after the last fate all arrive.
    fn carry(&mut self, packet: Vec<u8>) -> Vec<Vec<u8>> {
        let mut out = match self.fates.pop_front().unwrap_or(Fate::Arrives) {
            Fate::Arrives => vec![packet],
            Fate::Lost => Vec::new(),
            Fate::Twice => vec![packet.clone(), packet],
            Fate::Late => return self.held.replace(packet).into_iter().collect(),
        };
        out.extend(self.held.take());
        out
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_frame_arrives_once(
        up in prop::collection::vec(fate(), 100),
        down in prop::collection::vec(fate(), 100),
        first in any::<u16>().prop_map(|first| first % 60_000),
    ) {
        let mut world = World::new();
        let mut sender = Client::connected(&mut world, 1);
        let mut receiver = Client::connected(&mut world, 2);
        let producer = produce(&mut world, sender.transport, 1, video());
        consume_running(&mut world, receiver.transport, producer, 1, video_consumer(5000));
        let (mut up, mut down) = (Network::new(up), Network::new(down));
        // By output number; lost packets are missing.
        let mut got: BTreeMap<u16, Vec<u8>> = BTreeMap::new();
        let mut repairs = 0;

        // Key frames are not lost in this test.
        sender.send(&mut world, &vp8(first, true).bytes());
        for packet in receiver.take_rtp(&mut world) {
            got.insert(packet.rtp().sequence_number(), packet.rtp().payload().to_vec());
        }
        for step in 1..FRAMES + 60 {
            if step < FRAMES {
                let datagram = sender.protect(&vp8(first + step, false).bytes());
                up.carry(datagram).iter().for_each(|datagram| world.datagram(sender.path, datagram));
            }
            world.advance(20);
            let asked = sender.take_rtcp(&mut world, |packet| match packet {
                RtcpPacket::Nack(nack) => Some(nack.lost().collect::<Vec<_>>()),
                _ => None,
            });
            for lost in asked.concat() {
                repairs += 1;
                sender.send(&mut world, &rtx(&vp8(lost, false), repairs).bytes());
            }
            // Replay protection would drop duplicates.
            let mut arrived = Vec::new();
            for datagram in world.take_sent(receiver.path) {
                for copy in down.carry(datagram) {
                    if !arrived.contains(&copy) {
                        arrived.push(copy);
                    }
                }
            }
            world.sent.extend(arrived.into_iter().map(|datagram| (datagram, receiver.path)));
            for packet in receiver.take_rtp(&mut world) {
                let packet = packet.rtp();
                let (sequence, payload) = if packet.ssrc() == 5001 {
                    let (original, payload) = packet.payload().split_at(2);
                    (u16::from_be_bytes([original[0], original[1]]), payload)
                } else {
                    (packet.sequence_number(), packet.payload())
                };
                if let Some(before) = got.insert(sequence, payload.to_vec()) {
                    prop_assert_eq!(before, payload);
                }
            }
            let (lowest, highest) = (*got.keys().next().expect("a packet"), *got.keys().next_back().expect("a packet"));
            let missing: Vec<u16> = (lowest..highest).filter(|number| !got.contains_key(number)).collect();
            if !missing.is_empty() {
                let nack = NackBuilder { sender_ssrc: 1, media_ssrc: 5000, lost: &missing };
                receiver.send_rtcp(&mut world, &nack);
            }
        }
        // Losses at the end cannot be detected, as no later packet reveals them.
        let sent: Vec<Vec<u8>> = (0..FRAMES).map(|step| vp8(first + step, step == 0).payload).collect();
        let arrived: Vec<Vec<u8>> = got.into_values().collect();
        prop_assert!(arrived.len() + 20 > sent.len(), "{} of {} frames", arrived.len(), sent.len());
        prop_assert_eq!(&arrived[..], &sent[..arrived.len()]);
    }
}
