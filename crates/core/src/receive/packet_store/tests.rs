use hubbub_codec::FrameInfo;

use super::*;

fn meta(sequence: u64, received: u64) -> PacketMeta {
    PacketMeta {
        sequence,
        timestamp: 7,
        received: Micros(received),
        clock_jumps: 0,
        codec: 1,
        marker: true,
        frame: FrameInfo::default(),
    }
}

fn insert(store: &mut PacketStore, sequence: u64, received: u64, payload: &[u8]) -> bool {
    store
        .insert(meta(sequence, received), [], payload)
        .is_some()
}

#[test]
fn returns_what_was_stored() {
    let mut store = PacketStore::new(PacketStore::AUDIO);
    let extensions: [(u8, &[u8]); 3] = [(3, b"level"), (200, b""), (9, b"orientation")];
    assert!(
        store
            .insert(meta(70_000, 0), extensions, b"payload")
            .is_some()
    );
    let packet = store.get(70_000, Micros(0)).unwrap();
    assert_eq!(*packet.meta(), meta(70_000, 0));
    assert_eq!(packet.payload(), b"payload");
    assert_eq!(packet.extensions().collect::<Vec<_>>(), extensions);
}

#[test]
fn returns_nothing_for_other_numbers() {
    let mut store = PacketStore::new(8);
    assert!(insert(&mut store, 70_000, 0, b"a"));
    assert!(store.get(70_001, Micros(0)).is_none());
    assert!(store.get(70_008, Micros(0)).is_none());
    assert!(PacketStore::new(8).get(0, Micros(0)).is_none());
}

#[test]
fn a_newer_packet_replaces_one_a_ring_length_older() {
    let mut store = PacketStore::new(8);
    assert!(insert(&mut store, 70_000, 0, b"a long one"));
    assert!(insert(&mut store, 70_008, 0, b"short"));
    assert!(store.get(70_000, Micros(0)).is_none());
    assert_eq!(store.get(70_008, Micros(0)).unwrap().payload(), b"short");
    assert!(!insert(&mut store, 70_000, 0, b"late"));
}

#[test]
fn packets_older_than_two_seconds_are_not_returned() {
    let mut store = PacketStore::new(8);
    assert!(insert(&mut store, 70_000, 1_000_000, b"a"));
    assert!(store.get(70_000, Micros(3_000_000)).is_some());
    assert!(store.get(70_000, Micros(3_000_001)).is_none());
}

#[test]
fn rejects_a_payload_longer_than_a_datagram() {
    assert!(!insert(
        &mut PacketStore::new(8),
        70_000,
        0,
        &[0; MAX_PAYLOAD + 1]
    ));
}

#[test]
fn stores_a_payload_as_long_as_a_datagram() {
    let mut store = PacketStore::new(8);
    assert!(insert(&mut store, 70_000, 0, &[0; MAX_PAYLOAD]));
}

#[test]
fn packets_of_two_seconds_are_kept() {
    let (first, last) = (1_000_000, 3_000_000);
    for newest in [first, 2_000_000] {
        let mut store = PacketStore::new(8);
        assert!(insert(&mut store, 70_000, first, b"a"));
        assert!(insert(&mut store, 70_001, newest, b"b"));
        store.free_expired(Micros(last));
        assert!(store.get(70_000, Micros(last)).is_some());
    }
}

#[test]
fn a_packet_after_a_silence_frees_a_few_at_once() {
    let mut store = PacketStore::new(PacketStore::VIDEO);
    for n in 0..1_000 {
        assert!(insert(&mut store, 70_000 + n, 0, b"a"));
    }
    assert!(insert(&mut store, 71_000, 2_100_000, b"b"));
    assert!((900..1_000).contains(&store.present), "{}", store.present);
}

#[test]
fn drops_extensions_that_do_not_fit() {
    let mut store = PacketStore::new(8);
    let (long, short) = ([1; 250], [2; 16]);
    store.insert(
        meta(70_000, 0),
        [(1, &long[..]), (2, &short[..]), (3, b"")],
        b"payload",
    );
    let packet = store.get(70_000, Micros(0)).unwrap();
    assert_eq!(
        packet.extensions().map(|(tag, _)| tag).collect::<Vec<_>>(),
        [1, 3]
    );
    assert_eq!(packet.payload(), b"payload");
}

#[test]
fn a_slow_stream_uses_few_buffers() {
    let mut store = PacketStore::new(PacketStore::VIDEO);
    for n in 0..2_000u64 {
        // Twenty packets a second, every tenth lost.
        if n % 10 != 3 {
            assert!(insert(&mut store, 70_000 + n, n * 50_000, &[0; 1_000]));
        }
    }
    assert!(buffers(&store) <= 42, "{}", buffers(&store));
}

#[test]
fn a_jump_leaves_few_buffers() {
    let mut store = PacketStore::new(PacketStore::VIDEO);
    assert!(insert(&mut store, 70_000, 0, &[0; 1_000]));
    for n in 0..1_000u64 {
        assert!(insert(&mut store, 90_000 + n, n * 50_000, &[0; 1_000]));
    }
    assert!(buffers(&store) <= 43, "{}", buffers(&store));
}

