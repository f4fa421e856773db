//! Header extensions towards consumers.
#![allow(clippy::indexing_slicing, reason = "tests fail by panicking")]

use crate::common::call::{Call, OUT_SSRC};
use crate::common::media::{Packet, vp8};
use crate::common::specs::*;
use hubbub_codec::Codec;
use hubbub_core::api::Command;

#[test]
fn a_consumer_gets_its_own_extensions_and_those_that_describe_the_media_each_once() {
    let producer = video_of(Codec::Vp8, VP8, SSRC);
    let mut call = Call::new(producer, video_consumer_of(Codec::Vp8, OUT_SSRC));
    let (level, dependencies) = ([0x42], [0xc1, 0, 7]);
    let extensions: Vec<(u8, &[u8])> = vec![
        (MID, b"0"),
        (RID, b"r0"),
        (TRANSPORT_CC, &[1, 2]),
        (AUDIO_LEVEL, &level),
        (DEPENDENCIES, &dependencies),
        // Not negotiated.
        (14, &[9]),
    ];
    let packet = Packet {
        extensions,
        ..vp8(11, false)
    };
    call.send([vp8(10, true), packet]);
    let received = call.received();
    let packet = received[1].rtp();
    let mut ids: Vec<u8> = packet.extensions().map(|(id, _)| id).collect();
    ids.sort_unstable();
    assert_eq!(
        ids,
        [
            OUT_MID,
            OUT_ABS_SEND_TIME,
            OUT_TRANSPORT_CC,
            OUT_DEPENDENCIES,
            OUT_AUDIO_LEVEL
        ]
    );
    let values = [OUT_MID, OUT_TRANSPORT_CC, OUT_DEPENDENCIES, OUT_AUDIO_LEVEL]
        .map(|id| packet.extension(id).map(<[u8]>::to_vec));
    let expected: [&[u8]; 4] = [b"7", &[0, 1], &dependencies, &level];
    assert_eq!(values, expected.map(|value| Some(value.to_vec())));
}

#[test]
fn frame_numbers_continue_after_a_pause_and_other_extensions_stay() {
    let producer = video_of(Codec::Vp8, VP8, SSRC);
    let mut call = Call::new(producer, video_consumer_of(Codec::Vp8, OUT_SSRC));
    let consumer = call.consumer;
    let mut send = |number: u16, frame: u8| {
        let (level, dependencies) = ([number as u8], [0xc1, 0, frame]);
        let extensions: Vec<(u8, &[u8])> =
            vec![(AUDIO_LEVEL, &level), (DEPENDENCIES, &dependencies)];
        call.send([Packet {
            extensions,
            ..vp8(number, true)
        }]);
        call.world.execute(Command::PauseConsumer { consumer });
        call.world.execute(Command::ResumeConsumer { consumer });
        let received = call.received();
        let packet = received[0].rtp();
        [OUT_AUDIO_LEVEL, OUT_DEPENDENCIES].map(|id| packet.extension(id).map(<[u8]>::to_vec))
    };
    assert_eq!(send(10, 7), [Some(vec![10]), Some(vec![0xc1, 0, 7])]);
    assert_eq!(send(11, 90), [Some(vec![11]), Some(vec![0xc1, 0, 8])]);
}
