//! Transport-wide feedback round-trips for any pattern of loss, reordering and gaps.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed expectation fails the test"
)]

use hubbub_wire::WireError;
use hubbub_wire::rtcp::{
    Arrival, Compound, RtcpPacket, TransportFeedback, TransportFeedbackBuilder,
};
use proptest::prelude::*;

fn parse(packet: &[u8]) -> TransportFeedback<'_> {
    match &Compound::parse(packet).unwrap().collect::<Vec<_>>()[..] {
        [Ok(RtcpPacket::TransportFeedback(feedback))] => feedback.clone(),
        other => panic!("{other:?}"),
    }
}

/// The received packets of one feedback packet, with their arrival times in units of 250 us.
fn received(feedback: &TransportFeedback<'_>) -> Vec<(u16, i64)> {
    let mut time = feedback.reference_time_micros();
    let arrivals = feedback.statuses().filter_map(|status| {
        time += i64::from(status.delta_micros?);
        Some((status.sequence_number, time / 250))
    });
    arrivals.collect()
}

/// Writes all arrivals in packets of at most `budget` bytes. Returns the number of statuses and the received packets.
fn round_trip(base_sequence: u16, arrivals: &[Arrival], budget: usize) -> (usize, Vec<(u16, i64)>) {
    let (mut statuses, mut read, mut rest) = (0, Vec::new(), arrivals);
    let mut base = base_sequence;
    let mut buffer = vec![0xFF; budget];
    for feedback_count in 0..=255 {
        let builder = TransportFeedbackBuilder {
            sender_ssrc: 1,
            media_ssrc: 2,
            feedback_count,
            base_sequence: base,
            arrivals: rest,
        };
        let written = builder.write(&mut buffer).unwrap();
        let feedback = parse(&buffer[..written.len]);
        assert_eq!((feedback.sender_ssrc, feedback.media_ssrc), (1, 2));
        assert_eq!(
            (feedback.base_sequence, feedback.feedback_count),
            (base, feedback_count)
        );
        assert_eq!(
            feedback.statuses().count(),
            usize::from(feedback.status_count)
        );
        assert_eq!(
            received(&feedback).len(),
            usize::from(feedback.arrived_count)
        );
        statuses += usize::from(feedback.status_count);
        read.extend(received(&feedback));
        rest = &rest[written.arrivals..];
        base = written.next_sequence;
        if rest.is_empty() {
            return (statuses, read);
        }
    }
    panic!("the feedback packets do not end");
}

fn arrivals(steps: &[(u16, i64)], base: u16, start: u64) -> Vec<Arrival> {
    let (mut sequence_number, mut time) = (base, start);
    let list = steps.iter().map(|(gap, delta)| {
        let arrival = Arrival {
            sequence_number: sequence_number.wrapping_add(*gap),
            arrival_micros: time,
        };
        sequence_number = arrival.sequence_number.wrapping_add(1);
        time = time.saturating_add_signed(*delta);
        arrival
    });
    list.collect()
}

fn ticks(arrivals: &[Arrival]) -> Vec<(u16, i64)> {
    arrivals
        .iter()
        .map(|arrival| {
            (
                arrival.sequence_number,
                (arrival.arrival_micros / 250) as i64,
            )
        })
        .collect()
}

proptest! {
    #[test]
    fn every_written_arrival_is_read_back(
        base: u16,
        start in 20_000_000..500_000_000_000u64,
        steps in proptest::collection::vec(
            (prop_oneof![8 => Just(0u16), 2 => 1..20u16, 1 => 0..60u16], prop_oneof![
                8 => 0..3_000i64, 2 => -50_000..100_000i64, 1 => -9_000_000..20_000_000i64
            ]),
            1..250,
        ),
        budget in prop_oneof![Just(1200usize), 60..300usize],
    ) {
        let arrivals = arrivals(&steps, base, start);
        let (statuses, read) = round_trip(base, &arrivals, budget);
        prop_assert_eq!(statuses, steps.iter().map(|step| usize::from(step.0) + 1).sum::<usize>());
        prop_assert_eq!(read, ticks(&arrivals));
    }
}

