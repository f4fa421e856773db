//! ICE over TCP: clients whose network blocks UDP, and hostile connections to the TCP port.

mod common;

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};

use common::media::{consume, exchange, produce, vp8};
use common::tcp::{TcpLine, tcp_client};
use common::{Client, Line, Node};
use hubbub_core::api::{Command, IceState, Protocol};
use hubbub_io::{SpawnError, TcpCounters, TcpLimits};
use hubbub_wire::rtp::RtpPacket;
use hubbub_wire::stun::StunClass;
use hubbub_wire::testdata::framed;
use proptest::prelude::*;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A timeout that never expires within a test.
const LONG_US: u64 = 3_600_000_000;

/// A timeout that expires within a test, but not before a connectivity check on a busy machine.
const SHORT_US: u64 = 2_000_000;

fn node_with(limits: TcpLimits) -> Node {
    Node::with(LOOPBACK, Some(limits))
}

fn node_without_timeout() -> Node {
    node_with(TcpLimits {
        unpaired_timeout_us: LONG_US,
        ..TcpLimits::default()
    })
}

/// Waits until the TCP counters match.
fn await_counters(node: &Node, matches: impl Fn(TcpCounters) -> bool) {
    let deadline = std::time::Instant::now() + common::TIMEOUT;
    while !matches(node.worker.counters().tcp) {
        assert!(
            std::time::Instant::now() < deadline,
            "{:?}",
            node.worker.counters().tcp
        );
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

#[test]
fn connectivity_check_over_tcp_selects_the_connection() {
    let mut node = node_without_timeout();
    let mut client = tcp_client(&mut node, LOOPBACK, 1);
    assert_eq!(client.check(), StunClass::SuccessResponse);
    node.await_events();
    assert_eq!(
        node.events,
        [client.selected(IceState::Connected, LOOPBACK, Protocol::Tcp)]
    );
}

#[test]
fn media_is_forwarded_from_tcp_to_udp() {
    let mut node = node_without_timeout();
    let (sender, receiver) = (
        tcp_client(&mut node, LOOPBACK, 1),
        Client::new(&mut node, 2),
    );
    exchange(&mut node, sender, receiver);
}

#[test]
fn media_is_forwarded_from_udp_to_tcp() {
    let mut node = node_without_timeout();
    let (sender, receiver) = (
        Client::new(&mut node, 1),
        tcp_client(&mut node, LOOPBACK, 2),
    );
    exchange(&mut node, sender, receiver);
}

#[test]
fn media_is_forwarded_over_ipv6_by_udp_and_tcp() {
    let any = Ipv6Addr::UNSPECIFIED.into();
    let mut node = Node::with(any, Some(TcpLimits::default()));
    let (sender, receiver) = (
        Client::connecting_to(&mut node, Ipv6Addr::LOCALHOST, 1),
        tcp_client(&mut node, Ipv6Addr::LOCALHOST, 2),
    );
    exchange(&mut node, sender, receiver);
}

#[test]
fn dual_stack_node_reports_ipv4_clients_with_their_ipv4_address() {
    fn check<L: Line>(node: &mut Node, mut client: Client<L>, local: IpAddr, protocol: Protocol) {
        assert_eq!(client.check(), StunClass::SuccessResponse);
        node.await_events();
        let selected = client.selected(IceState::Connected, local, protocol);
        assert_eq!(node.events, [selected]);
    }

    let host = IpAddr::from([127, 0, 0, 2]);
    let start = || Node::with(Ipv6Addr::UNSPECIFIED.into(), Some(TcpLimits::default()));
    let mut node = start();
    let client = Client::connecting_to(&mut node, host, 1);
    check(&mut node, client, host, Protocol::Udp);
    let mut node = start();
    let client = tcp_client(&mut node, host, 1);
    check(&mut node, client, host, Protocol::Tcp);
}

#[test]
fn closed_connection_is_deselected() {
    let mut node = node_without_timeout();
    let mut client = tcp_client(&mut node, LOOPBACK, 1);
    client.check();
    node.await_events();
    node.events.clear();
    let unselected = client.selected(IceState::New, LOOPBACK, Protocol::Tcp);
    drop(client);
    node.await_events();
    assert_eq!(node.events, [unselected]);
    await_counters(&node, |tcp| tcp.connections == 0);
}

#[test]
fn slow_tcp_client_loses_the_oldest_video_and_does_not_affect_others() {
    let mut node = node_without_timeout();
    let mut sender = Client::connected(&mut node, 1);
    let mut reads = Client::connected(&mut node, 2);
    let mut slow = tcp_client(&mut node, LOOPBACK, 3);
    slow.connect(&mut node);
    produce(&mut node, &sender);
    consume(&mut node, &reads);
    consume(&mut node, &slow);
    let mut last = 0;
    while node.worker.counters().tcp.overflow.video == 0 {
        last += 1;
        assert!(last < 20_000, "nothing was dropped");
        let protected = sender.protect(&vp8(last, 1100));
        sender.socket.send(&protected).unwrap();
        reads.receive_rtp();
    }
    // When it reads again, it gets complete packets, up to the newest one.
    let mut former = None;
    while former != Some(u32::from(last) * 3000) {
        let received = slow.receive_rtp();
        let timestamp = RtpPacket::parse(&received).unwrap().timestamp();
        assert!(former.is_none_or(|former| former < timestamp));
        former = Some(timestamp);
    }
    let overflow = node.worker.counters().tcp.overflow;
    assert_eq!((overflow.audio, overflow.control), (0, 0));
}

#[test]
fn connection_without_a_valid_check_is_closed_and_one_with_it_stays() {
    let mut node = node_with(TcpLimits {
        unpaired_timeout_us: SHORT_US,
        ..TcpLimits::default()
    });
    let mut client = tcp_client(&mut node, LOOPBACK, 1);
    client.check();
    let mut silent = TcpLine::to(&node, LOOPBACK);
    let mut stranger = TcpLine::to(&node, LOOPBACK);
    stranger.send(b"GET / HTTP/1.1").unwrap();
    silent.await_end();
    stranger.await_end();
    assert_eq!(client.check(), StunClass::SuccessResponse);
    await_counters(&node, |tcp| (tcp.connections, tcp.accepted) == (1, 3));
}

#[test]
fn closing_a_transport_closes_its_connection() {
    let mut node = node_with(TcpLimits {
        unpaired_timeout_us: SHORT_US,
        ..TcpLimits::default()
    });
    let mut client = tcp_client(&mut node, LOOPBACK, 1);
    client.check();
    node.done(Command::CloseTransport {
        transport: client.transport,
    });
    client.socket.await_end();
}

#[test]
fn oversized_frame_closes_the_connection_at_once() {
    let node = node_without_timeout();
    let mut line = TcpLine::to(&node, LOOPBACK);
    line.0.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    line.await_end();
}

#[test]
fn connections_are_limited_per_address_and_in_total() {
    for (connections, per_address) in [(2, 9), (9, 2)] {
        let node = node_with(TcpLimits {
            connections,
            per_address,
            unpaired_timeout_us: LONG_US,
        });
        let first = TcpLine::to(&node, LOOPBACK);
        let _second = TcpLine::to(&node, LOOPBACK);
        TcpLine::to(&node, LOOPBACK).await_end();
        await_counters(&node, |tcp| (tcp.connections, tcp.refused) == (2, 1));
        drop(first);
        await_counters(&node, |tcp| tcp.connections == 1);
        let _third = TcpLine::to(&node, LOOPBACK);
        await_counters(&node, |tcp| tcp.connections == 2);
    }
}

#[test]
fn connections_without_a_valid_pair_give_way_to_newcomers_from_other_addresses() {
    let mut node = node_with(TcpLimits {
        connections: 5,
        per_address: 3,
        unpaired_timeout_us: LONG_US,
    });
    let from = |node: &Node, host: u8| TcpLine::from(node, [127, 0, 0, host].into());
    // Of five connections, three are from one address without a valid pair.
    let mut valid = Vec::new();
    for number in [1, 2] {
        let line = from(&node, 2);
        let mut client = Client::over(line, &mut node, number);
        assert_eq!(client.check(), StunClass::SuccessResponse);
        valid.push(client);
    }
    let mut idle = [from(&node, 3), from(&node, 3), from(&node, 3)];
    await_counters(&node, |tcp| tcp.accepted == 5);
    // They are closed for a client from another address, the oldest first, and not for one from their own.
    from(&node, 3).await_end();
    for (number, idle) in (4..).zip(&mut idle) {
        let line = from(&node, number);
        let mut newcomer = Client::over(line, &mut node, number.into());
        assert_eq!(newcomer.check(), StunClass::SuccessResponse);
        valid.push(newcomer);
        idle.await_end();
    }
    // Valid pairs give way to nobody.
    from(&node, 9).await_end();
    for client in &mut valid {
        assert_eq!(client.check(), StunClass::SuccessResponse);
    }
    await_counters(&node, |tcp| {
        (tcp.connections, tcp.accepted, tcp.refused, tcp.displaced) == (5, 8, 2, 3)
    });
}

#[test]
fn worker_without_tcp_has_no_listener() {
    let node = Node::with(LOOPBACK, None);
    assert!(TcpStream::connect(node.worker.address()).is_err());
}

#[test]
fn spawn_error_names_the_tcp_port_that_is_in_use() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address: SocketAddr = taken.local_addr().unwrap();
    let error = Node::spawn(address, Some(TcpLimits::default())).unwrap_err();
    assert!(matches!(error, SpawnError::Listen(named, _) if named == address));
    assert!(error.to_string().contains(&format!("TCP {address}")));
}

#[test]
fn arbitrary_streams_of_strangers_do_not_affect_a_client() {
    let mut node = node_without_timeout();
    let mut client = tcp_client(&mut node, LOOPBACK, 1);
    let junk = prop::collection::vec(any::<u8>(), 1..4_000);
    let frames = prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..20)
        .prop_map(|datagrams| framed(&datagrams));
    let streams = prop::collection::vec(prop_oneof![junk, frames], 1..5);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(50));
    let client = std::cell::RefCell::new(&mut client);
    runner
        .run(&(streams, 1..700usize), |(streams, piece)| {
            for bytes in streams {
                let mut line = TcpLine::to(&node, LOOPBACK);
                // The node may close the connection before everything is written.
                for part in bytes.chunks(piece) {
                    let _ = line.0.write_all(part);
                }
            }
            prop_assert_eq!(client.borrow_mut().check(), StunClass::SuccessResponse);
            Ok(())
        })
        .unwrap();
    assert_eq!(node.worker.counters().worker.faults, 0);
    await_counters(&node, |tcp| tcp.connections == 1);
}
