//! Plain transports: RTP over ports of their own, from one address only.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::net::SocketAddr;

use hubbub_core::api::{
    Command, CommandError, Event, FeedbackKind, Network, Path, PlainPorts, PlainRemote, ProducerId,
    ReplyBody, TransportId,
};
use hubbub_srtp::{Inbound, MAX_OVERHEAD, Outbound, SrtpProfile};
use hubbub_wire::NtpTime;
use hubbub_wire::rtcp::{RtcpWrite, SenderInfo, SenderReportBuilder};
use hubbub_wire::rtp::RtpPacket;
use hubbub_wire::testdata::replay_corpus;
use proptest::prelude::*;

use crate::common::media::{Packet, vp8};
use crate::common::microphones::Room;
use crate::common::specs::{
    SSRC, audio_consumer, consume, consume_running, produce, video, video_consumer,
};
use crate::common::{Client, ROUTER, World};

const PLAIN: TransportId = TransportId(50);
const PORTS: PlainPorts = PlainPorts {
    rtp: 41_000,
    rtcp: None,
};
const TWO_PORTS: PlainPorts = PlainPorts {
    rtp: 41_000,
    rtcp: Some(41_001),
};
const OUT: u32 = 5000;

/// A new plain transport: how it is created.
struct Plain {
    ports: PlainPorts,
    comedia: bool,
    srtp: bool,
    sources: Vec<Network>,
}

impl Default for Plain {
    fn default() -> Self {
        Self {
            ports: PORTS,
            comedia: true,
            srtp: false,
            sources: vec!["127.0.0.0/8".parse().unwrap()],
        }
    }
}

impl Plain {
    fn command(self, transport: TransportId) -> Command {
        Command::CreatePlainTransport {
            transport,
            router: ROUTER,
            rtcp_mux: self.ports.rtcp.is_none(),
            comedia: self.comedia,
            srtp: self.srtp,
            sources: self.sources,
            ports: Some(self.ports),
        }
    }

    fn create(self, world: &mut World) {
        let ports = self.ports;
        let reply = world.command(self.command(PLAIN));
        assert_eq!(reply, Ok(ReplyBody::Plain(ports)));
    }
}

/// From this address to the port of RTP.
fn from(address: &str) -> Path {
    Path::plain(PORTS.rtp, address.parse().unwrap())
}

/// From this address to the port of RTCP.
fn rtcp_from(address: &str) -> Path {
    Path::plain(41_001, address.parse().unwrap())
}

fn connect(address: &str, rtcp_port: Option<u16>) -> Command {
    let address: SocketAddr = address.parse().unwrap();
    Command::ConnectPlainTransport {
        transport: PLAIN,
        remote: PlainRemote {
            ip: address.ip(),
            port: address.port(),
            rtcp_port,
        },
    }
}

fn sender_report(ssrc: u32) -> Vec<u8> {
    let report = SenderReportBuilder {
        ssrc,
        info: SenderInfo {
            ntp: NtpTime(1 << 32),
            rtp_timestamp: 0,
            packet_count: 0,
            octet_count: 0,
        },
        blocks: &[],
    };
    let mut buffer = vec![0; 100];
    let len = report.write(&mut buffer).unwrap();
    buffer.truncate(len);
    buffer
}

/// A world in which a server publishes video over a plain transport, and a browser that receives it.
fn publishing(plain: Plain) -> (World, ProducerId, Client) {
    let mut world = World::new();
    plain.create(&mut world);
    let producer = produce(&mut world, PLAIN, 1, video());
    let mut viewer = Client::connected(&mut world, 2);
    consume_running(
        &mut world,
        viewer.transport,
        producer,
        1,
        video_consumer(OUT),
    );
    viewer.take(&mut world);
    (world, producer, viewer)
}

/// A world in which a browser publishes video, and a server that receives it over a plain transport.
fn receiving(plain: Plain) -> (World, Client) {
    let mut world = World::new();
    let sender = Client::connected(&mut world, 1);
    let producer = produce(&mut world, sender.transport, 1, video());
    plain.create(&mut world);
    consume_running(&mut world, PLAIN, producer, 1, video_consumer(OUT));
    (world, sender)
}

fn connected() -> Plain {
    Plain {
        comedia: false,
        ..Plain::default()
    }
}

#[test]
fn comedia_latches_the_first_address_that_sends_for_a_producer() {
    let (mut world, _, mut viewer) = publishing(Plain::default());
    world.datagram(from("127.0.0.1:6000"), &vp8(1, true).bytes());
    assert_eq!(viewer.take_rtp(&mut world).len(), 1);
    let first = world.worker.counters().dropped_unknown_address;
    world.datagram(from("127.0.0.1:6001"), &vp8(2, true).bytes());
    assert_eq!(viewer.take_rtp(&mut world), []);
    assert_eq!(world.worker.counters().dropped_unknown_address, first + 1);
    world.datagram(from("127.0.0.1:6000"), &vp8(2, false).bytes());
    assert_eq!(viewer.take_rtp(&mut world).len(), 1);
}

