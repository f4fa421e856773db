//! The checks of links between workers of different nodes: when a link is connected.
#![allow(clippy::indexing_slicing, reason = "tests fail by panicking")]

use hubbub_core::api::{CloseReason, Command, Event, IceState, Protocol};
use hubbub_netem::{Link, LinkConfig, Loss};
use hubbub_wire::PacketKind;

use crate::common::media::{layer_frame, vp8};
use crate::common::node_pipe::{
    NodePipe, create_link, from, link_keys, link_states, node_link, node_pipe_specs, pictures,
    send_frames,
};
use crate::common::pipes::{PIPE, PIPED, PRODUCER};
use crate::common::specs::*;
use crate::common::{ROUTER, World};

const OUT: u32 = 5000;
const CONNECTED: [Option<IceState>; 2] = [Some(IceState::Connected); 2];
const DISCONNECTED: [Option<IceState>; 2] = [Some(IceState::Disconnected); 2];

/// The numbers of checks in datagrams, without the answers.
fn checks(datagrams: &[Vec<u8>]) -> usize {
    let requests = datagrams
        .iter()
        .filter(|datagram| PacketKind::of(datagram) == PacketKind::Stun && datagram[0] == 0);
    requests.count()
}

#[test]
fn a_link_connects_as_soon_as_both_sides_check_it() {
    let mut pipe = NodePipe::unlinked(World::config(), video());
    pipe.open_origin();
    pipe.advance(1_000);
    assert_eq!(checks(&pipe.to_far.sent), 6, "at once, then every 200 ms");
    assert_eq!(pipe.states(), [None; 2]);
    pipe.open_far();
    pipe.advance(10);
    assert_eq!(link_states(&mut pipe.origin), [IceState::Connected]);
    let event = pipe.far.events.pop();
    let connected = Event::IceSelected {
        transport: PIPE,
        state: IceState::Connected,
        local: pipe.at_far.local,
        remote: pipe.at_far.remote,
        protocol: Protocol::Udp,
    };
    assert_eq!(event, Some(connected));
    for way in [&mut pipe.to_far, &mut pipe.to_origin] {
        way.sent.clear();
    }
    pipe.advance(10_000);
    for way in [&pipe.to_far, &pipe.to_origin] {
        assert_eq!((checks(&way.sent), way.sent.len()), (10, 20), "and answers");
    }
    assert_eq!(pipe.states(), [None; 2], "told once");
}

#[test]
fn a_round_trip_is_measured_by_checks() {
    for one_way in [40, 300] {
        let mut pipe = NodePipe::unlinked(World::config(), video());
        for way in [&mut pipe.to_far, &mut pipe.to_origin] {
            let config = LinkConfig {
                delay: one_way * 1_000,
                ..Default::default()
            };
            way.link = Link::new(config, 1);
        }
        pipe.open(&video());
        pipe.advance(1_500);
        assert_eq!(pipe.states(), CONNECTED);
        let rtt = pipe.origin.transport_stats(PIPE).rtt_us;
        assert_eq!(rtt, Some(2 * one_way * 1_000));
        pipe.to_far.sent.clear();
        pipe.advance(10_000);
        // The second one until the answer to the first arrives, and the third.
        let most = if one_way < 100 { 10 } else { 40 };
        let checks = checks(&pipe.to_far.sent);
        assert!((10..=most).contains(&checks), "{checks}");
    }
}

#[test]
fn nothing_is_sent_before_the_keys_or_before_the_link_is_connected() {
    let mut pipe = NodePipe::unlinked(World::config(), video());
    pipe.open_origin();
    let (consumer, producer) = node_pipe_specs(&video());
    pipe.origin.execute(Command::CreatePipeConsumer {
        consumer: PIPED,
        transport: PIPE,
        producer: PRODUCER,
        spec: consumer,
    });
    pipe.origin.execute(Command::SetPipedEncodings {
        consumer: PIPED,
        encodings: vec![true],
    });
    pipe.send((0..5).map(|number| vp8(number, number == 0)));
    pipe.advance(100);
    assert_eq!(pipe.to_far.take_rtp(), [], "not connected");
    pipe.sender.take_plis(&mut pipe.origin);
    // The other side is connected, and has no keys.
    let link = node_link("second", "first", 1, pipe.at_far);
    pipe.far.execute(create_link(PIPE, ROUTER, link));
    produce(&mut pipe.far, PIPE, PRODUCER.0, producer);
    let (mut viewer, _) = pipe.watch(1, video_consumer(OUT));
    pipe.advance(300);
    assert_eq!(pipe.states(), CONNECTED);
    assert_eq!(pipe.sender.take_plis(&mut pipe.origin), [SSRC]);
    pipe.send((5..8).map(|number| vp8(number, number == 5)));
    assert!(pipe.to_origin.take_rtp().is_empty());
    assert_eq!(pictures(&mut viewer, &mut pipe.far, OUT), []);
    pipe.far.execute(link_keys(PIPE, 2));
    pipe.advance(20);
    pipe.send((8..12).map(|number| vp8(number, number == 8)));
    assert_eq!(pictures(&mut viewer, &mut pipe.far, OUT), [8, 9, 10, 11]);
    assert_eq!(pipe.far.worker.counters().dropped_srtp, 3);
}

