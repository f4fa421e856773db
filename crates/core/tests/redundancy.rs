//! RED: towards clients that lose packets, and from clients.

use hubbub_codec::Codec;
use hubbub_codec::red::{Primary, Redundant, payload_len, write};
use hubbub_core::api::{CodecMapping, ConsumerSpec, ProducerSpec};
use hubbub_wire::rtcp::{ReceiverReportBuilder, ReportBlock};

use crate::common::call::{Call, OUT_SSRC};
use crate::common::media::{Packet, vp8};
use crate::common::specs::*;

const RED: u8 = 63;
const OUT_RED: u8 = 63;

/// Opus, and RED with this payload type.
fn with_red(opus: Vec<CodecMapping>, payload_type: u8) -> Vec<CodecMapping> {
    let red: Vec<_> = opus
        .iter()
        .map(|opus| CodecMapping {
            codec: Codec::Red,
            payload_type,
            router_payload_type: OUT_RED,
            ..opus.clone()
        })
        .collect();
    opus.into_iter().chain(red).collect()
}

/// A call with opus; the receiver has negotiated RED.
fn call() -> Call {
    let consumer = audio_consumer(OUT_SSRC);
    let codecs = with_red(consumer.codecs.clone(), OUT_RED);
    Call::new(audio(), ConsumerSpec { codecs, ..consumer })
}

/// A packet of 20 ms whose payload is its number.
fn opus(number: u16) -> Packet<'static> {
    Packet {
        payload_type: OPUS,
        timestamp: u32::from(number) * 960,
        payload: number.to_be_bytes().repeat(10),
        ..vp8(number, false)
    }
}

/// The receiver reports this fraction lost (1/256).
fn report_loss(call: &mut Call, fraction_lost: u8) {
    let block = ReportBlock {
        ssrc: OUT_SSRC,
        fraction_lost,
        ..ReportBlock::default()
    };
    let report = ReceiverReportBuilder {
        ssrc: 1,
        blocks: &[block],
    };
    call.receiver.send_rtcp(&mut call.world, &report);
}

/// Payload type and payload of each packet that the receiver got.
fn received(call: &mut Call) -> Vec<(u8, Vec<u8>)> {
    let packets = call.received();
    let parts = packets.iter().map(|packet| {
        let packet = packet.rtp();
        (packet.payload_type(), packet.payload().to_vec())
    });
    parts.collect()
}

/// The RED payload that carries a packet and repeats these before it.
fn red(payload_type: u8, packet: u16, repeats: &[u16]) -> Vec<u8> {
    let repeated: Vec<_> = repeats.iter().map(|number| opus(*number).payload).collect();
    let blocks: Vec<_> = repeats
        .iter()
        .zip(&repeated)
        .map(|(number, payload)| Redundant {
            offset: u32::from(packet - number) * 960,
            payload,
        })
        .collect();
    let primary = opus(packet).payload;
    let mut payload = vec![0; payload_len(&blocks, &primary)];
    assert_eq!(
        write(&mut payload, payload_type, &blocks, &primary),
        Some(())
    );
    payload
}

#[test]
fn a_client_without_loss_gets_plain_opus() {
    let mut call = call();
    report_loss(&mut call, 2);
    call.send((1..4).map(opus));
    let expected: Vec<_> = (1..4)
        .map(|number| (OUT_OPUS, opus(number).payload))
        .collect();
    assert_eq!(received(&mut call), expected);
}

#[test]
fn the_more_a_client_loses_the_more_packets_are_repeated() {
    let mut call = call();
    call.send((1..3).map(opus));
    received(&mut call);
    report_loss(&mut call, 10);
    call.send([opus(3)]);
    report_loss(&mut call, 26);
    call.send([opus(4)]);
    assert_eq!(
        received(&mut call),
        [
            (OUT_RED, red(OUT_OPUS, 3, &[2])),
            (OUT_RED, red(OUT_OPUS, 4, &[2, 3])),
        ]
    );
}

#[test]
fn redundancy_ends_half_a_minute_after_the_last_loss() {
    let mut call = call();
    report_loss(&mut call, 26);
    call.world.advance(20_000);
    report_loss(&mut call, 0);
    call.send([opus(1)]);
    call.sender.check(&mut call.world, true);
    call.receiver.check(&mut call.world, true);
    call.world.advance(10_000);
    call.send([opus(2)]);
    let types: Vec<_> = received(&mut call).iter().map(|(of, _)| *of).collect();
    assert_eq!(types, [OUT_RED, OUT_OPUS]);
}

