//! Sends batches, falls back where the kernel refuses, and keeps what a full socket did not take.

use std::io;
use std::net::UdpSocket;
use std::os::fd::AsFd;

use hubbub_core::Outbox;
use serde::Serialize;

use crate::backlog::{Backlog, Datagram, Overflow};
use crate::batch::SendBatch;
use crate::gso::{Limits, Message, Outgoing, Plan};

/// Datagrams that wait for room: some 30 ms of a busy worker, above which media is late anyway.
const BACKLOG_LIMIT: usize = 2_048;

/// Datagrams that are taken from the backlog at a time.
const BACKLOG_BATCH: usize = 256;

/// What was sent and what was not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct SendCounters {
    /// Datagrams that the kernel took.
    pub datagrams: u64,
    /// Messages that carried them: fewer than datagrams when segmentation works.
    pub messages: u64,
    /// Datagrams that the kernel refused: unreachable, forbidden, too long.
    pub refused: u64,
    /// Datagrams given up because the socket stayed full.
    pub overflow: Overflow,
}

/// The sending side of a worker's socket.
pub(crate) struct Sender {
    batch: SendBatch,
    queue: SendQueue,
}

impl Sender {
    pub(crate) fn new() -> Self {
        Self {
            batch: SendBatch::default(),
            queue: SendQueue::new(BACKLOG_LIMIT),
        }
    }

    /// Sends everything in `outbox` or puts it into the backlog, and clears it.
    pub(crate) fn send(&mut self, socket: &UdpSocket, outbox: &mut Outbox) {
        if outbox.is_empty() {
            return;
        }
        let batch = &mut self.batch;
        self.queue.send(outbox, |entries, order, messages| {
            batch.send(socket.as_fd(), entries, order, messages)
        });
        outbox.clear();
    }

    /// Sends from the backlog: the socket has room again.
    pub(crate) fn resume(&mut self, socket: &UdpSocket) {
        let batch = &mut self.batch;
        self.queue.resume(|entries, order, messages| {
            batch.send(socket.as_fd(), entries, order, messages)
        });
    }

    /// Something waits for room in the socket.
    pub(crate) fn is_blocked(&self) -> bool {
        !self.queue.backlog.is_empty()
    }

    pub(crate) fn counters(&self) -> SendCounters {
        SendCounters {
            overflow: self.queue.backlog.overflow(),
            ..self.queue.counters
        }
    }
}

/// [`Sender`] without the system call, which its methods are given: takes entries, order and messages as
/// [`SendBatch::send`] does.
struct SendQueue {
    plan: Plan,
    limits: Limits,
    backlog: Backlog,
    counters: SendCounters,
}

impl SendQueue {
    fn new(backlog_limit: usize) -> Self {
        Self {
            plan: Plan::default(),
            limits: Limits::default(),
            backlog: Backlog::new(backlog_limit),
            counters: SendCounters::default(),
        }
    }

