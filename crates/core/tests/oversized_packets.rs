//! A packet that does not fit a datagram is dropped and counted, and uses up no number that would look like loss.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use crate::common::Received;
use crate::common::call::{Call, OUT_SSRC};
use crate::common::media::{Packet, vp8};
use crate::common::specs::*;

/// A frame with a payload of this length.
fn frame(number: u16, len: usize) -> Packet<'static> {
    let mut packet = vp8(number, false);
    packet.payload.resize(len, 0);
    packet
}

/// Transport-wide number of a received packet.
fn transport_sequence(packet: &Received) -> u16 {
    let packet = packet.rtp();
    let value = packet.extension(OUT_TRANSPORT_CC).expect("transport-cc");
    u16::from_be_bytes([value[0], value[1]])
}

#[test]
fn a_packet_that_exceeds_a_datagram_uses_no_transport_wide_number() {
    let mut call = Call::video();
    call.send([vp8(1, true), frame(2, 1_465), vp8(3, false)]);
    let received = call.received();
    let numbers: Vec<_> = received.iter().map(transport_sequence).collect();
    assert_eq!(numbers, [0, 1]);
    assert_eq!(call.world.worker.counters().send_oversized, 1);
    // It stays missing in the stream: the client cannot decode its frame.
    let sequences: Vec<_> = received
        .iter()
        .map(|packet| packet.rtp().sequence_number())
        .collect();
    assert_eq!(sequences[1], sequences[0] + 2);
}

#[test]
fn a_retransmission_that_exceeds_a_datagram_uses_no_rtx_number() {
    let mut call = Call::video();
    call.send([vp8(1, true)]);
    let header = call.world.take_sent(call.receiver.path)[0].len() - vp8(1, true).payload.len();
    // The longest packet that fits; with the original number it exceeds the datagram. Then the longest that fits with it.
    call.send([frame(2, 1_500 - header), frame(3, 1_498 - header)]);
    let received = call.received();
    assert_eq!(received.len(), 2);
    assert_eq!(call.world.worker.counters().send_oversized, 0);
    let [longest, last] = [0, 1].map(|index| received[index].rtp().sequence_number());
    call.nack(&[longest - 1]);
    call.nack(&[longest]);
    call.nack(&[last]);
    let resent = call.received();
    let numbers: Vec<_> = resent
        .iter()
        .map(|packet| (packet.rtp().ssrc(), packet.rtp().sequence_number()))
        .collect();
    let first = numbers[0].1;
    assert_eq!(numbers, [(OUT_SSRC + 1, first), (OUT_SSRC + 1, first + 1)]);
    assert_eq!(
        transport_sequence(&resent[1]),
        transport_sequence(&resent[0]) + 1
    );
    assert_eq!(call.world.worker.counters().send_oversized, 1);
}
