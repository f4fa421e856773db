//! Links between real worker threads as of two nodes, over UDP.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod common;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::media::{PRODUCER, TRANSPORT_CC, consume, produce, router_codec, vp8};
use common::{Client, Node, TIMEOUT, pipes};
use hubbub_core::api::{
    CodecMapping, Command, CommandError, ExtensionMapping, IceState, MediaKind, ReplyBody,
    TransportStats,
};
use hubbub_wire::rtp::RtpPacket;
use hubbub_wire::{ExtensionKind, PacketKind};

/// Two workers on a loopback address, each of its own node.
fn two_nodes(host: impl Into<IpAddr>) -> Vec<Node> {
    let host = host.into();
    (0..2).map(|_| Node::bound_to(host)).collect()
}

fn addresses(nodes: &[Node]) -> [SocketAddr; 2] {
    [nodes[0].worker.address(), nodes[1].worker.address()]
}

/// Carries the producer from the first node to the second, with RTX and feedback.
fn carry(nodes: &mut [Node]) {
    let codec = CodecMapping {
        rtx_payload_type: Some(102),
        ..router_codec()
    };
    let extension = ExtensionMapping {
        kind: ExtensionKind::TransportCc,
        id: TRANSPORT_CC,
    };
    let kind = MediaKind::Video;
    pipes::carry(nodes, (0, 1), PRODUCER, kind, codec, &[extension]);
}

fn send(sender: &mut Client, sequences: std::ops::Range<u16>) {
    for sequence in sequences {
        let protected = sender.protect(&vp8(sequence, 1_100));
        sender.socket.send(&protected).expect("loopback");
    }
}

/// Receives until a packet of each of these numbers has arrived.
fn receive(viewer: &mut Client, sequences: std::ops::Range<u16>) {
    for sequence in sequences {
        let received = viewer.receive_rtp();
        let rtp = RtpPacket::parse(&received).expect("RTP");
        assert_eq!(rtp.payload(), &vp8(sequence, 1_100)[12..]);
    }
}

fn link_stats(node: &mut Node) -> TransportStats {
    let transport = pipes::between(0, 1);
    match node.command(Command::TransportStats { transport }) {
        Ok(ReplyBody::Transport(stats)) => *stats,
        other => panic!("{other:?}"),
    }
}

/// Asks until it is so.
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < TIMEOUT, "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Two ports between the nodes: each takes the datagrams of one for the other.
struct Relay {
    addresses: [SocketAddr; 2],
    is_cut: Arc<AtomicBool>,
    /// RTP packets to lose from now on.
    to_lose: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Relay {
    /// `addresses[n]` is where the other node reaches node `n`.
    fn between(nodes: &[Node]) -> Self {
        let socket = || {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
            let timeout = Some(Duration::from_millis(20));
            socket.set_read_timeout(timeout).expect("a timeout");
            Arc::new(socket)
        };
        let sockets = [socket(), socket()];
        let mut relay = Self {
            addresses: [0, 1].map(|side: usize| sockets[side].local_addr().expect("bound")),
            is_cut: Arc::default(),
            to_lose: Arc::default(),
            is_over: Arc::default(),
            threads: Vec::new(),
        };
        for (side, target) in addresses(nodes).into_iter().enumerate() {
            let (arrives, leaves) = (Arc::clone(&sockets[side]), Arc::clone(&sockets[1 - side]));
            let is_cut = Arc::clone(&relay.is_cut);
            let to_lose = Arc::clone(&relay.to_lose);
            let is_over = Arc::clone(&relay.is_over);
            relay.threads.push(thread::spawn(move || {
                let mut buffer = [0; 2_000];
                while !is_over.load(Ordering::Relaxed) {
                    let Ok(len) = arrives.recv(&mut buffer) else {
                        continue;
                    };
                    let datagram = &buffer[..len];
                    let is_rtp = PacketKind::of(datagram) == PacketKind::Linked
                        && PacketKind::of(&datagram[4..]) == PacketKind::Rtp;
                    let is_lost = is_rtp
                        && to_lose
                            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                                left.checked_sub(1)
                            })
                            .is_ok();
                    if !is_lost && !is_cut.load(Ordering::Relaxed) {
                        leaves.send_to(datagram, target).expect("loopback");
                    }
                }
            }));
        }
        relay
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn media_reaches_viewers_of_another_node(host: impl Into<IpAddr>) {
    let host = host.into();
    let mut nodes = two_nodes(host);
    let mut sender = Client::connecting_to(&mut nodes[0], host, 1);
    sender.connect(&mut nodes[0]);
    produce(&mut nodes[0], &sender);
    let reached_at = addresses(&nodes);
    pipes::join_nodes(&mut nodes, reached_at);
    carry(&mut nodes);
    let mut viewers: Vec<_> = (2..4)
        .map(|number| {
            let mut viewer = Client::connecting_to(&mut nodes[1], host, number);
            viewer.connect(&mut nodes[1]);
            viewer
        })
        .collect();
    for viewer in &viewers {
        consume(&mut nodes[1], viewer);
    }
    send(&mut sender, 1..41);
    for viewer in &mut viewers {
        receive(viewer, 1..41);
    }
    // The other node has reported on what arrived.
    wait_until("feedback", || {
        link_stats(&mut nodes[0]).feedback_packets >= 40
    });
    let stats = link_stats(&mut nodes[0]);
    assert_eq!((stats.feedback_lost, stats.srtp_errors), (0, 0));
    assert!(stats.rtt_us.is_some_and(|rtt| rtt < 1_000_000));
    wait_until("the counter", || {
        nodes[0].worker.counters().worker.linked_sent >= 40
    });
}

#[test]
fn media_of_one_node_reaches_viewers_of_another() {
    media_reaches_viewers_of_another_node(Ipv4Addr::LOCALHOST);
}

#[test]
fn media_of_one_node_reaches_viewers_of_another_over_ipv6() {
    media_reaches_viewers_of_another_node(Ipv6Addr::LOCALHOST);
}

/// A sender on one node and a viewer on the other, between which a relay is. Ten packets have arrived.
struct RelayedCall {
    nodes: Vec<Node>,
    relay: Relay,
    sender: Client,
    viewer: Client,
}

impl RelayedCall {
    fn new() -> Self {
        let mut nodes = two_nodes(Ipv4Addr::LOCALHOST);
        let relay = Relay::between(&nodes);
        let mut sender = Client::connected(&mut nodes[0], 1);
        produce(&mut nodes[0], &sender);
        pipes::join_nodes(&mut nodes, relay.addresses);
        carry(&mut nodes);
        let mut viewer = Client::connected(&mut nodes[1], 2);
        consume(&mut nodes[1], &viewer);
        send(&mut sender, 1..11);
        receive(&mut viewer, 1..11);
        Self {
            nodes,
            relay,
            sender,
            viewer,
        }
    }
}

#[test]
fn what_the_network_loses_is_repaired() {
    let RelayedCall {
        nodes: _nodes,
        relay,
        mut sender,
        mut viewer,
    } = RelayedCall::new();
    relay.to_lose.store(3, Ordering::Relaxed);
    send(&mut sender, 11..31);
    let mut numbers: Vec<_> = (11..31)
        .map(|_| {
            let received = viewer.receive_rtp();
            let payload = RtpPacket::parse(&received).expect("RTP").payload().to_vec();
            u16::from_be_bytes([payload[2] & 0x7F, payload[3]])
        })
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (11..31).collect::<Vec<_>>());
    assert_eq!(relay.to_lose.load(Ordering::Relaxed), 0);
}