#[test]
fn a_packet_of_no_producer_latches_nothing() {
    let (mut world, _, mut viewer) = publishing(Plain::default());
    let stranger = Packet {
        ssrc: SSRC + 77,
        extensions: Vec::new(),
        ..vp8(1, true)
    };
    world.datagram(from("127.0.0.1:6001"), &stranger.bytes());
    world.datagram(from("127.0.0.1:6001"), &sender_report(SSRC + 77));
    world.datagram(from("127.0.0.1:6000"), &vp8(1, true).bytes());
    assert_eq!(viewer.take_rtp(&mut world).len(), 1);
}

#[test]
fn without_srtp_addresses_outside_the_listed_networks_are_ignored() {
    let (mut world, _, mut viewer) = publishing(Plain::default());
    world.datagram(from("192.0.2.1:6000"), &vp8(1, true).bytes());
    assert_eq!(viewer.take_rtp(&mut world), []);
    world.datagram(from("127.0.0.1:6000"), &vp8(1, true).bytes());
    assert_eq!(viewer.take_rtp(&mut world).len(), 1);
}

#[test]
fn with_rtcp_mux_a_sender_report_latches_nothing() {
    let (mut world, _, mut viewer) = publishing(Plain::default());
    world.datagram(from("127.0.0.1:6001"), &sender_report(SSRC));
    world.datagram(from("127.0.0.1:6000"), &vp8(1, true).bytes());
    assert_eq!(viewer.take_rtp(&mut world).len(), 1);
}

#[test]
fn without_rtcp_mux_both_ports_latch_an_address_of_the_same_host() {
    let (mut world, _, _) = publishing(Plain {
        ports: TWO_PORTS,
        ..Plain::default()
    });
    world.datagram(from("127.0.0.1:6000"), &vp8(1, true).bytes());
    world.advance(2_000);
    assert_eq!(
        world.take_sent(from("127.0.0.1:6000")),
        Vec::<Vec<u8>>::new()
    );
    world.datagram(rtcp_from("127.0.0.2:6001"), &sender_report(SSRC));
    world.datagram(rtcp_from("127.0.0.1:6001"), &sender_report(SSRC));
    world.datagram(from("127.0.0.1:6000"), &vp8(2, false).bytes());
    world.advance(2_000);
    assert!(
        world
            .sent
            .iter()
            .all(|(_, path)| *path != rtcp_from("127.0.0.2:6001"))
    );
    let reports = world.take_sent(rtcp_from("127.0.0.1:6001"));
    assert_eq!(reports.first().map(|report| report[1]), Some(201));
}

#[test]
fn the_port_of_rtp_takes_payload_types_in_the_range_of_rtcp() {
    let mut spec = video();
    spec.codecs[0].payload_type = 72;
    let mut world = World::new();
    Plain {
        ports: TWO_PORTS,
        ..Plain::default()
    }
    .create(&mut world);
    let producer = produce(&mut world, PLAIN, 1, spec);
    let packet = Packet {
        payload_type: 72,
        marker: true,
        ..vp8(1, true)
    };
    world.datagram(from("127.0.0.1:6000"), &packet.bytes());
    assert_eq!(world.producer_stats(producer).streams[0].packets, 1);
}

#[test]
fn a_connected_transport_sends_to_its_address_and_hears_nobody_else() {
    let (mut world, mut sender) = receiving(connected());
    sender.take(&mut world);
    world.execute(connect("127.0.0.1:7000", None));
    assert_eq!(
        sender.take_plis(&mut world),
        [SSRC],
        "a key frame at connect"
    );
    sender.send(&mut world, &vp8(1, true).bytes());
    let sent = world.take_sent(from("127.0.0.1:7000"));
    let packet = RtpPacket::parse(&sent[0]).unwrap();
    assert_eq!(
        (packet.ssrc(), packet.payload()),
        (OUT, &vp8(1, true).payload[..])
    );

    let before = world.transport_stats(PLAIN).packets_received;
    world.datagram(from("127.0.0.1:7001"), &sender_report(OUT));
    assert_eq!(world.transport_stats(PLAIN).packets_received, before);
    world.datagram(from("127.0.0.1:7000"), &sender_report(OUT));
    assert_eq!(world.transport_stats(PLAIN).packets_received, before + 1);
}

#[test]
fn a_transport_connects_once_and_with_the_ports_that_it_has() {
    let mut world = World::new();
    connected().create(&mut world);
    assert_eq!(
        world.command(connect("127.0.0.1:7000", Some(7001))),
        Err(CommandError::InvalidSpec)
    );
    world.execute(connect("127.0.0.1:7000", None));
    assert_eq!(
        world.command(connect("127.0.0.1:7002", None)),
        Err(CommandError::InvalidState)
    );
}

