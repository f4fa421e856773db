use super::*;
use crate::time::MILLISECOND;

/// Polls every `step` microseconds; returns the time in microseconds and the reference of each packet.
fn drain(pacer: &mut Pacer<u32>, from: u64, step: u64) -> Vec<(u64, u32)> {
    let mut released = Vec::new();
    for n in 0..1_000 {
        let now = from + n * step;
        while let Some(item) = pacer.poll(Micros(now)) {
            match item {
                Released::Packet { reference, .. } => released.push((now, reference)),
                Released::Padding { bytes, .. } => {
                    pacer.padding_sent(Micros(now), bytes);
                    released.push((now, u32::MAX));
                }
            }
        }
    }
    released
}

fn times(released: &[(u64, u32)]) -> Vec<u64> {
    let mut times: Vec<u64> = released.iter().map(|(time, _)| *time).collect();
    times.dedup();
    times
}

#[test]
fn audio_never_waits_and_retransmissions_precede_video() {
    let mut pacer = Pacer::new(Micros(0), 100_000);
    for reference in 0..20 {
        pacer.enqueue(Micros(0), Class::Video, reference, 1_200);
    }
    while pacer.poll(Micros(0)).is_some() {}
    pacer.enqueue(Micros(0), Class::Retransmission, 100, 1_200);
    pacer.enqueue(Micros(0), Class::Audio, 200, 100);
    let first = pacer.poll(Micros(0));
    assert!(matches!(
        first,
        Some(Released::Packet { reference: 200, .. })
    ));
    assert_eq!(pacer.poll(Micros(0)), None);
    assert_eq!(
        drain(&mut pacer, 1, 1_000).first().map(|(_, r)| *r),
        Some(100)
    );
}

#[test]
fn a_key_frame_takes_40_ms_in_groups_of_5_ms() {
    // 50 kB at 2.5 times 4 Mbit/s.
    let mut pacer = Pacer::new(Micros(0), 4_000_000);
    for reference in 0..50 {
        pacer.enqueue(Micros(0), Class::Video, reference, 1_000);
    }
    let released = drain(&mut pacer, 0, 100);
    assert_eq!(released.len(), 50);
    let times = times(&released);
    assert!(times.last().is_some_and(|last| *last <= 40 * MILLISECOND));
    let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(gaps.into_iter().all(|gap| gap >= BURST), "{times:?}");
}

#[test]
fn a_long_queue_is_emptied_whatever_the_estimate() {
    let mut pacer = Pacer::new(Micros(0), 10_000);
    for reference in 0..100 {
        pacer.enqueue(Micros(0), Class::Video, reference, 1_200);
    }
    let released = drain(&mut pacer, 0, 1_000);
    assert!(released.len() > 60, "{}", released.len());
}

#[test]
fn a_probe_takes_media_first_and_then_padding() {
    let mut pacer = Pacer::new(Micros(0), 300_000);
    pacer.start_probe(Probe {
        id: ClusterId(std::num::NonZeroU8::MIN),
        rate: 3_000_000.0,
        packets: 5,
        bytes: 12_000,
    });
    pacer.enqueue(Micros(0), Class::Video, 7, 1_200);
    let released = drain(&mut pacer, 0, 500);
    assert_eq!(released.len(), 10);
    assert_eq!(released.first(), Some(&(0, 7)));
    // 9 packets of 3.2 ms each, less the groups of 2 ms.
    let last = released.last().map(|(time, _)| *time).unwrap_or_default();
    assert!(
        (25 * MILLISECOND..=29 * MILLISECOND).contains(&last),
        "{last}"
    );
    assert!(!pacer.is_probing());
}

#[test]
fn a_probe_without_anything_to_send_is_given_up() {
    let mut pacer: Pacer<u32> = Pacer::new(Micros(0), 300_000);
    pacer.start_probe(Probe {
        id: ClusterId(std::num::NonZeroU8::MIN),
        rate: 900_000.0,
        packets: 5,
        bytes: 1_000,
    });
    assert!(matches!(
        pacer.poll(Micros(0)),
        Some(Released::Padding { .. })
    ));
    pacer.padding_sent(Micros(0), 0);
    assert!(!pacer.is_probing());
    assert_eq!(pacer.next_release(Micros(0)), Micros::NEVER);
}

#[test]
fn packets_of_a_dropped_layer_leave_the_queue() {
    let mut pacer = Pacer::new(Micros(0), 300_000);
    for reference in 0..10 {
        pacer.enqueue(Micros(0), Class::Video, reference, 1_000);
    }
    pacer.retain(|reference| reference % 2 == 0);
    assert_eq!(pacer.queued_bytes(), 5_000);
}
