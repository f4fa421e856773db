//! Groups datagrams into messages for UDP GSO (`UDP_SEGMENT`, Linux 4.18).
//!
//! One message carries several datagrams of equal size (the last may be shorter) over one path, and the kernel
//! traverses its network stack once for all of them. A fan-out leaves the outbox ordered by packet, not by receiver, so
//! the plan groups the datagrams by path first. The datagrams of one path keep their order.

use hubbub_core::Priority;
use hubbub_core::api::Path;
use rustc_hash::FxHashMap;

use crate::segmentation::{RouteLimits, SegmentationLimits};

/// A datagram to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outgoing<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) path: Path,
    pub(crate) priority: Priority,
}

/// One message: `count` entries of [`SendPlan::order`] from `first`. If there are several, each except the last has
/// `segment_bytes` bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) first: usize,
    pub(crate) count: usize,
    pub(crate) segment_bytes: u16,
}

/// The plan for sending a batch. It is reused for the next batch to avoid allocations.
#[derive(Debug, Default)]
pub(crate) struct SendPlan {
    order: Vec<usize>,
    messages: Vec<Message>,
    /// For each entry, the next entry with the same path, or [`END`].
    next: Vec<usize>,
    /// The first entry of each path, in order of first appearance.
    heads: Vec<usize>,
    tails: FxHashMap<Path, usize>,
}

const END: usize = usize::MAX;

