use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use hubbub_core::Priority;
use hubbub_core::api::Path;

use super::{ReceiveBatch, SendBatch};
use crate::LONGEST_DATAGRAM;
use crate::gso::{Limits, Outgoing, Plan};
use crate::socket::WorkerSocket;

fn bound(host: &str) -> WorkerSocket {
    WorkerSocket::bind(SocketAddr::new(host.parse().unwrap(), 0)).unwrap()
}

/// Sends datagrams over `path`; how many messages they were.
fn send(sender: &WorkerSocket, path: Path, datagrams: &[&[u8]], limits: Limits) -> usize {
    let entries: Vec<_> = datagrams
        .iter()
        .map(|bytes| Outgoing {
            bytes,
            path,
            priority: Priority::Video,
        })
        .collect();
    let mut plan = Plan::default();
    plan.make(&entries, limits);
    SendBatch::default()
        .send(sender, &entries, plan.order(), plan.messages())
        .unwrap()
}

/// What waits in the socket, with what it came over.
fn received(receiver: &WorkerSocket) -> Vec<(Path, Vec<u8>)> {
    let mut batch = ReceiveBatch::new();
    batch.receive(receiver).unwrap();
    batch
        .datagrams()
        .map(|(path, bytes)| (path, bytes.to_vec()))
        .collect()
}

/// From one socket of this address to another one.
fn exchange(host: &str, datagrams: &[&[u8]], limits: Limits) -> (usize, Vec<Vec<u8>>) {
    let (sender, receiver) = (bound(host), bound(host));
    let path = |remote: &WorkerSocket| Path::udp(host.parse().unwrap(), remote.address());
    let messages = send(&sender, path(&receiver), datagrams, limits);
    let (paths, bytes): (Vec<_>, _) = received(&receiver).into_iter().unzip();
    assert_eq!(paths, vec![path(&sender); datagrams.len()]);
    (messages, bytes)
}

/// A datagram to an address of a socket that is bound to none, and one message of each kind back over what it came.
fn round_trip(any: &str, client: &str, asked: &str) {
    let (server, client) = (bound(any), bound(client));
    let port = server.address().port();
    let asked = SocketAddr::new(asked.parse().unwrap(), port);
    let ask = Path::udp(client.address().ip(), asked);
    send(&client, ask, &[b"question"], Limits::default());
    let [(path, _)] = received(&server)[..] else {
        panic!("one datagram was sent");
    };
    assert_eq!(path, Path::udp(asked.ip(), client.address()));
    for (answers, messages) in [(1, 1), (3, 1)] {
        let sent = send(
            &server,
            path,
            &vec![&b"answer"[..]; answers],
            Limits::default(),
        );
        assert_eq!(sent, messages);
        let back = vec![(ask, b"answer".to_vec()); answers];
        assert_eq!(received(&client), back);
    }
}

#[test]
fn an_answer_leaves_from_the_address_that_was_asked() {
    round_trip("0.0.0.0", "127.0.0.1", "127.0.0.2");
}

#[test]
fn an_answer_over_ipv6_leaves_from_the_address_that_was_asked() {
    round_trip("::", "::1", "::1");
}

#[test]
fn a_socket_of_both_families_answers_ipv4_from_the_address_that_was_asked() {
    round_trip("::", "127.0.0.1", "127.0.0.2");
}

#[test]
fn datagrams_leave_from_as_many_addresses_as_their_paths_have() {
    let (server, client) = (bound("0.0.0.0"), bound("127.0.0.1"));
    let locals = [[127, 0, 0, 2], [127, 0, 0, 3], [127, 0, 0, 1]];
    let entries = locals.map(|local| Outgoing {
        bytes: b"x",
        path: Path::udp(local.into(), client.address()),
        priority: Priority::Video,
    });
    let mut plan = Plan::default();
    plan.make(&entries, Limits::default());
    let sent = SendBatch::default().send(&server, &entries, plan.order(), plan.messages());
    assert_eq!(sent.unwrap(), 3);
    let sources: Vec<_> = received(&client)
        .iter()
        .map(|(path, _)| path.remote.ip())
        .collect();
    assert_eq!(sources, locals.map(IpAddr::from));
}

#[test]
fn a_segmented_message_arrives_as_the_datagrams_that_went_in() {
    let datagrams: [&[u8]; 4] = [&[1; 1100], &[2; 1100], &[3; 1100], &[4; 7]];
    let (messages, received) = exchange("127.0.0.1", &datagrams, Limits::default());
    assert_eq!(messages, 1);
    assert_eq!(received, datagrams);
}

#[test]
fn without_segmentation_each_datagram_is_a_message_of_one_call() {
    let datagrams: [&[u8]; 3] = [&[1; 1100], &[2; 1100], &[3; 20]];
    let (messages, received) = exchange("127.0.0.1", &datagrams, Limits::OFF);
    assert_eq!(messages, 3);
    assert_eq!(received, datagrams);
}

#[test]
fn addresses_of_ipv6_are_carried_too() {
    let datagrams: [&[u8]; 2] = [&[1; 100], &[2; 100]];
    assert_eq!(
        exchange("::1", &datagrams, Limits::default()),
        (1, datagrams.map(<[u8]>::to_vec).to_vec())
    );
}

#[test]
fn a_datagram_that_does_not_fit_is_skipped() {
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    let receiver = bound("127.0.0.1");
    sender
        .send_to(&[0; LONGEST_DATAGRAM + 1], receiver.address())
        .unwrap();
    sender
        .send_to(&[1; LONGEST_DATAGRAM], receiver.address())
        .unwrap();
    let mut batch = ReceiveBatch::new();
    assert_eq!(batch.receive(&receiver).unwrap(), 2);
    let received: Vec<_> = batch.datagrams().map(|(_, bytes)| bytes.to_vec()).collect();
    assert_eq!(received, [[1; LONGEST_DATAGRAM]]);
}

#[test]
fn an_empty_socket_says_that_it_would_block() {
    let error = ReceiveBatch::new()
        .receive(&bound("127.0.0.1"))
        .unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
}
