//! Rules for the output sequence.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

const FIRST: u64 = 1 << 16;

fn rewriter() -> SequenceRewriter {
    SequenceRewriter::new(1, 0)
}

/// Forwards `sequences`; returns output numbers relative to the first possible one.
fn forward(rewriter: &mut SequenceRewriter, sequences: &[u64]) -> Vec<Option<u64>> {
    sequences
        .iter()
        .map(|ext| rewriter.forward(*ext).map(|out| out - FIRST))
        .collect()
}

#[test]
fn packets_that_are_sent_again_after_a_switch_get_new_numbers() {
    let mut rewriter = SequenceRewriter::new(1, 100);
    let first = rewriter.forward(10).unwrap();
    rewriter.forward(11).unwrap();
    rewriter.go_back_to(10);
    assert_eq!(rewriter.forward(10), Some(first), "without a switch");
    rewriter.switch_source(1);
    assert_eq!(rewriter.forward(11), Some(first + 1));
    rewriter.go_back_to(10);
    assert_eq!(rewriter.forward(10), Some(first + 2));
    assert_eq!(rewriter.forward(11), Some(first + 3));
    assert_eq!(rewriter.lookup(first as u16 + 3).unwrap().sequence, 11);
    assert_eq!(rewriter.lookup(first as u16), None);
}

#[test]
fn going_back_forgets_no_packets_of_another_source() {
    let mut rewriter = SequenceRewriter::new(1, 100);
    let first = rewriter.forward(50).unwrap();
    rewriter.switch_source(2);
    rewriter.go_back_to(10);
    assert_eq!(rewriter.forward(10), Some(first + 1));
    assert_eq!(rewriter.lookup(first as u16).unwrap().sequence, 50);
}

#[test]
fn the_former_number_of_a_packet_that_was_sent_again_is_not_found() {
    let mut rewriter = SequenceRewriter::new(1, 100);
    let first = rewriter.forward(10).unwrap();
    rewriter.switch_source(2);
    assert_eq!(rewriter.forward(50), Some(first + 1));
    rewriter.switch_source(2);
    rewriter.go_back_to(50);
    assert_eq!(rewriter.forward(50), Some(first + 2));
    assert_eq!(rewriter.lookup(first as u16 + 1), None);
}

#[test]
fn starts_with_the_given_number() {
    let mut rewriter = SequenceRewriter::new(1, 500);
    assert_eq!(rewriter.highest(), None);
    assert_eq!(rewriter.forward(90_000), Some(FIRST + 500));
    assert_eq!(rewriter.highest(), Some(FIRST + 500));
}

#[test]
fn loss_leaves_a_gap_for_the_late_packet() {
    assert_eq!(
        forward(&mut rewriter(), &[10, 13, 12, 11]),
        [Some(0), Some(3), Some(2), Some(1)]
    );
}

#[test]
fn skipped_packets_leave_no_gap() {
    let mut rewriter = rewriter();
    assert_eq!(forward(&mut rewriter, &[10]), [Some(0)]);
    rewriter.skip(11);
    rewriter.skip(12);
    assert_eq!(forward(&mut rewriter, &[13]), [Some(1)]);
    assert_eq!(rewriter.forward(12), None);
}

#[test]
fn packets_skipped_out_of_order_leave_no_gap() {
    let mut rewriter = rewriter();
    forward(&mut rewriter, &[10]);
    for skipped in [14, 12, 13, 16, 11] {
        rewriter.skip(skipped);
    }
    assert_eq!(forward(&mut rewriter, &[15, 17]), [Some(1), Some(2)]);
}

#[test]
fn a_skip_just_before_a_skipped_packet_adds_no_segment() {
    let mut rewriter = rewriter();
    forward(&mut rewriter, &[0, 1]);
    rewriter.skip(4);
    rewriter.skip(3);
    assert_eq!(rewriter.segments.len(), 2);
    assert_eq!(forward(&mut rewriter, &[2, 5]), [Some(2), Some(3)]);
}

#[test]
fn a_packet_lost_before_a_skip_keeps_its_number() {
    let mut rewriter = rewriter();
    forward(&mut rewriter, &[10]);
    rewriter.skip(12);
    assert_eq!(forward(&mut rewriter, &[13, 11]), [Some(2), Some(1)]);
}

