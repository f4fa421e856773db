//! Plain transports with real sockets.
#![allow(clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod common;

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

use common::media::{consume, consume_on, produce, produce_on, vp8};
use common::{Client, Node, ROUTER, TIMEOUT};
use hubbub_core::api::{
    Command, CommandError, PlainPorts, PlainRemote, ReplyBody, RouterId, TransportId,
};
use hubbub_wire::rtp::RtpPacket;

const PLAIN: TransportId = TransportId(50);

fn create(rtcp_mux: bool, comedia: bool) -> Command {
    Command::CreatePlainTransport {
        transport: PLAIN,
        router: ROUTER,
        rtcp_mux,
        comedia,
        srtp: false,
        sources: Vec::new(),
        ports: None,
    }
}

/// Creates a plain transport and returns its ports.
fn created(node: &mut Node, command: Command) -> PlainPorts {
    match node.command(command) {
        Ok(ReplyBody::Plain(ports)) => ports,
        other => panic!("expected ports, got {other:?}"),
    }
}

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    socket.set_read_timeout(Some(TIMEOUT)).expect("a timeout");
    socket
}

fn free_port() -> u16 {
    socket().local_addr().expect("bound").port()
}

fn is_free(port: u16) -> bool {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[test]
fn media_of_a_server_reaches_a_client() {
    let mut node = Node::start();
    let ports = created(&mut node, create(true, true));
    let server = socket();
    let mut viewer = Client::connected(&mut node, 2);
    produce_on(&mut node, PLAIN);
    consume(&mut node, &viewer);
    let packet = vp8(1, 1100);
    server
        .send_to(&packet, (Ipv4Addr::LOCALHOST, ports.rtp))
        .expect("loopback");
    let received = viewer.receive_rtp();
    assert_eq!(
        RtpPacket::parse(&received).unwrap().payload(),
        &packet[12..]
    );
}

#[test]
fn media_of_a_client_leaves_from_the_port_of_the_transport() {
    let mut node = Node::start();
    let mut sender = Client::connected(&mut node, 1);
    produce(&mut node, &sender);
    let ports = created(&mut node, create(true, false));
    let server = socket();
    let SocketAddr::V4(address) = server.local_addr().expect("bound") else {
        panic!("an IPv4 socket")
    };
    node.done(Command::ConnectPlainTransport {
        transport: PLAIN,
        remote: PlainRemote {
            ip: (*address.ip()).into(),
            port: address.port(),
            rtcp_port: None,
        },
    });
    consume_on(&mut node, PLAIN);
    let packet = vp8(1, 1100);
    let protected = sender.protect(&packet);
    sender.socket.send(&protected).expect("loopback");
    let mut buffer = [0; 2048];
    let (len, from) = server.recv_from(&mut buffer).expect("a packet");
    assert_eq!(from, (Ipv4Addr::LOCALHOST, ports.rtp).into());
    let received = RtpPacket::parse(&buffer[..len]).unwrap();
    assert_eq!(received.payload(), &packet[12..]);
}

#[test]
fn without_rtcp_mux_rtp_has_an_even_port_and_rtcp_the_next() {
    let mut node = Node::start();
    // The system chooses odd and even ports alike.
    for number in 0..16 {
        let mut command = create(false, true);
        if let Command::CreatePlainTransport { transport, .. } = &mut command {
            *transport = TransportId(100 + number);
        }
        let ports = created(&mut node, command);
        assert_eq!(ports.rtp % 2, 0);
        assert_eq!(ports.rtcp, Some(ports.rtp + 1));
    }
}

#[test]
fn ports_are_free_again_when_the_transport_is_closed() {
    let mut node = Node::start();
    let ports = created(&mut node, create(false, true));
    assert!(ports.all().all(|port| !is_free(port)));
    node.done(Command::CloseTransport { transport: PLAIN });
    assert!(ports.all().all(is_free));
}

#[test]
fn ports_are_free_again_when_the_router_is_closed() {
    let mut node = Node::start();
    let ports = created(&mut node, create(true, true));
    node.done(Command::CloseRouter { router: ROUTER });
    assert!(is_free(ports.rtp));
}

#[test]
fn a_refused_transport_keeps_no_port() {
    let port = free_port();
    let mut node = Node::with_plain_ports(port, port);
    let mut elsewhere = create(true, true);
    if let Command::CreatePlainTransport { router, .. } = &mut elsewhere {
        *router = RouterId(99);
    }
    assert_eq!(node.command(elsewhere), Err(CommandError::NotFound));
    assert!(is_free(port));
}

#[test]
fn a_range_that_is_used_up_refuses_transports() {
    let occupied = socket();
    let port = occupied.local_addr().expect("bound").port();
    let mut node = Node::with_plain_ports(port, port);
    assert_eq!(
        node.command(create(true, true)),
        Err(CommandError::LimitReached)
    );
    drop(occupied);
    assert_eq!(created(&mut node, create(true, true)).rtp, port);
}
