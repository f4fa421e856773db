//! Datagrams that wait for a full socket. The backlog is bounded and drops the least important media first.

use std::collections::VecDeque;
use std::ops::AddAssign;

use hubbub_core::Priority;
use hubbub_core::api::Path;
use serde::Serialize;

use crate::send_plan::Outgoing;

/// A datagram that waits for the socket to become writable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Datagram {
    pub(crate) bytes: Vec<u8>,
    pub(crate) path: Path,
    pub(crate) priority: Priority,
}

impl Datagram {
    /// Moves the datagram out and leaves an empty one.
    pub(crate) fn take(&mut self) -> Self {
        Self {
            bytes: std::mem::take(&mut self.bytes),
            ..*self
        }
    }
}

impl From<Outgoing<'_>> for Datagram {
    fn from(
        Outgoing {
            bytes,
            path,
            priority,
        }: Outgoing<'_>,
    ) -> Self {
        Self {
            bytes: bytes.to_vec(),
            path,
            priority,
        }
    }
}

impl<'a> From<&'a Datagram> for Outgoing<'a> {
    fn from(
        Datagram {
            bytes,
            path,
            priority,
        }: &'a Datagram,
    ) -> Self {
        Self {
            bytes,
            path: *path,
            priority: *priority,
        }
    }
}

/// Datagrams dropped because the socket stayed full.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Overflow {
    /// Video: dropped first.
    pub video: u64,
    /// Audio: dropped when no video is left.
    pub audio: u64,
    /// STUN, DTLS and RTCP: dropped last.
    pub control: u64,
}

impl AddAssign for Overflow {
    fn add_assign(&mut self, other: Self) {
        self.video += other.video;
        self.audio += other.audio;
        self.control += other.control;
    }
}

/// Three FIFO queues, sent in the order control, audio, video.
#[derive(Debug)]
pub(crate) struct Backlog {
    control: VecDeque<Datagram>,
    audio: VecDeque<Datagram>,
    video: VecDeque<Datagram>,
    limit: usize,
    overflow: Overflow,
}

impl Backlog {
    /// Creates a backlog of at most `limit` datagrams.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            control: VecDeque::new(),
            audio: VecDeque::new(),
            video: VecDeque::new(),
            limit,
            overflow: Overflow::default(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.control.len() + self.audio.len() + self.video.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn overflow(&self) -> Overflow {
        self.overflow
    }

    /// Returns the drops since the last call.
    pub(crate) fn take_overflow(&mut self) -> Overflow {
        std::mem::take(&mut self.overflow)
    }

    /// Appends a datagram. While the backlog is over its limit, drops the oldest video, else audio, else control.
    pub(crate) fn push(&mut self, datagram: Datagram) {
        self.queue(datagram.priority).push_back(datagram);
        while self.len() > self.limit {
            if self.video.pop_front().is_some() {
                self.overflow.video += 1;
            } else if self.audio.pop_front().is_some() {
                self.overflow.audio += 1;
            } else if self.control.pop_front().is_some() {
                self.overflow.control += 1;
            }
        }
    }

    /// Takes at most `count` datagrams, in sending order.
    pub(crate) fn take(&mut self, count: usize) -> Vec<Datagram> {
        let mut taken = Vec::with_capacity(count.min(self.len()));
        for queue in [&mut self.control, &mut self.audio, &mut self.video] {
            let wanted = (count - taken.len()).min(queue.len());
            taken.extend(queue.drain(..wanted));
        }
        taken
    }

    /// Takes the next datagram to send.
    pub(crate) fn pop(&mut self) -> Option<Datagram> {
        [&mut self.control, &mut self.audio, &mut self.video]
            .into_iter()
            .find_map(VecDeque::pop_front)
    }

    /// Puts back unsent datagrams from [`Backlog::take`], in the same order.
    pub(crate) fn put_back(&mut self, datagrams: Vec<Datagram>) {
        for datagram in datagrams.into_iter().rev() {
            self.queue(datagram.priority).push_front(datagram);
        }
    }

    fn queue(&mut self, priority: Priority) -> &mut VecDeque<Datagram> {
        match priority {
            Priority::Control => &mut self.control,
            Priority::Audio => &mut self.audio,
            Priority::Video => &mut self.video,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datagram(number: u8, priority: Priority) -> Datagram {
        Datagram {
            bytes: vec![number],
            path: Path::udp([127, 0, 0, 1].into(), ([127, 0, 0, 1], 9).into()),
            priority,
        }
    }

    fn numbers(datagrams: &[Datagram]) -> Vec<u8> {
        datagrams.iter().map(|datagram| datagram.bytes[0]).collect()
    }

    #[test]
    fn control_is_sent_before_audio_and_audio_before_video() {
        let mut backlog = Backlog::new(8);
        for (number, priority) in [
            (1, Priority::Video),
            (2, Priority::Control),
            (3, Priority::Audio),
            (4, Priority::Video),
        ] {
            backlog.push(datagram(number, priority));
        }
        assert_eq!(numbers(&backlog.take(8)), [2, 3, 1, 4]);
        assert!(backlog.is_empty());
    }

    #[test]
    fn oldest_video_is_dropped_first_and_counted() {
        let mut backlog = Backlog::new(3);
        for (number, priority) in [
            (1, Priority::Audio),
            (2, Priority::Video),
            (3, Priority::Video),
            (4, Priority::Control),
        ] {
            backlog.push(datagram(number, priority));
        }
        assert_eq!(
            backlog.overflow(),
            Overflow {
                video: 1,
                audio: 0,
                control: 0
            }
        );
        assert_eq!(numbers(&backlog.take(8)), [4, 1, 3]);
    }

    #[test]
    fn without_video_audio_is_dropped_and_then_control() {
        let mut backlog = Backlog::new(1);
        for (number, priority) in [
            (1, Priority::Audio),
            (2, Priority::Control),
            (3, Priority::Control),
        ] {
            backlog.push(datagram(number, priority));
        }
        assert_eq!(
            backlog.overflow(),
            Overflow {
                video: 0,
                audio: 1,
                control: 1
            }
        );
        assert_eq!(numbers(&backlog.take(8)), [3]);
    }

    #[test]
    fn datagrams_that_are_put_back_keep_their_place() {
        let mut backlog = Backlog::new(8);
        for number in 1..=5 {
            backlog.push(datagram(number, Priority::Video));
        }
        let mut taken = backlog.take(4);
        backlog.put_back(taken.split_off(2));
        assert_eq!(numbers(&taken), [1, 2]);
        assert_eq!(numbers(&backlog.take(8)), [3, 4, 5]);
    }
}
