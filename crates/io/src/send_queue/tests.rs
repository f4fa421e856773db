use hubbub_core::Priority;
use hubbub_core::api::Path;

use super::*;

fn outbox(datagrams: &[(u8, usize, Priority)]) -> Outbox {
    let mut outbox = Outbox::new();
    let path = Path::udp([127, 0, 0, 1].into(), ([127, 0, 0, 1], 9).into());
    for &(number, len, priority) in datagrams {
        assert!(outbox.push(&vec![number; len], path, priority));
    }
    outbox
}

/// A socket that takes `room` messages, answers `errors` first, and notes the first byte of each datagram.
struct Scripted {
    room: usize,
    errors: Vec<i32>,
    sent: Vec<u8>,
}

impl Wire for Scripted {
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

fn wire(room: usize) -> Scripted {
    Scripted {
        room,
        errors: Vec::new(),
        sent: Vec::new(),
    }
}

#[test]
fn a_full_socket_keeps_the_rest_and_sends_it_later_in_order() {
    let mut queue = SendQueue::new(10);
    let mut wire = wire(1);
    let sizes = [
        (1, 10, Priority::Video),
        (2, 20, Priority::Video),
        (3, 30, Priority::Video),
    ];
    queue.send(&outbox(&sizes), &mut wire);
    queue.send(&outbox(&[(4, 40, Priority::Video)]), &mut wire);
    assert_eq!((wire.sent.as_slice(), queue.backlog.len()), (&[1][..], 3));

    wire.room = 2;
    queue.resume(&mut wire);
    assert_eq!(
        (wire.sent.as_slice(), queue.backlog.len()),
        (&[1, 2, 3][..], 1)
    );
    wire.room = 9;
    queue.resume(&mut wire);
    assert_eq!(
        (wire.sent.as_slice(), queue.backlog.len()),
        (&[1, 2, 3, 4][..], 0)
    );
}

#[test]
fn what_overflows_the_backlog_is_the_oldest_video() {
    let mut queue = SendQueue::new(2);
    let mut wire = wire(0);
    let batch = [
        (1, 10, Priority::Video),
        (2, 10, Priority::Audio),
        (3, 10, Priority::Video),
    ];
    queue.send(&outbox(&batch), &mut wire);
    wire.room = 9;
    queue.resume(&mut wire);
    assert_eq!(wire.sent, [2, 3]);
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
fn a_path_with_a_small_mtu_gets_its_datagrams_singly_and_lowers_the_segment() {
    for error in [libc::EINVAL, libc::EMSGSIZE] {
        let mut queue = SendQueue::new(10);
        let mut wire = Scripted {
            errors: vec![error],
            ..wire(9)
        };
        queue.send(
            &outbox(&[(1, 1300, Priority::Video), (2, 1300, Priority::Video)]),
            &mut wire,
        );
        assert_eq!(wire.sent, [1, 2]);
        assert_eq!(
            (queue.counters.messages, queue.limits.segment_bytes),
            (2, 1299)
        );

        queue.send(
            &outbox(&[(3, 1200, Priority::Video), (4, 1200, Priority::Video)]),
            &mut wire,
        );
        assert_eq!(queue.counters.messages, 3);
    }
}

#[test]
fn an_odd_path_does_not_cost_the_others_their_grouping() {
    let mut queue = SendQueue::new(10);
    let mut wire = Scripted {
        errors: vec![libc::EMSGSIZE],
        ..wire(9)
    };
    let two = [(1, 600, Priority::Video), (2, 600, Priority::Video)];
    queue.send(&outbox(&two), &mut wire);
    assert_eq!((queue.counters.messages, wire.sent.len()), (2, 2));
    queue.send(&outbox(&two), &mut wire);
    assert_eq!((queue.counters.messages, wire.sent.len()), (3, 4));
}

#[test]
fn a_path_whose_local_address_is_gone_does_not_cost_the_others_their_grouping() {
    let mut queue = SendQueue::new(10);
    let mut wire = Scripted {
        errors: vec![libc::EINVAL; 3],
        ..wire(9)
    };
    let two = [(1, 1300, Priority::Video), (2, 1300, Priority::Video)];
    queue.send(&outbox(&two), &mut wire);
    assert_eq!((queue.counters.refused, wire.sent.len()), (2, 0));
    queue.send(&outbox(&two), &mut wire);
    assert_eq!((queue.counters.messages, wire.sent.len()), (1, 2));
}

#[test]
fn a_device_without_checksums_switches_segmentation_off() {
    let mut queue = SendQueue::new(10);
    let mut wire = Scripted {
        errors: vec![libc::EIO],
        ..wire(9)
    };
    queue.send(
        &outbox(&[(1, 100, Priority::Video), (2, 100, Priority::Video)]),
        &mut wire,
    );
    assert_eq!(
        (wire.sent.as_slice(), queue.limits),
        (&[1, 2][..], Limits::OFF)
    );
}

#[test]
fn a_refused_datagram_does_not_hold_up_the_others() {
    let mut queue = SendQueue::new(10);
    let mut wire = Scripted {
        errors: vec![libc::ENETUNREACH, libc::EINTR],
        ..wire(9)
    };
    queue.send(
        &outbox(&[(1, 10, Priority::Audio), (2, 20, Priority::Audio)]),
        &mut wire,
    );
    assert_eq!(
        (wire.sent.as_slice(), queue.counters.refused),
        (&[2][..], 1)
    );
}