#[test]
fn a_link_without_checks_for_three_seconds_is_disconnected_until_they_are_back() {
    let mut pipe = NodePipe::new(video());
    let (mut viewer, _) = pipe.watch(1, video_consumer(OUT));
    send_frames(&mut pipe, 0..10);
    pipe.cut(true);
    pipe.advance(2_000);
    assert_eq!(pipe.states(), [None; 2]);
    pipe.advance(1_900);
    assert_eq!(pipe.states(), DISCONNECTED);
    pipe.to_far.sent.clear();
    pipe.send((10..15).map(|number| vp8(number, number == 10)));
    assert_eq!(pipe.to_far.take_rtp(), [], "while it is disconnected");
    pipe.advance(20_000);
    pictures(&mut viewer, &mut pipe.far, OUT);
    pipe.sender.take_plis(&mut pipe.origin);
    pipe.cut(false);
    pipe.advance(500);
    assert_eq!(pipe.states(), CONNECTED);
    assert_eq!(pipe.sender.take_plis(&mut pipe.origin), [SSRC]);
    pipe.send((15..25).map(|number| vp8(number, number == 17)));
    // The stream stood still: it begins with what was kept of it.
    let after: Vec<_> = (10..25).collect();
    assert_eq!(pictures(&mut viewer, &mut pipe.far, OUT), after);
    assert_eq!(pipe.far.worker.counters().dropped_srtp, 0);
}

#[test]
fn a_link_that_was_never_connected_is_disconnected_after_three_seconds() {
    let mut pipe = NodePipe::unlinked(World::config(), video());
    pipe.cut(true);
    pipe.open(&video());
    pipe.advance(2_900);
    assert_eq!(pipe.states(), [None; 2]);
    pipe.advance(200);
    assert_eq!(pipe.states(), DISCONNECTED);
    pipe.advance(10_000);
    assert_eq!(pipe.states(), [None; 2], "told once");
    pipe.cut(false);
    pipe.advance(500);
    assert_eq!(pipe.states(), CONNECTED);
}

#[test]
fn a_link_that_comes_back_asks_for_a_key_frame_though_nothing_was_sent_meanwhile() {
    let mut pipe = NodePipe::new(video());
    let _viewer = pipe.watch(1, video_consumer(OUT));
    send_frames(&mut pipe, 0..10);
    pipe.cut(true);
    pipe.advance(4_100);
    assert_eq!(pipe.states(), DISCONNECTED);
    pipe.sender.take_plis(&mut pipe.origin);
    pipe.cut(false);
    pipe.advance(250);
    assert_eq!(pipe.states(), CONNECTED);
    assert_eq!(pipe.sender.take_plis(&mut pipe.origin), [SSRC]);
}

#[test]
fn both_sides_see_that_one_direction_is_cut() {
    let mut pipe = NodePipe::new(video());
    pipe.to_far.is_cut = true;
    pipe.advance(4_100);
    assert_eq!(pipe.states(), DISCONNECTED);
    pipe.to_far.is_cut = false;
    pipe.advance(500);
    assert_eq!(pipe.states(), CONNECTED);
}

#[test]
fn some_lost_checks_do_not_disconnect_a_link() {
    let mut pipe = NodePipe::unlinked(World::config(), video());
    let config = LinkConfig {
        loss: Loss::Random(0.2),
        delay: 30_000,
        ..Default::default()
    };
    pipe.to_far.link = Link::new(config.clone(), 1);
    pipe.to_origin.link = Link::new(config, 2);
    pipe.open(&video());
    pipe.advance(2_000);
    assert_eq!(pipe.states(), CONNECTED);
    pipe.advance(300_000);
    assert_eq!(pipe.states(), [None; 2]);
}

#[test]
fn media_follows_the_newest_check() {
    let mut pipe = NodePipe::new(video());
    let (mut viewer, _) = pipe.watch(1, video_consumer(OUT));
    send_frames(&mut pipe, 0..3);
    // A NAT before the second worker has another port now.
    let moved = from(pipe.at_origin, [10, 0, 0, 9], 999);
    pipe.advance(1_000);
    pipe.to_origin.is_cut = true;
    pipe.to_origin.sent.clear();
    pipe.advance(1_000);
    let is_check =
        |datagram: &&Vec<u8>| datagram[0] == 0 && datagram[1] == 1 && datagram.len() > 40;
    let check = pipe.to_origin.sent.iter().find(is_check).unwrap().clone();
    pipe.origin.datagram(moved, &check);
    let states = link_states(&mut pipe.origin);
    assert_eq!(states, [IceState::Connected]);
    pipe.origin.take_sent(moved);
    pipe.sender.send(&mut pipe.origin, &vp8(3, false).bytes());
    assert_eq!(pipe.origin.take_sent(moved).len(), 1);
    pictures(&mut viewer, &mut pipe.far, OUT);
}

#[test]
fn a_closed_link_is_gone_and_its_credentials_are_free() {
    let mut pipe = NodePipe::new(simulcast());
    pipe.origin
        .execute(Command::CloseTransport { transport: PIPE });
    assert!(pipe.origin.events.contains(&Event::TransportClosed {
        transport: PIPE,
        reason: CloseReason::Requested
    }));
    let before = pipe.origin.worker.counters();
    pipe.send((0..3).map(|layer| layer_frame(layer, 0, true)));
    pipe.advance(5_000);
    assert_eq!(pipe.states(), [None, Some(IceState::Disconnected)]);
    let after = pipe.origin.worker.counters();
    assert!(after.dropped_stun > before.dropped_stun);
    assert_eq!(after.faults, 0);
    pipe.open_origin();
}
