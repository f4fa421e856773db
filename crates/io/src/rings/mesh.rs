//! The rings of all workers of a process.

use std::io;
use std::sync::Arc;

use rtrb::RingBuffer;

use super::bell::Bell;
use super::incoming::IncomingRings;
use super::outgoing::{Outgoing, OutgoingRings};

/// Datagrams that a ring holds: 1.5 MB, as much as another worker can send in some milliseconds.
const SLOTS: usize = 1_024;

/// What one worker has of the rings between it and the others.
pub struct Rings {
    pub(crate) bell: Arc<Bell>,
    pub(crate) incoming: IncomingRings,
    pub(crate) outgoing: OutgoingRings,
}

impl Rings {
    /// Creates the rings between this many workers. Returns what each worker has of them, in the order of their indices.
    ///
    /// # Errors
    /// When the process has no file descriptor left.
    pub fn between(workers: usize) -> io::Result<Vec<Self>> {
        Self::with_slots(workers, SLOTS)
    }

    /// For a worker that is alone.
    ///
    /// # Errors
    /// As [`Self::between`].
    pub fn none() -> io::Result<Self> {
        Ok(Self {
            bell: Arc::new(Bell::new()?),
            incoming: IncomingRings::default(),
            outgoing: OutgoingRings::default(),
        })
    }

