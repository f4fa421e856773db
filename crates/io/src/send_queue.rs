//! Sends batches, falls back where the kernel refuses, and keeps what a full socket did not take.

use std::io;

use hubbub_core::Outbox;
use hubbub_core::api::Protocol;
use serde::Serialize;

use crate::backlog::{Backlog, Datagram, Overflow};
use crate::gso::{Limits, Message, Outgoing, Plan};

/// Datagrams that are taken from the backlog at a time.
const BACKLOG_BATCH: usize = 256;

/// A UDP payload that fits the least MTU of IPv6, 1,280 bytes (RFC 8200 section 5).
const EVERY_PATH_BYTES: usize = 1_232;

/// What takes messages: the socket, or a test that is full or refuses at will.
pub(crate) trait Wire {
    /// Takes messages from the front of `messages`, whose datagrams are `entries` in the order of `order`, and tells
    /// how many: at least one. An error concerns the first message, and nothing was taken.
    fn send(
        &mut self,
        entries: &[Outgoing<'_>],
        order: &[usize],
        messages: &[Message],
    ) -> io::Result<usize>;
}

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

/// The plan, its limits, and what waits.
pub(crate) struct SendQueue {
    plan: Plan,
    limits: Limits,
    backlog: Backlog,
    counters: SendCounters,
    /// Memory for the entries of a batch.
    spare: Vec<Outgoing<'static>>,
}

impl SendQueue {
    pub(crate) fn new(backlog_limit: usize) -> Self {
        Self {
            plan: Plan::default(),
            limits: Limits::default(),
            backlog: Backlog::new(backlog_limit),
            counters: SendCounters::default(),
            spare: Vec::new(),
        }
    }

    /// Sends everything in `outbox` that goes by UDP, or keeps it for later.
    pub(crate) fn send(&mut self, outbox: &Outbox, wire: &mut impl Wire) {
        let mut entries: Vec<Outgoing<'_>> = std::mem::take(&mut self.spare);
        entries.extend(
            outbox
                .iter()
                .filter(|(_, path, _)| path.protocol == Protocol::Udp)
                .map(|(bytes, path, priority)| Outgoing {
                    bytes,
                    path,
                    priority,
                }),
        );
        if self.is_blocked() {
            // What waits goes first, so that the order within a stream holds.
            entries
                .iter()
                .for_each(|entry| self.backlog.push(Datagram::from(*entry)));
        } else {
            for index in self.transmit(&entries, wire) {
                if let Some(entry) = entries.get(index) {
                    self.backlog.push(Datagram::from(*entry));
                }
            }
        }
        self.spare = emptied(entries);
    }

    /// Sends what waits, as far as there is room.
    pub(crate) fn resume(&mut self, wire: &mut impl Wire) {
        while self.is_blocked() {
            let mut taken = self.backlog.take(BACKLOG_BATCH);
            let entries: Vec<_> = taken.iter().map(Outgoing::from).collect();
            let unsent = self.transmit(&entries, wire);
            if !unsent.is_empty() {
                let rest = unsent
                    .into_iter()
                    .filter_map(|index| taken.get_mut(index).map(Datagram::take));
                self.backlog.put_back(rest.collect());
                return;
            }
        }
    }

    /// Something waits for room.
    pub(crate) fn is_blocked(&self) -> bool {
        !self.backlog.is_empty()
    }

    pub(crate) fn counters(&self) -> SendCounters {
        SendCounters {
            overflow: self.backlog.overflow(),
            ..self.counters
        }
    }

    /// Sends until done or the wire is full; returns the indices of what was not sent, in the order of sending.
    fn transmit(&mut self, entries: &[Outgoing<'_>], wire: &mut impl Wire) -> Vec<usize> {
        self.plan.make(entries, self.limits);
        let mut at = 0;
        // Limits to keep to once a datagram of the message that was split has shown that its size was the matter.
        let mut learned = None;
        while let Some((message, rest)) = self
            .plan
            .messages()
            .get(at..)
            .and_then(<[Message]>::split_first)
        {
            let messages = self.plan.messages().get(at..).unwrap_or_default();
            let verdict = match wire.send(entries, self.plan.order(), messages) {
                Ok(count) => Verdict::Sent(count.clamp(1, rest.len() + 1)),
                Err(error) => Verdict::of(&error, message, self.limits),
            };
            match verdict {
                Verdict::Sent(count) => {
                    self.limits = learned.take().unwrap_or(self.limits);
                    let sent = messages.get(..count).unwrap_or_default();
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
                    learned = Some(limits);
                    self.plan.split(at);
                }
                Verdict::Refused => {
                    learned = None;
                    self.counters.refused += message.count as u64;
                    at += 1;
                }
            }
        }
        Vec::new()
    }
}

/// The memory of `entries` alone: collecting nothing from a vector re-uses its allocation.
fn emptied(mut entries: Vec<Outgoing<'_>>) -> Vec<Outgoing<'static>> {
    entries.clear();
    entries.into_iter().map_while(|_| None).collect()
}

/// What the outcome of a call means for the first message of it.
enum Verdict {
    Sent(usize),
    /// A signal came between.
    Again,
    /// No room in the socket.
    Full,
    /// The kernel does not segment this message, but what keeps to these limits.
    Regroup(Limits),
    /// This message cannot be sent at all.
    Refused,
}

impl Verdict {
    fn of(error: &io::Error, message: &Message, limits: Limits) -> Self {
        match error.raw_os_error() {
            Some(libc::EAGAIN) => Self::Full,
            Some(libc::EINTR) => Self::Again,
            // The device computes no checksums, so that the kernel segments nothing for it.
            Some(libc::EIO) if message.count > 1 => Self::Regroup(Limits::OFF),
            // A segment does not fit the path's MTU (EMSGSIZE from Linux 6.14 on); smaller ones may. One client on an
            // odd path pays alone, the others keep what every path of IPv6 carries.
            Some(libc::EINVAL | libc::EMSGSIZE) if message.count > 1 => Self::Regroup(Limits {
                segment_bytes: usize::from(message.segment_bytes)
                    .saturating_sub(1)
                    .max(EVERY_PATH_BYTES)
                    .min(limits.segment_bytes),
                ..limits
            }),
            _ => Self::Refused,
        }
    }
}

#[cfg(test)]
mod tests;
