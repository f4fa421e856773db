use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hubbub_core::Priority;
use hubbub_core::api::Path;

use super::send_batch::SendBatch;
use super::{ReceiveBatch, WorkerSocket};
use crate::LONGEST_DATAGRAM;
use crate::segmentation::{RouteLimits, SegmentationLimits};
use crate::send_plan::{Outgoing, SendPlan};

fn bound(host: &str) -> WorkerSocket {
    WorkerSocket::bind(SocketAddr::new(host.parse().unwrap(), 0)).unwrap()
}

/// Sends datagrams over `path`; returns the number of messages.
fn send(
    sender: &WorkerSocket,
    path: Path,
    datagrams: &[&[u8]],
    limits: SegmentationLimits,
) -> usize {
    let entries: Vec<_> = datagrams
        .iter()
        .map(|bytes| Outgoing {
            bytes,
            path,
            priority: Priority::Video,
        })
        .collect();
    let mut plan = SendPlan::default();
    let mut routes = RouteLimits::default();
    routes.learn(path, limits);
    plan.make(&entries, &routes);
    SendBatch::default()
        .send(sender, &entries, plan.order(), plan.messages())
        .unwrap()
}

/// Receives the queued datagrams, with their paths.
fn received(receiver: &WorkerSocket) -> Vec<(Path, Vec<u8>)> {
    let mut batch = ReceiveBatch::new();
    batch.receive(receiver).unwrap();
    batch
        .datagrams()
        .map(|(path, _, bytes)| (path, bytes.to_vec()))
        .collect()
}

/// Sends datagrams between two sockets of one address; returns the number of messages and the received datagrams.
fn exchange(host: &str, datagrams: &[&[u8]], limits: SegmentationLimits) -> (usize, Vec<Vec<u8>>) {
    let (sender, receiver) = (bound(host), bound(host));
    let path = |remote: &WorkerSocket| Path::udp(host.parse().unwrap(), remote.address());
    let messages = send(&sender, path(&receiver), datagrams, limits);
    let (paths, bytes): (Vec<_>, _) = received(&receiver).into_iter().unzip();
    assert_eq!(paths, vec![path(&sender); datagrams.len()]);
    (messages, bytes)
}

/// Sends a datagram to one address of a socket that is bound to the unspecified address, and a single and a segmented
/// message back over its path.
fn round_trip(any: &str, client: &str, asked: &str) {
    let (server, client) = (bound(any), bound(client));
    let port = server.address().port();
    let asked = SocketAddr::new(asked.parse().unwrap(), port);
    let ask = Path::udp(client.address().ip(), asked);
    send(&client, ask, &[b"question"], SegmentationLimits::default());
    let [(path, _)] = received(&server)[..] else {
        panic!("one datagram was sent");
    };
    assert_eq!(path, Path::udp(asked.ip(), client.address()));
    for (answers, messages) in [(1, 1), (3, 1)] {
        let sent = send(
            &server,
            path,
            &vec![&b"answer"[..]; answers],
            SegmentationLimits::default(),
        );
        assert_eq!(sent, messages);
        let back = vec![(ask, b"answer".to_vec()); answers];
        assert_eq!(received(&client), back);
    }
}

#[test]
fn answer_leaves_from_the_address_that_the_client_sent_to() {
    round_trip("0.0.0.0", "127.0.0.1", "127.0.0.2");
}

#[test]
fn ipv6_answer_leaves_from_the_address_that_the_client_sent_to() {
    round_trip("::", "::1", "::1");
}

#[test]
fn dual_stack_socket_answers_ipv4_from_the_address_that_the_client_sent_to() {
    round_trip("::", "127.0.0.1", "127.0.0.2");
}

#[test]
fn each_datagram_of_a_batch_leaves_from_the_local_address_of_its_path() {
    let (server, client) = (bound("0.0.0.0"), bound("127.0.0.1"));
    let locals = [[127, 0, 0, 2], [127, 0, 0, 3], [127, 0, 0, 1]];
    let entries = locals.map(|local| Outgoing {
        bytes: b"x",
        path: Path::udp(local.into(), client.address()),
        priority: Priority::Video,
    });
    let mut plan = SendPlan::default();
    plan.make(&entries, &RouteLimits::default());
    let sent = SendBatch::default().send(&server, &entries, plan.order(), plan.messages());
    assert_eq!(sent.unwrap(), 3);
    let sources: Vec<_> = received(&client)
        .iter()
        .map(|(path, _)| path.remote.ip())
        .collect();
    assert_eq!(sources, locals.map(IpAddr::from));
}

#[test]
fn segmented_message_arrives_as_its_datagrams() {
    let datagrams: [&[u8]; 4] = [&[1; 1100], &[2; 1100], &[3; 1100], &[4; 7]];
    let (messages, received) = exchange("127.0.0.1", &datagrams, SegmentationLimits::default());
    assert_eq!(messages, 1);
    assert_eq!(received, datagrams);
}

#[test]
fn without_segmentation_one_call_sends_a_message_per_datagram() {
    let datagrams: [&[u8]; 3] = [&[1; 1100], &[2; 1100], &[3; 20]];
    let (messages, received) = exchange("127.0.0.1", &datagrams, SegmentationLimits::OFF);
    assert_eq!(messages, 3);
    assert_eq!(received, datagrams);
}

#[test]
fn ipv6_datagrams_are_sent_and_received() {
    let datagrams: [&[u8]; 2] = [&[1; 100], &[2; 100]];
    assert_eq!(
        exchange("::1", &datagrams, SegmentationLimits::default()),
        (1, datagrams.map(<[u8]>::to_vec).to_vec())
    );
}

#[test]
fn oversized_datagram_is_skipped() {
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
    let received: Vec<_> = batch
        .datagrams()
        .map(|(_, _, bytes)| bytes.to_vec())
        .collect();
    assert_eq!(received, [[1; LONGEST_DATAGRAM]]);
}

#[test]
fn receiving_from_an_empty_socket_would_block() {
    let error = ReceiveBatch::new()
        .receive(&bound("127.0.0.1"))
        .unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
}

#[test]
fn datagrams_read_together_have_the_times_at_which_they_arrived() {
    for any in ["127.0.0.1", "0.0.0.0", "::"] {
        let (sender, receiver) = (bound("127.0.0.1"), bound(any));
        let to = SocketAddr::new([127, 0, 0, 1].into(), receiver.address().port());
        let path = Path::udp(sender.address().ip(), to);
        let pause = Duration::from_millis(30);
        let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        send(&sender, path, &[b"first"], SegmentationLimits::default());
        std::thread::sleep(pause);
        send(&sender, path, &[b"second"], SegmentationLimits::default());
        std::thread::sleep(pause);
        let read = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();

        let mut batch = ReceiveBatch::new();
        assert_eq!(batch.receive(&receiver).unwrap(), 2);
        let times: Vec<_> = batch
            .datagrams()
            .map(|(_, time, _)| time.unwrap())
            .collect();
        assert!(times[0] >= started && times[1] >= times[0] + pause);
        assert!(read >= times[1] + pause);
    }
}