#[test]
fn the_worst_loss_of_half_a_minute_counts() {
    let mut call = call();
    call.send((1..3).map(opus));
    report_loss(&mut call, 26);
    call.world.advance(20_000);
    call.sender.check(&mut call.world, true);
    call.receiver.check(&mut call.world, true);
    report_loss(&mut call, 10);
    call.send((3..6).map(opus));
    call.world.advance(10_000);
    report_loss(&mut call, 10);
    call.send([opus(6), opus(7)]);
    let received = received(&mut call);
    assert_eq!(received[4], (OUT_RED, red(OUT_OPUS, 5, &[3, 4])));
    assert_eq!(received[6], (OUT_RED, red(OUT_OPUS, 7, &[6])));
}

#[test]
fn a_client_that_has_not_negotiated_red_gets_plain_opus() {
    let mut call = Call::new(audio(), audio_consumer(OUT_SSRC));
    report_loss(&mut call, 50);
    call.send([opus(1), opus(2)]);
    let types: Vec<_> = received(&mut call).iter().map(|(of, _)| *of).collect();
    assert_eq!(types, [OUT_OPUS, OUT_OPUS]);
}

#[test]
fn packets_that_are_missing_silent_or_long_ago_are_not_repeated() {
    let mut call = call();
    report_loss(&mut call, 50);
    let silent = Packet {
        payload: vec![0x78],
        ..opus(12)
    };
    let later = Packet {
        timestamp: 960 * 60,
        ..opus(13)
    };
    // 11 is missing.
    call.send([opus(10), silent.clone(), later.clone()]);
    let packets = received(&mut call);
    let primary = |index: usize| Primary::parse(&packets[index].1).expect("RED");
    assert_eq!(packets[0].1, red(OUT_OPUS, 10, &[]));
    assert_eq!(primary(1).payload, silent.payload);
    assert_eq!(
        packets[1].1.len(),
        4 + 20 + 1 + 1,
        "it repeats packet 10 only"
    );
    assert_eq!(packets[2].1, [&[OUT_OPUS][..], &later.payload].concat());
}

#[test]
fn only_audio_that_fits_a_block_is_repeated() {
    let mut call = call();
    report_loss(&mut call, 50);
    let with = |number, payload| Packet {
        payload,
        ..opus(number)
    };
    // 1 is silent, 3 too long, 5 too long ago.
    let late = |number| Packet {
        timestamp: u32::from(number) * 960 + 100_000,
        ..opus(number)
    };
    call.send([with(1, vec![0x78]), opus(2)]);
    call.send([with(3, vec![7; 1_024]), opus(4)]);
    call.send([opus(5), late(6), late(7)]);
    let packets = received(&mut call);
    assert_eq!(packets[1].1, red(OUT_OPUS, 2, &[]));
    assert_eq!(packets[3].1, red(OUT_OPUS, 4, &[2]));
    assert_eq!(packets[5].1, red(OUT_OPUS, 6, &[]));
    assert_eq!(packets[6].1, red(OUT_OPUS, 7, &[6]));
}

#[test]
fn red_of_a_client_is_unwrapped() {
    let producer = audio();
    let codecs = with_red(producer.codecs.clone(), RED);
    let mut call = Call::new(
        ProducerSpec { codecs, ..producer },
        audio_consumer(OUT_SSRC),
    );
    let packet = |number, payload| Packet {
        payload_type: RED,
        payload,
        ..opus(number)
    };
    call.send([
        packet(1, red(OPUS, 1, &[])),
        packet(2, red(OPUS, 2, &[1])),
        // Truncated, and of a codec that was not negotiated.
        packet(3, red(OPUS, 3, &[2])[..10].to_vec()),
        packet(4, red(VP8, 4, &[3])),
        opus(5),
    ]);
    let expected: Vec<_> = [1, 2, 5]
        .map(|number| (OUT_OPUS, opus(number).payload))
        .to_vec();
    assert_eq!(received(&mut call), expected);
}
