use hubbub_core::Priority;
use hubbub_core::api::Path;

use super::*;

fn path(remote: u8) -> Path {
    Path::udp([127, 0, 0, 1].into(), ([127, 0, 0, remote], 9).into())
}

fn outbox(datagrams: &[(u8, usize, Priority)]) -> Outbox {
    outbox_to(path(1), datagrams)
}

fn outbox_to(path: Path, datagrams: &[(u8, usize, Priority)]) -> Outbox {
    let mut outbox = Outbox::new();
    for &(number, len, priority) in datagrams {
        assert!(outbox.push(&vec![number; len], path, priority));
    }
    outbox
}

/// A sink that first returns `errors`, then accepts `room` messages, and records the first byte of each datagram.
struct Scripted {
    room: usize,
    errors: Vec<i32>,
    sent: Vec<u8>,
}

impl MessageSink for Scripted {
    fn send(
        &mut self,
        entries: &[Outgoing<'_>],
        order: &[usize],
        messages: &[Message],
    ) -> io::Result<usize> {
        if let Some(error) = self.errors.pop() {
            return Err(io::Error::from_raw_os_error(error));
        }
        if self.room == 0 {
            return Err(io::Error::from_raw_os_error(libc::EAGAIN));
        }
        let taken = messages.len().min(self.room);
        self.room -= taken;
        for message in &messages[..taken] {
            self.sent.extend(
                order[message.first..][..message.count]
                    .iter()
                    .map(|&index| entries[index].bytes[0]),
            );
        }
        Ok(taken)
    }
}

fn sink(room: usize) -> Scripted {
    Scripted {
        room,
        errors: Vec::new(),
        sent: Vec::new(),
    }
}

#[test]
fn full_socket_queues_the_rest_and_sends_it_later_in_order() {
    let mut queue = SendQueue::new(Protocol::Udp, 10);
    let mut sink = sink(1);
    let sizes = [
        (1, 10, Priority::Video),
        (2, 20, Priority::Video),
        (3, 30, Priority::Video),
    ];
    queue.send(&outbox(&sizes), &mut sink);
    queue.send(&outbox(&[(4, 40, Priority::Video)]), &mut sink);
    assert_eq!((sink.sent.as_slice(), queue.backlog.len()), (&[1][..], 3));

    sink.room = 2;
    queue.resume(&mut sink);
    assert_eq!(
        (sink.sent.as_slice(), queue.backlog.len()),
        (&[1, 2, 3][..], 1)
    );
    sink.room = 9;
    queue.resume(&mut sink);
    assert_eq!(
        (sink.sent.as_slice(), queue.backlog.len()),
        (&[1, 2, 3, 4][..], 0)
    );
}

#[test]
fn backlog_overflow_drops_the_oldest_video() {
    let mut queue = SendQueue::new(Protocol::Udp, 2);
    let mut sink = sink(0);
    let batch = [
        (1, 10, Priority::Video),
        (2, 10, Priority::Audio),
        (3, 10, Priority::Video),
    ];
    queue.send(&outbox(&batch), &mut sink);
    sink.room = 9;
    queue.resume(&mut sink);
    assert_eq!(sink.sent, [2, 3]);
    assert_eq!(
        queue.backlog.overflow(),
        Overflow {
            video: 1,
            audio: 0,
            control: 0
        }
    );
}

#[test]
fn path_with_a_small_mtu_gets_single_datagrams_and_lowers_the_segment_limit() {
    for error in [libc::EINVAL, libc::EMSGSIZE] {
        let mut queue = SendQueue::new(Protocol::Udp, 10);
        let mut sink = Scripted {
            errors: vec![error],
            ..sink(9)
        };
        queue.send(
            &outbox(&[(1, 1300, Priority::Video), (2, 1300, Priority::Video)]),
            &mut sink,
        );
        assert_eq!(sink.sent, [1, 2]);
        assert_eq!(
            (
                queue.counters.messages,
                queue.routes.of(path(1)).segment_bytes
            ),
            (2, 1299)
        );

        queue.send(
            &outbox(&[(3, 1200, Priority::Video), (4, 1200, Priority::Video)]),
            &mut sink,
        );
        assert_eq!(queue.counters.messages, 3);
    }
}

#[test]
fn a_route_on_which_segmentation_fails_does_not_affect_others() {
    let two = [(1, 600, Priority::Video), (2, 600, Priority::Video)];
    for (error, segment_bytes) in [(libc::EMSGSIZE, 599), (libc::EIO, 0)] {
        let mut queue = SendQueue::new(Protocol::Udp, 10);
        let mut sink = Scripted {
            errors: vec![error],
            ..sink(9)
        };
        queue.send(&outbox_to(path(1), &two), &mut sink);
        assert_eq!((queue.counters.messages, sink.sent.len()), (2, 2));
        assert_eq!(queue.routes.of(path(1)).segment_bytes, segment_bytes);
        queue.send(&outbox_to(path(1), &two), &mut sink);
        assert_eq!(queue.counters.messages, 4);
        queue.send(&outbox_to(path(2), &two), &mut sink);
        assert_eq!(queue.counters.messages, 5);
    }
}

#[test]
fn lost_local_address_does_not_disable_grouping_for_others() {
    let mut queue = SendQueue::new(Protocol::Udp, 10);
    let mut sink = Scripted {
        errors: vec![libc::EINVAL; 3],
        ..sink(9)
    };
    let two = [(1, 1300, Priority::Video), (2, 1300, Priority::Video)];
    queue.send(&outbox(&two), &mut sink);
    assert_eq!((queue.counters.refused, sink.sent.len()), (2, 0));
    queue.send(&outbox(&two), &mut sink);
    assert_eq!((queue.counters.messages, sink.sent.len()), (1, 2));
}

#[test]
fn device_without_checksum_offload_disables_segmentation() {
    let mut queue = SendQueue::new(Protocol::Udp, 10);
    let mut sink = Scripted {
        errors: vec![libc::EIO],
        ..sink(9)
    };
    queue.send(
        &outbox(&[(1, 100, Priority::Video), (2, 100, Priority::Video)]),
        &mut sink,
    );
    assert_eq!(
        (sink.sent.as_slice(), queue.routes.of(path(1))),
        (&[1, 2][..], SegmentationLimits::OFF)
    );
}

#[test]
fn refused_datagram_does_not_block_the_others() {
    let mut queue = SendQueue::new(Protocol::Udp, 10);
    let mut sink = Scripted {
        errors: vec![libc::ENETUNREACH, libc::EINTR],
        ..sink(9)
    };
    queue.send(
        &outbox(&[(1, 10, Priority::Audio), (2, 20, Priority::Audio)]),
        &mut sink,
    );
    assert_eq!(
        (sink.sent.as_slice(), queue.counters.refused),
        (&[2][..], 1)
    );
}