#[test]
fn a_transport_with_comedia_is_not_connected() {
    let mut world = World::new();
    Plain::default().create(&mut world);
    assert_eq!(
        world.command(connect("127.0.0.1:7000", None)),
        Err(CommandError::InvalidState)
    );
}

#[test]
fn commands_of_ice_and_dtls_are_refused() {
    let mut world = World::new();
    Plain::default().create(&mut world);
    let transport = PLAIN;
    for command in [
        Command::ConnectTransport { transport },
        Command::SendDtls {
            transport,
            datagram: vec![22],
        },
        Command::SetSrtpKeys {
            transport,
            profile: SrtpProfile::AeadAes128Gcm,
            outbound: vec![0; 28],
            inbound: vec![0; 28],
        },
    ] {
        assert_eq!(world.command(command), Err(CommandError::InvalidState));
    }
}

#[test]
fn without_a_free_port_no_transport_is_created() {
    let mut world = World::new();
    let Command::CreatePlainTransport {
        transport,
        router,
        rtcp_mux,
        comedia,
        srtp,
        sources,
        ..
    } = Plain::default().command(PLAIN)
    else {
        unreachable!("the command of a plain transport")
    };
    let command = Command::CreatePlainTransport {
        transport,
        router,
        rtcp_mux,
        comedia,
        srtp,
        sources,
        ports: None,
    };
    assert_eq!(world.command(command), Err(CommandError::LimitReached));
    assert_eq!(world.worker.counters().transports, 0);
}

#[test]
fn closing_the_router_releases_the_ports() {
    let mut world = World::new();
    Plain {
        ports: TWO_PORTS,
        ..Plain::default()
    }
    .create(&mut world);
    assert!(world.worker.is_plain_port(41_000) && world.worker.is_plain_port(41_001));
    world.execute(Command::CloseRouter { router: ROUTER });
    assert!(world.events.iter().any(|event| matches!(
        event,
        Event::TransportClosed {
            transport: PLAIN,
            ..
        }
    )));
    assert!(!world.worker.is_plain_port(41_000) && !world.worker.is_plain_port(41_001));
    world.datagram(from("127.0.0.1:6000"), &vp8(1, true).bytes());
    assert_eq!(world.worker.counters().dropped_unknown_address, 1);
}

/// The server's side of SRTP.
fn keys(profile: SrtpProfile, number: u8) -> Vec<u8> {
    vec![number; profile.key_len() + profile.salt_len()]
}

#[test]
fn srtp_with_each_profile_latches_only_what_authenticates() {
    for profile in SrtpProfile::ALL {
        let (mut world, _, mut viewer) = publishing(Plain {
            srtp: true,
            sources: Vec::new(),
            ..Plain::default()
        });
        world.datagram(from("192.0.2.1:6000"), &vp8(1, true).bytes());
        world.execute(Command::SetSrtpKeys {
            transport: PLAIN,
            profile,
            outbound: keys(profile, 1),
            inbound: keys(profile, 2),
        });
        let protect = |number: u8, packet: &[u8]| {
            let keys = keys(profile, number);
            let (key, salt) = profile.split_key_salt(&keys).unwrap();
            let mut buffer = packet.to_vec();
            buffer.resize(packet.len() + MAX_OVERHEAD, 0);
            let len = Outbound::new(profile, key, salt)
                .unwrap()
                .protect_rtp(&mut buffer, 12, packet.len())
                .unwrap();
            buffer.truncate(len);
            buffer
        };
        let forged = protect(3, &vp8(1, true).bytes());
        world.datagram(from("192.0.2.1:6001"), &forged);
        world.datagram(from("192.0.2.1:6001"), &vp8(1, true).bytes());
        let authentic = protect(2, &vp8(1, true).bytes());
        world.datagram(from("192.0.2.1:6000"), &authentic);
        assert_eq!(viewer.take_rtp(&mut world).len(), 1, "{profile:?}");
        assert_eq!(world.transport_stats(PLAIN).srtp_errors, 3);

        world.advance(2_000);
        let mut reports = world.take_sent(from("192.0.2.1:6000"));
        let keys = keys(profile, 1);
        let (key, salt) = profile.split_key_salt(&keys).unwrap();
        let mut inbound = Inbound::new(profile, key, salt).unwrap();
        assert!(!reports.is_empty());
        for report in &mut reports {
            assert!(inbound.unprotect_rtcp(report).is_ok());
        }
    }
}