    pub(super) fn with_slots(workers: usize, slots: usize) -> io::Result<Vec<Self>> {
        let mut all = (0..workers)
            .map(|_| Self::none())
            .collect::<io::Result<Vec<_>>>()?;
        if workers < 2 {
            return Ok(all);
        }
        let bells: Vec<_> = all.iter().map(|rings| Arc::clone(&rings.bell)).collect();
        for from in 0..workers {
            for (to, bell) in bells.iter().enumerate() {
                let (way, reader) = if from == to {
                    (None, None)
                } else {
                    let (ring, reader) = RingBuffer::new(slots);
                    let way = Outgoing {
                        ring,
                        bell: Arc::clone(bell),
                        has_news: false,
                    };
                    (Some(way), Some(reader))
                };
                if let Some(rings) = all.get_mut(from) {
                    rings.outgoing.workers.push(way);
                }
                if let (Some(rings), Some(reader)) = (all.get_mut(to), reader) {
                    rings.incoming.0.push((from as u32, reader));
                }
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::thread;
    use std::time::Duration;

    use hubbub_core::api::{Path, Protocol};
    use hubbub_core::{Outbox, Priority};
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    use super::*;

    fn outbox(datagrams: &[(Path, &[u8])]) -> Outbox {
        let mut outbox = Outbox::new();
        for (path, bytes) in datagrams {
            assert!(outbox.push(bytes, *path, Priority::Video));
        }
        outbox
    }

    fn received(rings: &mut Rings) -> Vec<(Path, Vec<u8>)> {
        let mut all = Vec::new();
        rings
            .incoming
            .receive(|path, datagram| all.push((path, datagram.to_vec())));
        all
    }

    #[test]
    fn a_datagram_arrives_at_its_worker_with_the_way_back() {
        let mut all = Rings::between(3).unwrap();
        let udp = Path::udp([127, 0, 0, 1].into(), ([127, 0, 0, 1], 9).into());
        let sent = outbox(&[
            (Path::ring(0, 7), b"one"),
            (udp, b"elsewhere"),
            (Path::ring(1, 8), b""),
            (Path::ring(0, 9), b"two"),
        ]);
        all[2].outgoing.send(&sent);
        assert_eq!(
            received(&mut all[0]),
            [
                (Path::ring(2, 7), b"one".to_vec()),
                (Path::ring(2, 9), b"two".to_vec())
            ]
        );
        assert_eq!(received(&mut all[1]), [(Path::ring(2, 8), Vec::new())]);
        assert_eq!(received(&mut all[2]), []);
        let counters = all[2].outgoing.counters();
        assert_eq!((counters.sent, counters.dropped), (3, 0));
    }

    #[test]
    fn what_finds_no_room_or_no_worker_is_dropped_and_counted() {
        let mut all = Rings::with_slots(2, 4).unwrap();
        let datagrams: Vec<_> = (0..6u8).map(|number| [number]).collect();
        let sent: Vec<_> = datagrams
            .iter()
            .map(|bytes| (Path::ring(1, 1), bytes.as_slice()))
            .collect();
        all[0].outgoing.send(&outbox(&sent));
        all[0].outgoing.send(&outbox(&[
            (Path::ring(0, 1), b"to itself"),
            (Path::ring(2, 1), b"to nobody"),
        ]));
        let counters = all[0].outgoing.counters();
        assert_eq!((counters.sent, counters.dropped), (4, 4));
        let arrived: Vec<_> = received(&mut all[1])
            .into_iter()
            .map(|(_, datagram)| datagram[0])
            .collect();
        assert_eq!(arrived, [0, 1, 2, 3]);
        // There is room again.
        all[0]
            .outgoing
            .send(&outbox(&[(Path::ring(1, 1), b"next")]));
        assert_eq!(received(&mut all[1]).len(), 1);
    }

    #[test]
    fn a_sleeping_worker_is_woken_once_and_a_busy_one_not() {
        let mut all = Rings::between(2).unwrap();
        let sent = outbox(&[(Path::ring(1, 1), b"x"), (Path::ring(1, 1), b"y")]);
        let is_awake = |rings: &Rings| {
            let mut fds = [PollFd::new(&rings.bell.waker, PollFlags::IN)];
            poll(&mut fds, Some(&Timespec::default())).unwrap() == 1
        };
        all[0].outgoing.send(&sent);
        assert!(!is_awake(&all[1]));
        let sleeper = &all[1];
        let has_input = || sleeper.incoming.has_input();
        assert!(!sleeper.bell.fall_asleep(has_input), "a datagram waits");
        received(&mut all[1]);
        let sleeper = &all[1];
        assert!(sleeper.bell.fall_asleep(|| sleeper.incoming.has_input()));
        all[0].outgoing.send(&sent);
        assert!(is_awake(&all[1]));
        all[1].bell.waker.reset();
        all[0].outgoing.send(&sent);
        assert!(!is_awake(&all[1]), "it was woken already");
    }

    #[test]
    fn nothing_is_lost_or_overslept_between_threads() {
        const COUNT: u32 = 5_000;
        let mut all = Rings::with_slots(2, 64).unwrap();
        let (mut reader, mut writer) = (all.pop().unwrap(), all.pop().unwrap());
        let writer = thread::spawn(move || {
            let mut number = 0;
            while number < COUNT {
                let burst = 1 + number * 7 % 13;
                let mut batch = Outbox::new();
                for next in number..(number + burst).min(COUNT) {
                    let path = Path::ring(1, next % 3);
                    assert!(batch.push(&next.to_be_bytes(), path, Priority::Video));
                }
                number += burst;
                writer.outgoing.send(&batch);
                if number.is_multiple_of(5) {
                    thread::sleep(Duration::from_micros(30));
                }
            }
            writer.outgoing.counters()
        });
        let mut last: BTreeMap<u32, u32> = BTreeMap::new();
        let (mut arrived, mut newest) = (0, 0);
        while newest < COUNT - 1 {
            let bell = Arc::clone(&reader.bell);
            if bell.fall_asleep(|| reader.incoming.has_input()) {
                let mut fds = [PollFd::new(&bell.waker, PollFlags::IN)];
                let timeout = Timespec {
                    tv_sec: 5,
                    tv_nsec: 0,
                };
                let woken = poll(&mut fds, Some(&timeout)).unwrap();
                // The last datagrams may have been dropped.
                if woken == 0 {
                    break;
                }
                bell.waker.reset();
                bell.wake_up();
            }
            reader.incoming.receive(|path, datagram| {
                let number = u32::from_be_bytes((&*datagram).try_into().unwrap());
                let Protocol::Ring { worker: 0, pair } = path.protocol else {
                    panic!("{path:?}")
                };
                assert_eq!(pair, number % 3);
                let before = last.insert(pair, number);
                assert!(before.is_none_or(|before| before < number), "in order");
                arrived += 1;
                newest = number;
            });
        }
        let counters = writer.join().unwrap();
        assert_eq!(counters.sent + counters.dropped, u64::from(COUNT));
        assert_eq!(arrived, counters.sent);
    }
}