    fn send(
        &mut self,
        outbox: &Outbox,
        call: impl FnMut(&[Outgoing<'_>], &[usize], &[Message]) -> io::Result<usize>,
    ) {
        let entries: Vec<_> = outbox
            .iter()
            .map(|(bytes, to, priority)| Outgoing {
                bytes,
                to,
                priority,
            })
            .collect();
        // What waits goes first, so that the order within a stream holds.
        let unsent = if self.backlog.is_empty() {
            self.transmit(&entries, call)
        } else {
            (0..entries.len()).collect()
        };
        for Outgoing {
            bytes,
            to,
            priority,
        } in unsent
            .into_iter()
            .filter_map(|index: usize| entries.get(index))
        {
            self.backlog.push(Datagram {
                bytes: bytes.to_vec(),
                to: *to,
                priority: *priority,
            });
        }
    }

    fn resume(
        &mut self,
        mut call: impl FnMut(&[Outgoing<'_>], &[usize], &[Message]) -> io::Result<usize>,
    ) {
        while !self.backlog.is_empty() {
            let taken = self.backlog.take(BACKLOG_BATCH);
            let entries: Vec<_> = taken
                .iter()
                .map(
                    |Datagram {
                         bytes,
                         to,
                         priority,
                     }| Outgoing {
                        bytes,
                        to: *to,
                        priority: *priority,
                    },
                )
                .collect();
            let unsent = self.transmit(&entries, &mut call);
            if !unsent.is_empty() {
                let mut taken: Vec<_> = taken.into_iter().map(Some).collect();
                let rest = unsent
                    .into_iter()
                    .filter_map(|index| taken.get_mut(index)?.take());
                self.backlog.put_back(rest.collect());
                return;
            }
        }
    }

    /// Sends until done or the socket is full; returns the indices of what was not sent, in the order of sending.
    fn transmit(
        &mut self,
        entries: &[Outgoing<'_>],
        mut call: impl FnMut(&[Outgoing<'_>], &[usize], &[Message]) -> io::Result<usize>,
    ) -> Vec<usize> {
        self.plan.make(entries, self.limits);
        let mut at = 0;
        while let Some((message, rest)) = self
            .plan
            .messages()
            .get(at..)
            .and_then(<[Message]>::split_first)
        {
            let verdict = match call(
                entries,
                self.plan.order(),
                self.plan.messages().get(at..).unwrap_or_default(),
            ) {
                Ok(count) => Verdict::Sent(count.clamp(1, rest.len() + 1)),
                Err(error) => Verdict::of(&error, message),
            };
            match verdict {
                Verdict::Sent(count) => {
                    let sent = self.plan.messages().get(at..at + count).unwrap_or_default();
                    self.counters.datagrams +=
                        sent.iter().map(|message| message.count as u64).sum::<u64>();
                    self.counters.messages += count as u64;
                    at += count;
                }
                Verdict::Again => {}
                Verdict::Full => {
                    return self
                        .plan
                        .order()
                        .get(message.first..)
                        .unwrap_or_default()
                        .to_vec();
                }
                Verdict::Regroup(limits) => {
                    self.limits = limits(self.limits, message);
                    self.plan.split(at);
                }
                Verdict::Refused => {
                    self.counters.refused += message.count as u64;
                    at += 1;
                }
            }
        }
        Vec::new()
    }
}

/// What the outcome of a call means for the first message of it.
enum Verdict {
    Sent(usize),
    /// A signal came between.
    Again,
    /// No room in the socket.
    Full,
    /// The kernel does not segment this message; what it will still segment is given by the function.
    Regroup(fn(Limits, &Message) -> Limits),
    /// This message cannot be sent at all.
    Refused,
}

impl Verdict {
    fn of(error: &io::Error, message: &Message) -> Self {
        match error.raw_os_error() {
            Some(libc::EAGAIN) => Self::Full,
            Some(libc::EINTR) => Self::Again,
            // The device computes no checksums, so that the kernel segments nothing for it.
            Some(libc::EIO) if message.count > 1 => Self::Regroup(|_, _| Limits::OFF),
            // A segment does not fit the path's MTU; smaller ones may.
            Some(libc::EINVAL) if message.count > 1 => Self::Regroup(|limits, message| Limits {
                segment_bytes: usize::from(message.segment_bytes).saturating_sub(1),
                ..limits
            }),
            _ => Self::Refused,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use hubbub_core::Priority;

    use super::*;

    fn outbox(datagrams: &[(u8, usize, Priority)]) -> Outbox {
        let mut outbox = Outbox::new();
        for &(number, len, priority) in datagrams {
            assert!(outbox.push(
                &vec![number; len],
                SocketAddr::from(([127, 0, 0, 1], 9)),
                priority
            ));
        }
        outbox
    }

    /// A socket that takes `room` messages, answers `errors` first, and notes the first byte of each datagram.
    struct Wire {
        room: usize,
        errors: Vec<i32>,
        sent: Vec<u8>,
    }

    impl Wire {
        fn call(
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

    fn wire(room: usize) -> Wire {
        Wire {
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
        queue.send(&outbox(&sizes), |e, o, m| wire.call(e, o, m));
        queue.send(&outbox(&[(4, 40, Priority::Video)]), |e, o, m| {
            wire.call(e, o, m)
        });
        assert_eq!((wire.sent.as_slice(), queue.backlog.len()), (&[1][..], 3));

        wire.room = 2;
        queue.resume(|e, o, m| wire.call(e, o, m));
        assert_eq!(
            (wire.sent.as_slice(), queue.backlog.len()),
            (&[1, 2, 3][..], 1)
        );
        wire.room = 9;
        queue.resume(|e, o, m| wire.call(e, o, m));
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
        queue.send(&outbox(&batch), |e, o, m| wire.call(e, o, m));
        wire.room = 9;
        queue.resume(|e, o, m| wire.call(e, o, m));
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
        let mut queue = SendQueue::new(10);
        let mut wire = Wire {
            errors: vec![libc::EINVAL],
            ..wire(9)
        };
        queue.send(
            &outbox(&[(1, 1300, Priority::Video), (2, 1300, Priority::Video)]),
            |e, o, m| wire.call(e, o, m),
        );
        assert_eq!(wire.sent, [1, 2]);
        assert_eq!(
            (queue.counters.messages, queue.limits.segment_bytes),
            (2, 1299)
        );

        queue.send(
            &outbox(&[(3, 1200, Priority::Video), (4, 1200, Priority::Video)]),
            |e, o, m| wire.call(e, o, m),
        );
        assert_eq!(queue.counters.messages, 3);
    }

    #[test]
    fn a_device_without_checksums_switches_segmentation_off() {
        let mut queue = SendQueue::new(10);
        let mut wire = Wire {
            errors: vec![libc::EIO],
            ..wire(9)
        };
        queue.send(
            &outbox(&[(1, 100, Priority::Video), (2, 100, Priority::Video)]),
            |e, o, m| wire.call(e, o, m),
        );
        assert_eq!(
            (wire.sent.as_slice(), queue.limits),
            (&[1, 2][..], Limits::OFF)
        );
    }

    #[test]
    fn a_refused_datagram_does_not_hold_up_the_others() {
        let mut queue = SendQueue::new(10);
        let mut wire = Wire {
            errors: vec![libc::ENETUNREACH, libc::EINTR],
            ..wire(9)
        };
        queue.send(
            &outbox(&[(1, 10, Priority::Audio), (2, 20, Priority::Audio)]),
            |e, o, m| wire.call(e, o, m),
        );
        assert_eq!(
            (wire.sent.as_slice(), queue.counters.refused),
            (&[2][..], 1)
        );
    }
}
