//! Key-frame requests of viewers on several workers in a row merge at each hop.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use hubbub_core::api::{Command, ConsumerId, Event, Path, PipeLink, TransportId};
use hubbub_wire::rtcp::{Compound, RtcpPacket};

use crate::common::media::vp8;
use crate::common::pipes::{PRODUCER, pipe_specs};
use crate::common::specs::*;
use crate::common::{Client, ROUTER, World};

const OUT: u32 = 5000;
const VIEWERS: usize = 3;

/// Workers in a row: a sender on the first, viewers on each. Hop `n` leads from worker `n` to the next one.
struct Row {
    workers: Vec<World>,
    sender: Client,
    /// By worker.
    viewers: Vec<Vec<Client>>,
    number: u16,
    /// By hop: how many PLIs have crossed it.
    crossed: Vec<usize>,
}

fn pipe(hop: usize) -> (TransportId, ConsumerId) {
    (TransportId(200 + hop as u64), ConsumerId(200 + hop as u64))
}

/// The way over a hop to the worker `to`.
fn way(to: usize, hop: usize) -> Path {
    Path::ring(to as u32, hop as u32)
}

impl Row {
    fn new(count: usize) -> Self {
        let mut workers: Vec<_> = (0..count).map(|_| World::new()).collect();
        let sender = Client::connected(&mut workers[0], 1);
        produce(&mut workers[0], sender.transport, PRODUCER.0, video());
        let (consumer_spec, producer_spec) = pipe_specs(&video());
        for hop in 0..count - 1 {
            let (transport, consumer) = pipe(hop);
            for (worker, other) in [(hop, hop + 1), (hop + 1, hop)] {
                workers[worker].execute(Command::CreatePipeTransport {
                    transport,
                    router: ROUTER,
                    link: PipeLink::Worker {
                        worker: other as u32,
                        pair: hop as u32,
                    },
                });
            }
            workers[hop].execute(Command::CreatePipeConsumer {
                consumer,
                transport,
                producer: PRODUCER,
                spec: consumer_spec.clone(),
            });
            let next = &mut workers[hop + 1];
            produce(next, transport, PRODUCER.0, producer_spec.clone());
        }
        let viewers = workers.iter_mut().map(|world| {
            let viewer = |number: usize| {
                let client = Client::connected(world, 10 + number as u8);
                let number = 10 + number as u64;
                consume_running(
                    world,
                    client.transport,
                    PRODUCER,
                    number,
                    video_consumer(OUT),
                );
                client
            };
            (0..VIEWERS).map(viewer).collect()
        });
        let viewers = viewers.collect();
        let mut row = Self {
            workers,
            sender,
            viewers,
            number: 0,
            crossed: vec![0; count - 1],
        };
        row.carry();
        row
    }

    fn send(&mut self, is_key_frame: bool) {
        let packet = vp8(self.number, is_key_frame).bytes();
        self.number += 1;
        self.sender.send(&mut self.workers[0], &packet);
        self.carry();
    }

    fn advance(&mut self, milliseconds: u64) {
        for world in &mut self.workers {
            world.advance(milliseconds);
        }
        self.carry();
    }

    /// Carries what the workers have sent to each other, and what they want, until nothing is left.
    fn carry(&mut self) {
        let mut is_quiet = false;
        while !is_quiet {
            is_quiet = true;
            for hop in 0..self.crossed.len() {
                let there = self.workers[hop].take_sent(way(hop + 1, hop));
                let back = self.workers[hop + 1].take_sent(way(hop, hop));
                let wanted = std::mem::take(&mut self.workers[hop + 1].events);
                is_quiet &= there.is_empty() && back.is_empty() && wanted.is_empty();
                for datagram in there {
                    self.workers[hop + 1].datagram(way(hop, hop), &datagram);
                }
                for datagram in back {
                    let packets = Compound::parse(&datagram).expect("RTCP");
                    let plis = packets.filter(|packet| matches!(packet, Ok(RtcpPacket::Pli(_))));
                    self.crossed[hop] += plis.count();
                    self.workers[hop].datagram(way(hop + 1, hop), &datagram);
                }
                for event in wanted {
                    if let Event::LayersWanted { encodings, .. } = event {
                        self.workers[hop].execute(Command::SetPipedEncodings {
                            consumer: pipe(hop).1,
                            encodings,
                        });
                    }
                }
            }
        }
    }

    /// Every viewer asks for a key frame.
    fn ask(&mut self) {
        for (world, viewers) in self.workers.iter_mut().zip(&mut self.viewers) {
            for viewer in viewers {
                viewer.send_pli(world, OUT);
            }
        }
        self.carry();
    }

    /// How many PLIs crossed each hop since the last call, the client's last.
    fn requests(&mut self) -> Vec<usize> {
        let mut requests: Vec<_> = self.crossed.iter_mut().map(std::mem::take).collect();
        requests.push(self.sender.take_plis(&mut self.workers[0]).len());
        requests
    }

    /// How many key frames each viewer got since the last call.
    fn key_frames(&mut self) -> Vec<usize> {
        let mut counts = Vec::new();
        for (world, viewers) in self.workers.iter_mut().zip(&mut self.viewers) {
            for viewer in viewers {
                let got = viewer.take_rtp(world);
                // The frame tag follows the descriptor of `vp8_payload`.
                let keys = got.iter().filter(|packet| {
                    packet.rtp().ssrc() == OUT && packet.rtp().payload()[5] == 0x10
                });
                counts.push(keys.count());
            }
        }
        counts
    }
}

#[test]
fn requests_of_viewers_in_a_tree_merge_at_each_hop() {
    for workers in [2, 3] {
        let mut row = Row::new(workers);
        let everybody = vec![1; workers * VIEWERS];
        row.send(true);
        assert_eq!(row.key_frames(), everybody);
        // Longer than requests for the first key frame count.
        for _ in 0..200 {
            row.send(false);
            row.advance(33);
        }
        assert_eq!(row.key_frames(), vec![0; workers * VIEWERS]);
        row.requests();

        for _ in 0..29 {
            row.ask();
            row.advance(10);
            row.send(false);
        }
        row.ask();
        assert_eq!(row.requests(), vec![1; workers], "in 290 ms");
        row.send(true);
        assert_eq!(row.key_frames(), everybody);
        for _ in 0..100 {
            row.send(false);
            row.advance(33);
        }
        assert_eq!(row.requests(), vec![0; workers], "after the key frame");
    }
}
