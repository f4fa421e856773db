//! Pipes between real worker threads.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod common;

use std::time::Instant;

use common::media::{PRODUCER, consume, produce, router_codec, vp8};
use common::{Client, Node, TIMEOUT, pipes};
use hubbub_core::api::MediaKind;
use hubbub_wire::rtp::RtpPacket;

#[test]
fn media_of_one_worker_reaches_viewers_of_another() {
    let mut nodes = Node::workers(2);
    let mut sender = Client::connected(&mut nodes[0], 1);
    produce(&mut nodes[0], &sender);
    pipes::join(&mut nodes);
    pipes::carry(
        &mut nodes,
        (0, 1),
        PRODUCER,
        MediaKind::Video,
        router_codec(),
        &[],
    );
    let mut viewers: Vec<_> = (2..5)
        .map(|number| Client::connected(&mut nodes[1], number))
        .collect();
    for viewer in &viewers {
        consume(&mut nodes[1], viewer);
    }
    let sent: Vec<_> = (1..=40).map(|sequence| vp8(sequence, 1100)).collect();
    for packet in &sent {
        let protected = sender.protect(packet);
        sender.socket.send(&protected).expect("loopback");
    }
    for viewer in &mut viewers {
        for packet in &sent {
            let received = viewer.receive_rtp();
            let rtp = RtpPacket::parse(&received).expect("RTP");
            assert_eq!(rtp.payload(), &packet[12..]);
        }
    }
    // The counters are published every 10 ms while the worker is busy.
    let started = Instant::now();
    while nodes[0].worker.counters().rings.sent < 40 {
        assert!(
            started.elapsed() < TIMEOUT,
            "{:?}",
            nodes[0].worker.counters().rings
        );
        std::thread::yield_now();
    }
    assert_eq!(nodes[0].worker.counters().rings.dropped, 0);
}