#[test]
fn a_skip_after_a_newer_packet_leaves_the_gap() {
    let mut rewriter = rewriter();
    forward(&mut rewriter, &[10, 12]);
    rewriter.skip(11);
    assert_eq!(forward(&mut rewriter, &[13]), [Some(3)]);
}

#[test]
fn a_new_source_continues_after_the_highest() {
    let mut rewriter = rewriter();
    forward(&mut rewriter, &[10, 12]);
    rewriter.switch_source(2);
    assert_eq!(forward(&mut rewriter, &[5_000, 5_001]), [Some(3), Some(4)]);
    assert_eq!(rewriter.source, 2);
}

#[test]
fn packets_older_than_the_switch_are_refused() {
    let mut rewriter = rewriter();
    forward(&mut rewriter, &[10]);
    rewriter.switch_source(2);
    assert_eq!(forward(&mut rewriter, &[5_000, 4_999]), [Some(1), None]);
}

#[test]
fn a_pause_leaves_no_gap_and_late_packets_keep_their_numbers() {
    let mut rewriter = rewriter();
    forward(&mut rewriter, &[10, 12]);
    rewriter.switch_source(1);
    assert_eq!(
        forward(&mut rewriter, &[11, 500, 501, 13, 11]),
        [Some(1), Some(3), Some(4), None, Some(1)]
    );
}

#[test]
fn a_jump_leaves_no_gap() {
    let mut rewriter = rewriter();
    forward(&mut rewriter, &[10]);
    assert_eq!(
        forward(&mut rewriter, &[10 + 20_000, 12 + 20_000]),
        [Some(1), Some(3)]
    );
}

#[test]
fn looks_up_sent_and_lost_packets() {
    let mut rewriter = rewriter();
    forward(&mut rewriter, &[10, 12]);
    rewriter.skip(13);
    forward(&mut rewriter, &[14]);
    rewriter.switch_source(2);
    forward(&mut rewriter, &[700]);
    let found = (0..5).map(|out| {
        rewriter
            .lookup(out)
            .map(|packet| (packet.source, packet.sequence))
    });
    assert_eq!(
        found.collect::<Vec<_>>(),
        [(1, 10), (1, 11), (1, 12), (1, 14), (2, 700)].map(Some)
    );
}

#[test]
fn numbers_never_sent_are_not_found() {
    let mut rewriter = rewriter();
    assert_eq!(rewriter.lookup(0), None);
    forward(&mut rewriter, &[10, 11]);
    assert_eq!(rewriter.lookup(2), None);
    assert_eq!(rewriter.lookup(u16::MAX), None);
}

#[test]
fn the_number_of_segments_is_bounded() {
    let mut rewriter = rewriter();
    for ext in (0..10_000).step_by(2) {
        assert!(rewriter.forward(ext).is_some());
        rewriter.skip(ext + 1);
    }
    assert_eq!(rewriter.segments.len(), MAX_SEGMENTS);
    assert_eq!(
        rewriter.lookup(4_999),
        Some(SourcePacket {
            source: 1,
            sequence: 9_998
        })
    );
    assert_eq!(rewriter.forward(2), None);
}

#[test]
fn the_oldest_segment_is_dropped_when_there_are_too_many() {
    let mut rewriter = rewriter();
    // The number after the last skipped one starts another segment.
    for ext in (0..2 * MAX_SEGMENTS as u64 - 2).step_by(2) {
        assert!(rewriter.forward(ext).is_some());
        rewriter.skip(ext + 1);
    }
    let first = SourcePacket {
        source: 1,
        sequence: 0,
    };
    assert_eq!(rewriter.segments.len(), MAX_SEGMENTS);
    assert_eq!(rewriter.lookup(0), Some(first));
    rewriter.switch_source(2);
    rewriter.switch_source(1);
    assert!(rewriter.forward(10_000).is_some());
    assert_eq!(rewriter.lookup(0), Some(first));
    rewriter.switch_source(2);
    assert!(rewriter.forward(10_000).is_some());
    assert_eq!(rewriter.lookup(0), None);
}

#[test]
fn a_gap_of_3000_packets_is_loss_and_a_larger_one_a_restart() {
    let mut lossy = rewriter();
    assert_eq!(
        forward(&mut lossy, &[10, 11 + MAX_DROPOUT]),
        [Some(0), Some(1 + MAX_DROPOUT)]
    );
    let mut restarted = rewriter();
    assert_eq!(
        forward(&mut restarted, &[10, 12 + MAX_DROPOUT]),
        [Some(0), Some(1)]
    );
}