#[test]
fn feedback_takes_about_one_byte_per_packet_at_one_packet_per_millisecond() {
    let arrivals = arrivals(&[(0, 1_000); 100], 7, 64_000);
    let mut buffer = [0; 1200];
    let builder = TransportFeedbackBuilder {
        sender_ssrc: 1,
        media_ssrc: 2,
        feedback_count: 0,
        base_sequence: 7,
        arrivals: &arrivals,
    };
    let written = builder.write(&mut buffer).unwrap();
    // 20 bytes of fields, one run length chunk, 100 small deltas, padding.
    assert_eq!(
        (written.len, written.arrivals, written.next_sequence),
        (124, 100, 107)
    );
}

#[test]
fn the_reference_time_wraps_at_24_bits() {
    let wrap = (1u64 << 24) * 64_000;
    let arrivals = [Arrival {
        sequence_number: 0,
        arrival_micros: wrap + 64_250,
    }];
    let (_, read) = round_trip(0, &arrivals, 1200);
    assert_eq!(read, [(0, 257)]);
}

#[test]
fn a_gap_of_thousands_is_a_few_runs() {
    let arrivals = arrivals(&[(0, 0), (30_000, 0)], 65_000, 64_000);
    let (statuses, read) = round_trip(65_000, &arrivals, 36);
    assert_eq!((statuses, read.len()), (30_002, 2));
}

#[test]
fn empty_or_descending_arrivals_cannot_be_written() {
    let descending = [5u16, 4].map(|sequence_number| Arrival {
        sequence_number,
        arrival_micros: 0,
    });
    let before_base = [Arrival {
        sequence_number: 2,
        arrival_micros: 0,
    }];
    for arrivals in [&descending[..], &before_base, &[]] {
        let builder = TransportFeedbackBuilder {
            sender_ssrc: 1,
            media_ssrc: 2,
            feedback_count: 0,
            base_sequence: 3,
            arrivals,
        };
        assert_eq!(
            builder.write(&mut [0; 100]),
            Err(WireError::Unrepresentable)
        );
    }
}

#[test]
fn a_buffer_below_one_arrival_is_too_small() {
    let arrivals = [Arrival {
        sequence_number: 3,
        arrival_micros: 0,
    }];
    let builder = TransportFeedbackBuilder {
        sender_ssrc: 1,
        media_ssrc: 2,
        feedback_count: 0,
        base_sequence: 3,
        arrivals: &arrivals,
    };
    assert_eq!(builder.write(&mut [0; 23]), Err(WireError::BufferTooSmall));
    assert!(builder.write(&mut [0; 24]).is_ok());
}

#[test]
fn missing_chunks_or_deltas_are_malformed() {
    let feedback = |status_count: u8, chunks: &[u8]| {
        let words = u8::try_from((16 + chunks.len()) / 4).unwrap();
        let body = [0, 0, 0, 1, 0, 0, 0, 2, 0, 9, 0, status_count, 0, 0, 1, 0];
        let packet = [&[0x8F, 205, 0, words][..], &body, chunks].concat();
        Compound::parse(&packet)
            .unwrap()
            .next()
            .unwrap()
            .map(|_| ())
    };
    assert_eq!(feedback(1, &[]), Err(WireError::Truncated));
    // A run of 3 small deltas followed by two bytes.
    assert_eq!(feedback(3, &[0x20, 3, 1, 1]), Err(WireError::Truncated));
    assert_eq!(feedback(2, &[0x20, 2, 1, 1]), Ok(()));
    // The reserved symbol.
    assert_eq!(feedback(1, &[0x60, 1, 1, 1]), Err(WireError::InvalidField));
}
