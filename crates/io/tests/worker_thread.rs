//! A worker thread with real sockets.

mod common;

use std::net::{Ipv4Addr, UdpSocket};
use std::thread;
use std::time::Duration;

use common::media::{ABS_SEND_TIME, consume, consume_with_rtx, produce, vp8};
use common::{Client, Node, ROUTER};
use hubbub_core::api::{CloseReason, Command, Event, IceState, Protocol, RouterId};
use hubbub_io::SpawnError;
use hubbub_wire::rtp::RtpPacket;
use hubbub_wire::stun::StunClass;

#[test]
fn binding_request_is_answered() {
    let mut node = Node::start();
    let mut client = Client::new(&mut node, 1);
    assert_eq!(client.check(), StunClass::SuccessResponse);
}

#[test]
fn worker_on_the_unspecified_address_answers_from_the_address_that_the_client_sent_to() {
    let mut node = Node::bound_to(Ipv4Addr::UNSPECIFIED.into());
    let host = Ipv4Addr::new(127, 0, 0, 2);
    let mut client = Client::connecting_to(&mut node, host, 1);
    assert_eq!(client.check(), StunClass::SuccessResponse);
    node.await_events();
    assert_eq!(
        node.events,
        [client.selected(IceState::Connected, host.into(), Protocol::Udp)]
    );
}

#[test]
fn worker_on_the_unspecified_address_sends_media_from_the_address_that_the_client_sent_to() {
    let mut node = Node::bound_to(Ipv4Addr::UNSPECIFIED.into());
    let mut sender = Client::connecting_to(&mut node, Ipv4Addr::new(127, 0, 0, 2), 1);
    let mut receiver = Client::connecting_to(&mut node, Ipv4Addr::new(127, 0, 0, 3), 2);
    sender.connect(&mut node);
    receiver.connect(&mut node);
    produce(&mut node, &sender);
    consume(&mut node, &receiver);
    let sent = [1, 2, 3].map(|sequence| vp8(sequence, 1100));
    for packet in &sent {
        let protected = sender.protect(packet);
        sender.socket.send(&protected).unwrap();
    }
    for packet in &sent {
        let received = receiver.receive_rtp();
        let rtp = RtpPacket::parse(&received).unwrap();
        assert_eq!(rtp.payload(), &packet[12..]);
    }
}

#[test]
fn burst_reaches_every_consumer_in_order() {
    let mut node = Node::start();
    let mut sender = Client::connected(&mut node, 1);
    let mut receivers = [2, 3, 4].map(|number| Client::connected(&mut node, number));
    produce(&mut node, &sender);
    receivers
        .iter()
        .for_each(|receiver| consume(&mut node, receiver));
    let sent: Vec<_> = (1..=20).map(|sequence| vp8(sequence, 1100)).collect();
    for packet in &sent {
        let protected = sender.protect(packet);
        sender.socket.send(&protected).unwrap();
    }
    for receiver in &mut receivers {
        let first = RtpPacket::parse(&receiver.receive_rtp())
            .unwrap()
            .sequence_number();
        for (nth, packet) in sent.iter().enumerate().skip(1) {
            let received = receiver.receive_rtp();
            let rtp = RtpPacket::parse(&received).unwrap();
            assert_eq!(rtp.sequence_number(), first.wrapping_add(nth as u16));
            assert_eq!(rtp.payload(), &packet[12..]);
        }
    }
}

#[test]
fn workers_of_a_process_share_one_clock() {
    // With a clock of its own, the second worker would be this much behind the first.
    let mut nodes = Node::workers_started(2, || thread::sleep(Duration::from_secs(2)));
    let mut streams: Vec<_> = nodes
        .iter_mut()
        .map(|node| {
            let sender = Client::connected(node, 1);
            let receiver = Client::connected(node, 2);
            produce(node, &sender);
            consume_with_rtx(node, &receiver);
            (sender, receiver)
        })
        .collect();
    let mut times = Vec::new();
    for sequence in 1..=3 {
        for (sender, receiver) in &mut streams {
            let protected = sender.protect(&vp8(sequence, 1100));
            sender.socket.send(&protected).unwrap();
            let received = receiver.receive_rtp();
            let rtp = RtpPacket::parse(&received).unwrap();
            let [high, middle, low] = rtp.extension(ABS_SEND_TIME).unwrap() else {
                panic!("{rtp:?}");
            };
            times.push(u32::from_be_bytes([0, *high, *middle, *low]));
        }
    }
    for pair in times.windows(2) {
        // Each was sent after the one before. In 24 bits, units of 2^-18 s.
        let back = pair[0].wrapping_sub(pair[1]) & 0xff_ffff;
        // What is taken off for the time that a packet has waited in the socket may be wrong by a second.
        assert!(back > 1 << 23 || back <= 1 << 18, "{times:?}");
    }
}

#[test]
fn client_with_a_closed_port_does_not_affect_the_others() {
    let mut node = Node::start();
    let mut sender = Client::connected(&mut node, 1);
    let [gone, mut stays] = [2, 3].map(|number| Client::connected(&mut node, number));
    produce(&mut node, &sender);
    consume(&mut node, &gone);
    consume(&mut node, &stays);
    drop(gone);
    for sequence in 1..=20 {
        let protected = sender.protect(&vp8(sequence, 1100));
        sender.socket.send(&protected).unwrap();
        let received = stays.receive_rtp();
        assert_eq!(
            RtpPacket::parse(&received).unwrap().timestamp(),
            u32::from(sequence) * 3000
        );
    }
}

#[test]
fn closed_event_reaches_the_queue_before_the_reply() {
    let mut node = Node::start();
    let client = Client::new(&mut node, 1);
    node.done(Command::CloseRouter { router: ROUTER });
    let reason = CloseReason::RouterClosed;
    assert_eq!(
        node.events,
        [Event::TransportClosed {
            transport: client.transport,
            reason
        }]
    );
}

#[test]
fn event_that_is_not_urgent_is_delivered_without_a_further_event() {
    let mut node = Node::start();
    let mut client = Client::new(&mut node, 1);
    client.check();
    node.await_events();
    assert!(
        matches!(node.events[..], [Event::IceSelected { .. }]),
        "{:?}",
        node.events
    );
}

#[test]
fn shutdown_executes_the_submitted_commands() {
    let node = Node::start();
    for request in 0..1000 {
        node.worker
            .submit(
                request,
                Command::CreateRouter {
                    router: RouterId(100 + request),
                },
            )
            .unwrap();
    }
    node.worker.shutdown();
    assert_eq!(node.queue.drain().len(), 1000);
}

#[test]
fn port_is_free_after_the_shutdown() {
    let node = Node::start();
    let address = node.worker.address();
    node.worker.shutdown();
    UdpSocket::bind(address).unwrap();
}

#[test]
fn spawn_error_names_the_udp_port_that_is_in_use() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let error = Node::spawn(address, None).unwrap_err();
    assert!(matches!(error, SpawnError::Bind(named, _) if named == address));
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}

#[test]
fn counters_include_sent_and_received_datagrams() {
    let mut node = Node::start();
    let mut client = Client::new(&mut node, 1);
    client.check();
    while node.worker.counters().sent.datagrams == 0 {
        std::thread::yield_now();
    }
    let counters = node.worker.counters();
    assert_eq!(
        (
            counters.worker.packets_received,
            counters.sent.datagrams,
            counters.worker.transports
        ),
        (1, 1, 1)
    );
    assert!(counters.cpu_us > 0);
}