#[test]
fn numbers_are_found_up_to_half_the_range_back() {
    let mut rewriter = rewriter();
    for ext in (0..=39_000).step_by(3_000) {
        assert_eq!(rewriter.forward(ext), Some(FIRST + ext));
    }
    let back = |distance: u16| rewriter.lookup(39_000_u16 - distance);
    let sequence = 39_000 - 32_767;
    assert_eq!(
        back(32_767),
        Some(SourcePacket {
            source: 1,
            sequence
        })
    );
    assert_eq!(back(32_768), None);
}

/// The fate of the next packet of a source.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Forward,
    Skip,
    Lose,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![6 => Just(Fate::Forward), 2 => Just(Fate::Skip), 1 => Just(Fate::Lose)]
}

/// An operation on a rewriter. Packet numbers are relative to the highest of their source.
#[derive(Debug, Clone, Copy)]
enum Operation {
    Forward(i64),
    Skip(i64),
    Switch(u32),
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        12 => (-8i64..6).prop_map(Operation::Forward),
        5 => (-8i64..6).prop_map(Operation::Skip),
        1 => (-5_000i64..5_000).prop_map(Operation::Forward),
        1 => (0u32..3).prop_map(Operation::Switch),
    ]
}

proptest! {
    #[test]
    fn only_loss_leaves_gaps_when_packets_are_in_order(start in 1u64 << 16..1 << 20, fates in prop::collection::vec(fate(), 1..400)) {
        let mut rewriter = SequenceRewriter::new(1, 65_000);
        let mut expected = None;
        for (ext, fate) in (start..).zip(fates) {
            match fate {
                Fate::Forward => {
                    let out = rewriter.forward(ext).unwrap();
                    prop_assert_eq!(out, expected.unwrap_or(out));
                    prop_assert_eq!(rewriter.highest(), Some(out));
                    expected = Some(out + 1);
                }
                Fate::Skip => rewriter.skip(ext),
                Fate::Lose => expected = expected.map(|out| out + 1),
            }
        }
    }

    #[test]
    fn outputs_are_unique_and_map_back(operations in prop::collection::vec(operation(), 1..200)) {
        let mut rewriter = SequenceRewriter::new(0, 65_500);
        let mut highest = [1u64 << 20; 3];
        let mut sent: HashMap<u64, SourcePacket> = HashMap::new();
        let mut numbers: HashMap<SourcePacket, u64> = HashMap::new();
        for operation in operations {
            let source = rewriter.source;
            let at = |highest: &mut [u64; 3], step| {
                let ext = highest[source as usize].wrapping_add_signed(step);
                highest[source as usize] = highest[source as usize].max(ext);
                ext
            };
            match operation {
                Operation::Forward(step) => {
                    let packet = SourcePacket { source, sequence: at(&mut highest, step) };
                    if let Some(out) = rewriter.forward(packet.sequence) {
                        prop_assert_eq!(*sent.entry(out).or_insert(packet), packet);
                        prop_assert_eq!(*numbers.entry(packet).or_insert(out), out);
                        prop_assert!(out <= rewriter.highest().unwrap());
                    }
                }
                Operation::Skip(step) => rewriter.skip(at(&mut highest, step)),
                Operation::Switch(source) => rewriter.switch_source(source),
            }
        }
        let newest = rewriter.highest().unwrap_or(0);
        for (out, packet) in sent.into_iter().filter(|(out, _)| newest - out < 32_768) {
            prop_assert_eq!(rewriter.lookup(out as u16), Some(packet));
        }
    }

    #[test]
    fn newer_packets_get_higher_numbers(operations in prop::collection::vec(operation(), 1..200)) {
        let mut rewriter = SequenceRewriter::new(0, 0);
        let mut ext = 1u64 << 20;
        let mut last = 0;
        for operation in operations {
            match operation {
                Operation::Forward(step) => {
                    ext += step.unsigned_abs() + 1;
                    let out = rewriter.forward(ext).unwrap();
                    prop_assert!(out > last);
                    last = out;
                }
                Operation::Skip(step) => {
                    ext += step.unsigned_abs() + 1;
                    rewriter.skip(ext);
                }
                Operation::Switch(source) => rewriter.switch_source(source),
            }
        }
    }
}