impl SendPlan {
    /// Replaces the plan by one for `entries`.
    pub(crate) fn make(&mut self, entries: &[Outgoing<'_>], routes: &RouteLimits) {
        self.chain(entries);
        self.order.clear();
        self.messages.clear();
        let mut open = OpenMessage::default();
        for &head in &self.heads {
            open.close(&mut self.messages);
            let limits = entries
                .get(head)
                .map_or(SegmentationLimits::OFF, |entry| routes.of(entry.path));
            let mut index = head;
            while let Some(entry) = entries.get(index) {
                if !open.takes(entry.bytes.len(), limits) {
                    open.close(&mut self.messages);
                    open.first = self.order.len();
                }
                open.add(entry.bytes.len());
                self.order.push(index);
                index = self.next.get(index).copied().unwrap_or(END);
            }
        }
        open.close(&mut self.messages);
    }

    /// Indices into the entries, in sending order.
    pub(crate) fn order(&self) -> &[usize] {
        &self.order
    }

    /// The messages, in sending order.
    pub(crate) fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Splits message `at` into one message per datagram.
    pub(crate) fn split(&mut self, at: usize) {
        let Some(&Message {
            first,
            count,
            segment_bytes,
        }) = self.messages.get(at)
        else {
            return;
        };
        self.messages.splice(
            at..=at,
            (first..first + count).map(|first| Message {
                first,
                count: 1,
                segment_bytes,
            }),
        );
    }

    /// Links the entries of each path into a list.
    fn chain(&mut self, entries: &[Outgoing<'_>]) {
        self.next.clear();
        self.next.resize(entries.len(), END);
        self.heads.clear();
        self.tails.clear();
        for (index, entry) in entries.iter().enumerate() {
            match self.tails.insert(entry.path, index) {
                None => self.heads.push(index),
                Some(tail) => {
                    if let Some(next) = self.next.get_mut(tail) {
                        *next = index;
                    }
                }
            }
        }
    }
}

/// The message being filled.
#[derive(Debug, Default)]
struct OpenMessage {
    first: usize,
    count: usize,
    bytes: usize,
    segment_bytes: usize,
    last_bytes: usize,
}

impl OpenMessage {
    fn takes(&self, len: usize, limits: SegmentationLimits) -> bool {
        self.count > 0
            && self.count < limits.count
            && self.bytes + len <= limits.bytes
            && self.segment_bytes <= limits.segment_bytes
            && self.last_bytes == self.segment_bytes
            && (1..=self.segment_bytes).contains(&len)
    }

    fn add(&mut self, len: usize) {
        if self.count == 0 {
            self.segment_bytes = len;
        }
        self.count += 1;
        self.bytes += len;
        self.last_bytes = len;
    }

    fn close(&mut self, messages: &mut Vec<Message>) {
        if self.count > 0 {
            let segment_bytes = u16::try_from(self.segment_bytes).unwrap_or(u16::MAX);
            messages.push(Message {
                first: self.first,
                count: self.count,
                segment_bytes,
            });
        }
        *self = Self {
            first: self.first + self.count,
            ..Self::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    static BYTES: [u8; 2_000] = [0; 2_000];

    fn path(local: [u8; 4], port: u16) -> Path {
        Path::udp(local.into(), ([127, 0, 0, 1], port).into())
    }

    fn entries(sizes_and_ports: &[(usize, u16)]) -> Vec<Outgoing<'static>> {
        sizes_and_ports
            .iter()
            .map(|&(size, port)| Outgoing {
                bytes: &BYTES[..size],
                path: path([127, 0, 0, 1], port),
                priority: Priority::Video,
            })
            .collect()
    }

    fn planned(sizes_and_ports: &[(usize, u16)], limits: SegmentationLimits) -> Vec<Vec<usize>> {
        let mut plan = SendPlan::default();
        let mut routes = RouteLimits::default();
        routes.learn(path([127, 0, 0, 1], 1), limits);
        plan.make(&entries(sizes_and_ports), &routes);
        plan.messages()
            .iter()
            .map(|message| plan.order()[message.first..][..message.count].to_vec())
            .collect()
    }

    #[test]
    fn datagrams_of_equal_size_on_one_path_share_a_message() {
        assert_eq!(
            planned(
                &[(1100, 1), (1100, 1), (1100, 1)],
                SegmentationLimits::default()
            ),
            [vec![0, 1, 2]]
        );
    }

    #[test]
    fn a_shorter_datagram_ends_its_message() {
        assert_eq!(
            planned(
                &[(1100, 1), (400, 1), (400, 1)],
                SegmentationLimits::default()
            ),
            [vec![0, 1], vec![2]]
        );
    }

    #[test]
    fn a_longer_datagram_starts_a_new_message() {
        assert_eq!(
            planned(&[(400, 1), (1100, 1)], SegmentationLimits::default()),
            [vec![0], vec![1]]
        );
    }

    #[test]
    fn fan_out_is_grouped_by_receiver() {
        assert_eq!(
            planned(
                &[(9, 1), (9, 2), (9, 1), (9, 2)],
                SegmentationLimits::default()
            ),
            [vec![0, 2], vec![1, 3]]
        );
    }

    #[test]
    fn one_receiver_on_two_local_addresses_has_two_messages() {
        let mut entries = entries(&[(9, 1), (9, 1)]);
        entries[1].path = path([127, 0, 0, 2], 1);
        let mut plan = SendPlan::default();
        plan.make(&entries, &RouteLimits::default());
        assert_eq!(plan.messages().len(), 2);
    }

    #[test]
    fn datagram_above_the_segment_limit_is_sent_alone() {
        assert_eq!(
            planned(&[(1473, 1), (1473, 1)], SegmentationLimits::default()),
            [vec![0], vec![1]]
        );
    }

    #[test]
    fn without_grouping_each_datagram_is_a_message() {
        assert_eq!(
            planned(&[(9, 1), (9, 1)], SegmentationLimits::OFF),
            [vec![0], vec![1]]
        );
    }

    #[test]
    fn a_refused_message_is_split_into_its_datagrams() {
        let mut plan = SendPlan::default();
        plan.make(&entries(&[(9, 1), (9, 1), (7, 2)]), &RouteLimits::default());
        plan.split(0);
        let counts: Vec<_> = plan
            .messages()
            .iter()
            .map(|message| (message.first, message.count))
            .collect();
        assert_eq!(counts, [(0, 1), (1, 1), (2, 1)]);
    }

    proptest! {
        #[test]
        fn plan_sends_each_datagram_once_in_order_and_within_limits(
            batch in prop::collection::vec((prop_oneof![Just(1_100_usize), 0..1_600_usize], 1..5_u16), 0..400),
        ) {
            let entries = entries(&batch);
            let limits = SegmentationLimits::default();
            let mut plan = SendPlan::default();
            plan.make(&entries, &RouteLimits::default());

            let mut sorted = plan.order().to_vec();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..entries.len()).collect::<Vec<_>>());
            for port in 1..5 {
                let sent = plan.order().iter().filter(|&&index| entries[index].path.remote.port() == port);
                prop_assert!(sent.is_sorted());
            }

            let mut expected_first = 0;
            for message in plan.messages() {
                prop_assert_eq!(message.first, expected_first);
                expected_first += message.count;
                let group: Vec<_> = plan.order()[message.first..][..message.count]
                    .iter().map(|&index| entries[index]).collect();
                prop_assert!(!group.is_empty() && group.len() <= limits.count);
                prop_assert!(group.iter().all(|entry| entry.path == group[0].path));
                if let [first, .., last] = &group[..] {
                    let segment = usize::from(message.segment_bytes);
                    prop_assert!(segment <= limits.segment_bytes);
                    prop_assert_eq!(first.bytes.len(), segment);
                    prop_assert!(group.iter().rev().skip(1).all(|entry| entry.bytes.len() == segment));
                    prop_assert!((1..=segment).contains(&last.bytes.len()));
                    prop_assert!(group.iter().map(|entry| entry.bytes.len()).sum::<usize>() <= limits.bytes);
                }
            }
            prop_assert_eq!(expected_first, entries.len());
        }
    }
}
