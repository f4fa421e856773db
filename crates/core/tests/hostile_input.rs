//! Hostile input from the network: no panic, nothing sent, nothing changed.

use crate::common::call::Call;
use crate::common::media::vp8;
use crate::common::path_from;
use crate::common::specs::*;
use proptest::prelude::*;

/// A call after its first key frame.
fn running_call() -> Call {
    let mut call = Call::video();
    call.send([vp8(10, true)]);
    call.sender.take(&mut call.world);
    call.received();
    call.world.events.clear();
    call
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_datagrams_change_nothing(
        datagrams in prop::collection::vec((any::<bool>(), 0_u8..=3, prop::collection::vec(any::<u8>(), 0..200)), 1..40),
    ) {
        let Call { mut world, mut sender, mut receiver, .. } = running_call();
        let stranger = path_from(5);
        for (from_stranger, kind, mut bytes) in datagrams {
            // Half of them look like the wrong kind of packet.
            if let Some(first) = bytes.first_mut() {
                *first = match kind { 0 => 0, 1 => 0x80, 2 => 0x90, _ => *first | 0x80 };
            }
            world.datagram(if from_stranger { stranger } else { sender.path }, &bytes);
        }
        prop_assert_eq!((world.sent.len(), world.events.len()), (0, 0));
        sender.send(&mut world, &vp8(11, false).bytes());
        prop_assert_eq!(receiver.take_rtp(&mut world).len(), 1);
    }

    /// Malformed packets with valid encryption, which only a client can send.
    #[test]
    fn malformed_packets_of_a_client_do_not_panic(
        payloads in prop::collection::vec((any::<u16>(), prop::collection::vec(any::<u8>(), 0..64), any::<u8>()), 1..40),
    ) {
        let Call { mut world, mut sender, mut receiver, .. } = running_call();
        for (sequence, payload, bits) in payloads {
            let mut packet = vec![0x80 | (bits & 0x30), 96 + (bits & 1)];
            packet.extend(sequence.to_be_bytes());
            packet.extend([0, 0, 0, 1]);
            packet.extend((SSRC + u32::from(bits & 1)).to_be_bytes());
            packet.extend(&payload);
            if hubbub_wire::rtp::RtpHeader::parse(&packet).is_ok() {
                let protected = sender.protect_raw(&packet);
                world.datagram(sender.path, &protected);
            }
            world.advance(10);
        }
        receiver.take(&mut world);
    }
}

#[test]
fn tampered_or_replayed_srtp_is_counted_and_dropped() {
    let Call {
        mut world,
        mut sender,
        mut receiver,
        ..
    } = running_call();
    let good = sender.protect(&vp8(11, false).bytes());
    for position in 12..good.len() {
        let mut bad = good.clone();
        bad[position] ^= 1;
        world.datagram(sender.path, &bad);
    }
    assert_eq!(receiver.take_rtp(&mut world).len(), 0);
    world.datagram(sender.path, &good);
    world.datagram(sender.path, &good);
    assert_eq!(receiver.take_rtp(&mut world).len(), 1);
    let errors = world.transport_stats(sender.transport).srtp_errors;
    assert_eq!(errors, good.len() as u64 - 12 + 1);
}