#[test]
fn a_link_that_is_cut_is_disconnected_and_comes_back() {
    let RelayedCall {
        mut nodes,
        relay,
        mut sender,
        mut viewer,
    } = RelayedCall::new();
    let cut_at = Instant::now();
    relay.is_cut.store(true, Ordering::Relaxed);
    for node in &mut nodes {
        assert_eq!(pipes::await_state(node), IceState::Disconnected);
    }
    assert!(cut_at.elapsed() > Duration::from_secs(2));
    relay.is_cut.store(false, Ordering::Relaxed);
    for node in &mut nodes {
        assert_eq!(pipes::await_state(node), IceState::Connected);
    }
    send(&mut sender, 11..21);
    // A stream that stood still begins with the picture that was sent last.
    let last = vp8(10, 1_100);
    let mut received = viewer.receive_rtp();
    while RtpPacket::parse(&received).expect("RTP").payload() == &last[12..] {
        received = viewer.receive_rtp();
    }
    let first = RtpPacket::parse(&received).expect("RTP");
    assert_eq!(first.payload(), &vp8(11, 1_100)[12..]);
    receive(&mut viewer, 12..21);
}

#[test]
fn a_stranger_changes_nothing() {
    let mut nodes = two_nodes(Ipv4Addr::LOCALHOST);
    let mut sender = Client::connected(&mut nodes[0], 1);
    produce(&mut nodes[0], &sender);
    let reached_at = addresses(&nodes);
    pipes::join_nodes(&mut nodes, reached_at);
    carry(&mut nodes);
    let mut viewer = Client::connected(&mut nodes[1], 2);
    consume(&mut nodes[1], &viewer);
    let before = nodes[1].worker.counters().worker.dropped_stun;
    let stranger = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    for datagram in [
        &[0x40, 1, 2, 3, 0x80, 101][..],
        &[0x4F; 1_200],
        &[0, 1, 0, 0],
    ] {
        stranger.send_to(datagram, reached_at[1]).expect("loopback");
    }
    wait_until("the datagrams have been dropped", || {
        let counters = nodes[1].worker.counters().worker;
        counters.dropped_unknown_address == 2 && counters.dropped_stun > before
    });
    send(&mut sender, 1..11);
    receive(&mut viewer, 1..11);
    let transport = hubbub_core::api::TransportId(77);
    let unknown = nodes[1].command(Command::TransportStats { transport });
    assert_eq!(unknown, Err(CommandError::NotFound));
}