#[test]
fn a_silent_stream_holds_no_memory_and_continues() {
    let mut store = PacketStore::new(PacketStore::VIDEO);
    for n in 0..1_500u64 {
        assert!(insert(&mut store, 70_000 + n, n * 1_000, &[0; 1_000]));
    }
    store.free_expired(Micros(2_500_000));
    assert_eq!(store.held_bytes(), 1_024 * 1_000);
    store.free_expired(Micros(3_500_000));
    assert_eq!((store.held_bytes(), store.slots.capacity()), (0, 0));
    assert!(store.get(71_499, Micros(3_500_000)).is_none());
    assert!(insert(&mut store, 71_500, 3_600_000, b"a"));
    assert!(store.get(71_500, Micros(3_600_000)).is_some());
}

#[test]
fn a_stream_that_became_slow_holds_few_buffers() {
    let mut store = PacketStore::new(PacketStore::VIDEO);
    for n in 0..1_000u64 {
        assert!(insert(&mut store, 70_000 + n, n, &[0; 1_000]));
    }
    for n in 0..8u64 {
        let now = n * 500_000;
        assert!(insert(&mut store, 71_000 + n, now, &[0; 1_000]));
        store.free_expired(Micros(now));
    }
    assert!(buffers(&store) <= 10, "{}", buffers(&store));
}

#[test]
fn packets_from_before_a_gap_are_freed() {
    for first in [71_001, 71_500, 72_022, 72_023, 72_024, 90_000] {
        let mut store = PacketStore::new(PacketStore::VIDEO);
        for n in 0..1_000u64 {
            assert!(insert(&mut store, 70_000 + n, n, &[0; 1_000]));
        }
        store.free_expired(Micros(1_000));
        for n in 0..8u64 {
            let now = n * 500_000;
            assert!(insert(&mut store, first + n, now, &[0; 1_000]));
            store.free_expired(Micros(now));
        }
        assert!(buffers(&store) <= 10, "{first}: {}", buffers(&store));
    }
}

#[test]
fn packets_before_lost_ones_are_freed() {
    let mut store = PacketStore::new(PacketStore::VIDEO);
    for n in (0..3_000u64).filter(|n| n % 10 != 3) {
        assert!(insert(&mut store, 70_000 + n, n, &[0; 1_000]));
        if n.is_multiple_of(500) {
            store.free_expired(Micros(n));
        }
    }
    for n in 0..8u64 {
        let now = n * 500_000;
        assert!(insert(&mut store, 73_000 + n, now, &[0; 1_000]));
        store.free_expired(Micros(now));
    }
    assert!(buffers(&store) <= 10, "{}", buffers(&store));
}

#[test]
fn a_gap_keeps_the_packets_within_the_ring() {
    let mut store = PacketStore::new(8);
    for n in [0, 1, 2, 3, 4, 5, 6, 7, 10] {
        assert!(insert(&mut store, 70_000 + n, 0, b"a"));
    }
    let held = (0..11).filter(|n| store.get(70_000 + n, Micros(0)).is_some());
    assert_eq!(held.collect::<Vec<_>>(), [3, 4, 5, 6, 7, 10]);
}

#[test]
fn a_packet_that_arrives_late_after_a_silence_is_freed() {
    let mut store = PacketStore::new(PacketStore::VIDEO);
    assert!(insert(&mut store, 70_010, 0, b"a"));
    store.free_expired(Micros(1_900_000));
    assert!(insert(&mut store, 70_011, 2_100_000, b"b"));
    assert!(insert(&mut store, 70_005, 2_200_000, b"late"));
    assert!(insert(&mut store, 70_012, 4_250_000, b"c"));
    store.free_expired(Micros(4_250_000));
    assert_eq!(buffers(&store), 2);
}

#[test]
fn shrinking_frees_the_oldest_packets() {
    let mut store = PacketStore::new(8);
    for n in 0..12 {
        assert!(insert(&mut store, 70_000 + n, n, &[0; 100]));
    }
    store.shrink_to(250);
    assert_eq!(store.held_bytes(), 200);
    let held = (0..12).filter(|n| store.get(70_000 + n, Micros(12)).is_some());
    assert_eq!(held.collect::<Vec<_>>(), [10, 11]);
}

/// The number of buffers, whose bytes the store has counted.
fn buffers(store: &PacketStore) -> usize {
    let in_slots = store.slots.iter().map(|slot| slot.bytes.capacity());
    let spare = store.spare.iter().map(Vec::capacity);
    let buffers: Vec<_> = in_slots.chain(spare).filter(|bytes| *bytes > 0).collect();
    assert_eq!(store.held_bytes(), buffers.iter().sum::<usize>());
    buffers.len()
}

#[test]
fn a_fast_stream_fills_the_ring() {
    let mut store = PacketStore::new(8);
    for n in 0..100 {
        assert!(insert(&mut store, 70_000 + n, n, &[n as u8]));
    }
    let held = (0..100).filter(|n| store.get(70_000 + n, Micros(100)).is_some());
    assert_eq!(held.collect::<Vec<_>>(), (92..100).collect::<Vec<_>>());
    assert!(store.spare.is_empty());
}
