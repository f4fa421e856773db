//! Clients whose network lets no UDP through, and what strangers do to the port that is open for them.

mod common;

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::sync::Arc;

use common::media::{consume, exchange, produce, vp8};
use common::tcp::{TcpLine, calling};
use common::{Client, Line, Node};
use hubbub_core::WorkerConfig;
use hubbub_core::api::{Command, Event, IceState, Protocol};
use hubbub_io::{EventQueue, SpawnError, TcpCounters, TcpLimits, ThreadOptions, WorkerThread};
use hubbub_wire::rtp::RtpPacket;
use hubbub_wire::stun::StunClass;
use proptest::prelude::*;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Patience for whatever should not happen within a test.
const LONG_US: u64 = 3_600_000_000;

/// Patience for what should: long enough for a busy machine to make a check.
const SHORT_US: u64 = 2_000_000;

fn node_with(limits: TcpLimits) -> Node {
    Node::with(LOOPBACK, Some(limits))
}

fn patient_node() -> Node {
    node_with(TcpLimits {
        patience_us: LONG_US,
        ..TcpLimits::default()
    })
}

/// Waits until the counters are as wanted.
fn await_counters(node: &Node, wanted: impl Fn(TcpCounters) -> bool) {
    let deadline = std::time::Instant::now() + common::PATIENCE;
    while !wanted(node.worker.counters().tcp) {
        assert!(
            std::time::Instant::now() < deadline,
            "{:?}",
            node.worker.counters().tcp
        );
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

#[test]
fn a_check_over_a_connection_selects_it() {
    let mut node = patient_node();
    let mut client = calling(&mut node, LOOPBACK, 1);
    assert_eq!(client.check(), StunClass::SuccessResponse);
    node.await_events();
    assert_eq!(
        node.events,
        [Event::IceSelected {
            transport: client.transport,
            state: IceState::Connected,
            local: LOOPBACK,
            remote: client.socket.address(),
            protocol: Protocol::Tcp,
        }]
    );
}

#[test]
fn media_goes_from_tcp_to_udp() {
    let mut node = patient_node();
    let (sender, receiver) = (calling(&mut node, LOOPBACK, 1), Client::new(&mut node, 2));
    exchange(&mut node, sender, receiver);
}

#[test]
fn media_goes_from_udp_to_tcp() {
    let mut node = patient_node();
    let (sender, receiver) = (Client::new(&mut node, 1), calling(&mut node, LOOPBACK, 2));
    exchange(&mut node, sender, receiver);
}

#[test]
fn media_goes_over_ipv6_by_either_protocol() {
    let any = Ipv6Addr::UNSPECIFIED.into();
    let mut node = Node::with(any, Some(TcpLimits::default()));
    let (sender, receiver) = (
        Client::calling(&mut node, Ipv6Addr::LOCALHOST, 1),
        calling(&mut node, Ipv6Addr::LOCALHOST, 2),
    );
    exchange(&mut node, sender, receiver);
}

#[test]
fn a_node_of_both_families_knows_clients_of_ipv4_by_their_address() {
    let any = Ipv6Addr::UNSPECIFIED.into();
    let asked = Ipv4Addr::new(127, 0, 0, 2);
    for by_tcp in [false, true] {
        let mut node = Node::with(any, Some(TcpLimits::default()));
        let remote = if by_tcp {
            let mut client = calling(&mut node, asked, 1);
            assert_eq!(client.check(), StunClass::SuccessResponse);
            client.socket.address()
        } else {
            let mut client = Client::calling(&mut node, asked, 1);
            assert_eq!(client.check(), StunClass::SuccessResponse);
            client.socket.address()
        };
        node.await_events();
        let [
            Event::IceSelected {
                local,
                remote: told,
                ..
            },
        ] = node.events[..]
        else {
            panic!("{:?}", node.events);
        };
        assert_eq!((local, told), (asked.into(), remote));
    }
}

#[test]
fn a_connection_that_ends_is_no_pair_any_more() {
    let mut node = patient_node();
    let mut client = calling(&mut node, LOOPBACK, 1);
    client.check();
    node.await_events();
    node.events.clear();
    let (transport, remote) = (client.transport, client.socket.address());
    drop(client);
    node.await_events();
    assert_eq!(
        node.events,
        [Event::IceSelected {
            transport,
            state: IceState::New,
            local: LOOPBACK,
            remote,
            protocol: Protocol::Tcp,
        }]
    );
    await_counters(&node, |tcp| tcp.connections == 0);
}

#[test]
fn a_client_that_does_not_read_loses_the_oldest_video_and_disturbs_nobody() {
    let mut node = patient_node();
    let mut sender = Client::connected(&mut node, 1);
    let mut reads = Client::connected(&mut node, 2);
    let mut slow = calling(&mut node, LOOPBACK, 3);
    slow.connect(&mut node);
    produce(&mut node, &sender);
    consume(&mut node, &reads);
    consume(&mut node, &slow);
    let mut last = 0;
    while node.worker.counters().tcp.overflow.video == 0 {
        last += 1;
        assert!(last < 20_000, "nothing was given up");
        let protected = sender.protect(&vp8(last, 1100));
        sender.socket.send(&protected).unwrap();
        reads.receive_rtp();
    }
    // What it gets when it reads again is whole, and the last of it is the newest.
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
fn a_connection_without_a_good_check_is_closed_and_one_with_it_stays() {
    let mut node = node_with(TcpLimits {
        patience_us: SHORT_US,
        ..TcpLimits::default()
    });
    let mut client = calling(&mut node, LOOPBACK, 1);
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
fn the_connection_of_a_transport_that_is_closed_is_closed() {
    let mut node = node_with(TcpLimits {
        patience_us: SHORT_US,
        ..TcpLimits::default()
    });
    let mut client = calling(&mut node, LOOPBACK, 1);
    client.check();
    node.done(Command::CloseTransport {
        transport: client.transport,
    });
    client.socket.await_end();
}

#[test]
fn a_frame_that_is_too_long_closes_the_connection_at_once() {
    let node = patient_node();
    let mut line = TcpLine::to(&node, LOOPBACK);
    line.0.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    line.await_end();
}

#[test]
fn there_are_no_more_connections_than_allowed_from_one_address_or_in_all() {
    for (connections, per_address) in [(2, 9), (9, 2)] {
        let node = node_with(TcpLimits {
            connections,
            per_address,
            patience_us: LONG_US,
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
fn a_worker_without_tcp_has_no_listener() {
    let node = Node::with(LOOPBACK, None);
    assert!(TcpStream::connect(node.worker.address()).is_err());
}

#[test]
fn a_tcp_port_that_is_taken_is_an_error_that_names_it() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address: SocketAddr = taken.local_addr().unwrap();
    let options = ThreadOptions {
        tcp: Some(TcpLimits::default()),
        ..ThreadOptions::default()
    };
    let events = Arc::new(EventQueue::new().unwrap());
    let error = WorkerThread::spawn(0, address, WorkerConfig::default(), options, events)
        .map(|_| ())
        .unwrap_err();
    assert!(matches!(error, SpawnError::Listen(named, _) if named == address));
    assert!(error.to_string().contains(&format!("TCP {address}")));
}

#[test]
fn whatever_strangers_send_does_not_disturb_a_client() {
    let mut node = patient_node();
    let mut client = calling(&mut node, LOOPBACK, 1);
    let junk = prop::collection::vec(any::<u8>(), 1..4_000);
    let framed = prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..20).prop_map(
        |datagrams| {
            datagrams
                .iter()
                .flat_map(|bytes| [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat())
                .collect()
        },
    );
    let streams = prop::collection::vec(prop_oneof![junk, framed], 1..5);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(50));
    let client = std::cell::RefCell::new(&mut client);
    runner
        .run(&(streams, 1..700usize), |(streams, piece)| {
            for bytes in streams {
                let mut line = TcpLine::to(&node, LOOPBACK);
                // It may have been closed before all of it is written.
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
