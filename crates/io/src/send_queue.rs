//! Sends batches, falls back when the kernel refuses segmentation, and queues datagrams while the socket is full.

use std::io;
use std::ops::AddAssign;

use hubbub_core::Outbox;
use hubbub_core::api::{Path, Protocol};
use serde::Serialize;

use crate::backlog::{Backlog, Datagram, Overflow};
use crate::segmentation::{RouteLimits, SegmentationLimits};
use crate::send_plan::{Message, Outgoing, SendPlan};

/// Datagrams taken from the backlog at a time.
const BACKLOG_BATCH: usize = 256;

/// Accepts messages: the socket, or a scripted sink in tests.
pub(crate) trait MessageSink {
    /// Sends messages from the front of `messages`, whose datagrams are `entries` in the order of `order`. Returns the
    /// number of messages sent, at least one. An error refers to the first message; no message was sent.
    fn send(
        &mut self,
        entries: &[Outgoing<'_>],
        order: &[usize],
        messages: &[Message],
    ) -> io::Result<usize>;
}

/// Counters of sent and unsent datagrams.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct SendCounters {
    /// Datagrams that the kernel accepted.
    pub datagrams: u64,
    /// Messages that carried them: fewer than datagrams when segmentation offload works.
    pub messages: u64,
    /// Datagrams that the kernel refused: destination unreachable, forbidden or datagram too long.
    pub refused: u64,
    /// Datagrams dropped because the socket stayed full.
    pub overflow: Overflow,
}

impl AddAssign for SendCounters {
    fn add_assign(&mut self, other: Self) {
        self.datagrams += other.datagrams;
        self.messages += other.messages;
        self.refused += other.refused;
        self.overflow += other.overflow;
    }
}

/// Sends batches through a [`MessageSink`] and holds their backlog.
pub(crate) struct SendQueue {
    protocol: Protocol,
    plan: SendPlan,
    routes: RouteLimits,
    backlog: Backlog,
    counters: SendCounters,
    /// The empty vector for the entries of the next batch, to reuse its allocation.
    spare: Vec<Outgoing<'static>>,
}

impl SendQueue {
    pub(crate) fn new(protocol: Protocol, backlog_limit: usize) -> Self {
        Self {
            protocol,
            plan: SendPlan::default(),
            routes: RouteLimits::default(),
            backlog: Backlog::new(backlog_limit),
            counters: SendCounters::default(),
            spare: Vec::new(),
        }
    }

    /// Sends the datagrams of `outbox` whose paths have this queue's protocol, or queues them in the backlog.
    pub(crate) fn send(&mut self, outbox: &Outbox, sink: &mut impl MessageSink) {
        let mut entries: Vec<Outgoing<'_>> = std::mem::take(&mut self.spare);
        entries.extend(
            outbox
                .iter()
                .filter(|(_, path, _)| path.protocol == self.protocol)
                .map(|(bytes, path, priority)| Outgoing {
                    bytes,
                    path,
                    priority,
                }),
        );
        if self.is_blocked() {
            // The backlog goes first, so that each stream keeps its order.
            entries
                .iter()
                .for_each(|entry| self.backlog.push(Datagram::from(*entry)));
        } else {
            for index in self.transmit(&entries, sink) {
                if let Some(entry) = entries.get(index) {
                    self.backlog.push(Datagram::from(*entry));
                }
            }
        }
        self.spare = emptied(entries);
    }

    /// Sends the backlog until the sink is full.
    pub(crate) fn resume(&mut self, sink: &mut impl MessageSink) {
        while self.is_blocked() {
            let mut taken = self.backlog.take(BACKLOG_BATCH);
            let entries: Vec<_> = taken.iter().map(Outgoing::from).collect();
            let unsent = self.transmit(&entries, sink);
            if !unsent.is_empty() {
                let rest = unsent
                    .into_iter()
                    .filter_map(|index| taken.get_mut(index).map(Datagram::take));
                self.backlog.put_back(rest.collect());
                return;
            }
        }
    }

    /// Whether the backlog is not empty.
    pub(crate) fn is_blocked(&self) -> bool {
        !self.backlog.is_empty()
    }

    pub(crate) fn counters(&self) -> SendCounters {
        SendCounters {
            overflow: self.backlog.overflow(),
            ..self.counters
        }
    }

    /// Sends until done or the sink is full. Returns the indices of the unsent entries, in sending order.
    fn transmit(&mut self, entries: &[Outgoing<'_>], sink: &mut impl MessageSink) -> Vec<usize> {
        self.plan.make(entries, &self.routes);
        let mut at = 0;
        // New limits of a route, applied once a datagram of the split message is sent: only then was the size the cause.
        let mut learned: Option<(Path, SegmentationLimits)> = None;
        while let Some((message, rest)) = self
            .plan
            .messages()
            .get(at..)
            .and_then(<[Message]>::split_first)
        {
            let messages = self.plan.messages().get(at..).unwrap_or_default();
            let outcome = match sink.send(entries, self.plan.order(), messages) {
                Ok(count) => SendOutcome::Sent(count.clamp(1, rest.len() + 1)),
                Err(error) => SendOutcome::of(&error, message),
            };
            match outcome {
                SendOutcome::Sent(count) => {
                    if let Some((path, limits)) = learned.take() {
                        self.routes.learn(path, limits);
                    }
                    let sent = messages.get(..count).unwrap_or_default();
                    self.counters.datagrams +=
                        sent.iter().map(|message| message.count as u64).sum::<u64>();
                    self.counters.messages += count as u64;
                    at += count;
                }
                SendOutcome::Interrupted => {}
                SendOutcome::Full => {
                    return self
                        .plan
                        .order()
                        .get(message.first..)
                        .unwrap_or_default()
                        .to_vec();
                }
                SendOutcome::Regroup(limits) => {
                    let first = self.plan.order().get(message.first);
                    learned = first
                        .and_then(|&index| entries.get(index))
                        .map(|entry| (entry.path, limits));
                    self.plan.split(at);
                }
                SendOutcome::Refused => {
                    learned = None;
                    self.counters.refused += message.count as u64;
                    at += 1;
                }
            }
        }
        Vec::new()
    }
}

/// Returns the allocation of `entries` as an empty vector: collecting from a vector's iterator reuses its allocation.
fn emptied(mut entries: Vec<Outgoing<'_>>) -> Vec<Outgoing<'static>> {
    entries.clear();
    entries.into_iter().map_while(|_| None).collect()
}

/// The outcome of a call for its first message.
enum SendOutcome {
    Sent(usize),
    /// A signal interrupted the call: retry.
    Interrupted,
    /// The socket is full.
    Full,
    /// The kernel does not segment this message, but may segment messages within these limits.
    Regroup(SegmentationLimits),
    /// This message cannot be sent.
    Refused,
}

impl SendOutcome {
    fn of(error: &io::Error, message: &Message) -> Self {
        match error.raw_os_error() {
            Some(libc::EAGAIN) => Self::Full,
            Some(libc::EINTR) => Self::Interrupted,
            // The device does not offload checksums, so the kernel does not segment for it.
            Some(libc::EIO) if message.count > 1 => Self::Regroup(SegmentationLimits::OFF),
            // A segment exceeds the path's MTU (EMSGSIZE since Linux 6.14); smaller segments may fit.
            Some(libc::EINVAL | libc::EMSGSIZE) if message.count > 1 => {
                Self::Regroup(SegmentationLimits {
                    segment_bytes: usize::from(message.segment_bytes).saturating_sub(1),
                    ..SegmentationLimits::default()
                })
            }
            _ => Self::Refused,
        }
    }
}

#[cfg(test)]
mod tests;