#[test]
fn key_frames_are_requested_every_few_seconds_for_a_receiver_without_pli() {
    for (pli, expected) in [(true, 0), (false, 4)] {
        let mut world = World::new();
        let mut sender = Client::connected(&mut world, 1);
        let producer = produce(&mut world, sender.transport, 1, video());
        connected().create(&mut world);
        let mut spec = video_consumer(OUT);
        spec.codecs[0].pli = pli;
        spec.codecs[0].fir = pli;
        consume_running(&mut world, PLAIN, producer, 1, spec);
        world.execute(connect("127.0.0.1:7000", None));
        sender.send(&mut world, &vp8(1, true).bytes());
        world.advance(1_000);
        sender.take(&mut world);
        let mut requested = 0;
        for number in 0..20_u16 {
            // A key frame answers each request.
            sender.send(&mut world, &vp8(number + 2, true).bytes());
            world.advance(1_000);
            requested += sender.take_plis(&mut world).len();
        }
        assert_eq!(requested, expected, "pli: {pli}");
    }
}

#[test]
fn nothing_is_estimated_for_a_receiver_that_negotiates_feedback() {
    let (mut world, mut sender) = receiving(connected());
    world.execute(connect("127.0.0.1:7000", None));
    assert_eq!(video_consumer(OUT).feedback, FeedbackKind::TransportCc);
    sender.send(&mut world, &vp8(1, true).bytes());
    let stats = world.transport_stats(PLAIN);
    assert_eq!(stats.available_outgoing_bitrate, None);
    assert_eq!(stats.max_outgoing_bitrate, None);
}

#[test]
fn a_plain_receiver_gets_microphones_that_last_n_audio_leaves_out() {
    let mut room = Room::new(1, 3);
    connected().create(&mut room.world);
    room.world.execute(connect("127.0.0.1:7000", None));
    for (index, ssrc) in (0..).zip(OUT + 100..OUT + 103) {
        let producer = room.microphones[index].producer;
        consume_running(
            &mut room.world,
            PLAIN,
            producer,
            ssrc.into(),
            audio_consumer(ssrc),
        );
    }
    room.speak(1_000, &[1]);
    let packets_of = |sent: &[Vec<u8>], ssrc| {
        sent.iter()
            .filter_map(|bytes| RtpPacket::parse(bytes).ok())
            .filter(|packet| packet.ssrc() == ssrc)
            .map(|packet| packet.sequence_number())
            .collect::<Vec<_>>()
    };
    let sent = room.world.take_sent(from("127.0.0.1:7000"));
    for ssrc in OUT + 100..OUT + 103 {
        let numbers = packets_of(&sent, ssrc);
        assert_eq!(numbers.len(), 50);
        assert_eq!(numbers[49], numbers[0].wrapping_add(49));
    }
    assert_eq!(room.heard(0), [1]);
}

#[test]
fn a_paused_consumer_gets_a_key_frame_at_resume() {
    let mut world = World::new();
    let mut sender = Client::connected(&mut world, 1);
    let producer = produce(&mut world, sender.transport, 1, video());
    connected().create(&mut world);
    world.execute(connect("127.0.0.1:7000", None));
    let consumer = consume(&mut world, PLAIN, producer, 1, video_consumer(OUT));
    sender.take(&mut world);
    world.execute(Command::ResumeConsumer { consumer });
    assert_eq!(sender.take_plis(&mut world), [SSRC]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn one_address_is_served_whatever_arrives(script in prop::collection::vec(any::<u8>(), 0..4_000)) {
        crate::targets::plain(&script);
    }
}

#[test]
fn one_address_is_served_whatever_the_corpus_sends() {
    replay_corpus(&[("plain", crate::targets::plain)]);
}

#[test]
fn hostile_datagrams_change_nothing() {
    let (mut world, _, mut viewer) = publishing(Plain {
        ports: TWO_PORTS,
        ..Plain::default()
    });
    let media = vp8(1, true).bytes();
    for len in 0..media.len() {
        for path in [from("127.0.0.1:6000"), rtcp_from("127.0.0.1:6000")] {
            // Of another SSRC, or cut off before its end.
            let mut cut = media[..len].to_vec();
            if let Some(byte) = cut.get_mut(8) {
                *byte ^= 0x40;
            }
            world.datagram(path, &cut);
        }
    }
    for first in 0..=255 {
        world.datagram(from("127.0.0.1:6000"), &[first; 40]);
        world.datagram(rtcp_from("127.0.0.1:6000"), &[first; 40]);
        world.datagram(from("127.0.0.1:6000"), &[first]);
    }
    world.datagram(Path::plain(9, "127.0.0.1:6000".parse().unwrap()), &media);
    assert_eq!(viewer.take_rtp(&mut world), []);
    world.datagram(from("127.0.0.1:6001"), &media);
    assert_eq!(viewer.take_rtp(&mut world).len(), 1);
    assert_eq!(world.worker.counters().faults, 0);
}
