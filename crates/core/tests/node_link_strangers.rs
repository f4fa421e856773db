//! What strangers can do to a link between nodes: nothing. And what commands about links are refused.

use std::net::SocketAddr;

use hubbub_core::api::{
    Command, CommandError, IceCredentials, IceState, Path, PipeLink, RouterId, TransportId,
};
use hubbub_wire::PacketKind;
use hubbub_wire::stun::{BindingRequest, IceKey, IceRole, write_binding_success};
use proptest::prelude::*;

use crate::common::media::vp8;
use crate::common::node_pipe::{NodePipe, create_link, from, link_ice, link_keys, node_link};
use crate::common::pipes::{PIPE, PIPE_SSRC};
use crate::common::specs::*;
use crate::common::{ROUTER, World};

const OUT: u32 = 5000;

/// A link over which video flows, and a stranger's path to its first worker.
fn flowing() -> (NodePipe, Path) {
    let mut pipe = NodePipe::new(video());
    let _ = pipe.watch(1, video_consumer(OUT));
    pipe.send((0..5).map(|number| vp8(number, number == 0)));
    pipe.advance(2_500);
    pipe.states();
    let stranger = from(pipe.at_origin, [192, 0, 2, 66], 6666);
    (pipe, stranger)
}

/// Checks that the link goes on as if nothing had happened.
fn assert_undisturbed(pipe: &mut NodePipe) {
    pipe.to_far.sent.clear();
    pipe.send([vp8(5, false)]);
    assert_eq!(pipe.to_far.take_rtp(), [(PIPE_SSRC, 5)]);
    pipe.advance(4_000);
    assert_eq!(pipe.states(), [None; 2]);
    assert_eq!(pipe.origin.worker.counters().faults, 0);
}

#[test]
fn datagrams_that_others_repeat_change_nothing() {
    let (mut pipe, stranger) = flowing();
    let before = pipe.origin.worker.counters();
    let all = std::mem::take(&mut pipe.to_origin.sent);
    assert!(all.len() > 10);
    for datagram in &all {
        pipe.origin.datagram(stranger, datagram);
    }
    // Checks are answered to where they come from, and nothing else.
    let answers = pipe.origin.take_sent(stranger);
    assert!(
        answers
            .iter()
            .all(|datagram| PacketKind::of(datagram) == PacketKind::Stun)
    );
    let after = pipe.origin.worker.counters();
    let dropped =
        after.dropped_stun + after.dropped_srtp - before.dropped_stun - before.dropped_srtp;
    assert_eq!(dropped, all.len() as u64);
    assert_undisturbed(&mut pipe);
}

#[test]
fn a_repeated_check_does_not_keep_a_link_connected() {
    let (mut pipe, _) = flowing();
    pipe.cut(true);
    let all = std::mem::take(&mut pipe.to_origin.sent);
    for _ in 0..50 {
        for datagram in &all {
            let at_origin = pipe.at_origin;
            pipe.origin.datagram(at_origin, datagram);
        }
        pipe.advance(100);
    }
    assert_eq!(pipe.states()[0], Some(IceState::Disconnected));
}

#[test]
fn checks_and_answers_with_other_passwords_change_nothing() {
    let (mut pipe, stranger) = flowing();
    let ours = link_ice("first", 1);
    let wrong = IceKey::new("another password");
    let mut buffer = [0; 300];
    let request = BindingRequest {
        transaction_id: [0xFF; 12],
        username: &format!("{}:{}", ours.ufrag, link_ice("second", 1).ufrag),
        priority: 1,
        use_candidate: true,
        role: IceRole::Controlling(0),
    };
    let len = request.write(&mut buffer, &wrong).unwrap();
    pipe.origin.datagram(stranger, &buffer[..len]);
    assert_eq!(pipe.origin.take_sent(stranger).len(), 0);
    // One direction is cut: it gets the checks of the other side, but answers to its own from a stranger only.
    pipe.to_far.is_cut = true;
    pipe.to_far.sent.clear();
    for _ in 0..50 {
        pipe.advance(100);
        for check in std::mem::take(&mut pipe.to_far.sent) {
            if PacketKind::of(&check) == PacketKind::Stun {
                let id = check[8..20].try_into().unwrap();
                let source = pipe.at_far.remote;
                let len = write_binding_success(&mut buffer, &id, source, &wrong).unwrap();
                let at_origin = pipe.at_origin;
                pipe.origin.datagram(at_origin, &buffer[..len]);
            }
        }
    }
    assert_eq!(pipe.states()[0], Some(IceState::Disconnected));
}

#[test]
fn an_answer_to_a_check_that_was_not_sent_changes_nothing() {
    let mut pipe = NodePipe::unlinked(World::config(), video());
    pipe.open_origin();
    let check = pipe.origin.take_sent(pipe.at_origin).remove(0);
    let mut id: [u8; 12] = check[8..20].try_into().unwrap();
    id[4..].fill(0xFF);
    let mut buffer = [0; 100];
    let key = IceKey::new(&link_ice("second", 1).pwd);
    let len = write_binding_success(&mut buffer, &id, pipe.at_far.remote, &key).unwrap();
    let at_origin = pipe.at_origin;
    pipe.origin.datagram(at_origin, &buffer[..len]);
    assert_eq!(pipe.origin.worker.counters().dropped_stun, 1);
    // Else later answers would not count.
    pipe.open_far();
    pipe.advance(300);
    assert_eq!(pipe.states(), [IceState::Connected; 2].map(Some));
}

#[test]
fn a_packet_with_the_id_of_no_link_is_dropped() {
    let (mut pipe, stranger) = flowing();
    let before = pipe.origin.worker.counters();
    for datagram in [&[0x40][..], &[0x40, 0, 0], &[0x4F, 1, 2, 3], &[0x41; 100]] {
        pipe.origin.datagram(stranger, datagram);
    }
    let after = pipe.origin.worker.counters();
    assert_eq!(after.dropped_malformed - before.dropped_malformed, 2);
    assert_eq!(
        after.dropped_unknown_address - before.dropped_unknown_address,
        2
    );
    assert_undisturbed(&mut pipe);
}

/// What to change in a datagram.
fn changes() -> impl Strategy<Value = Vec<(usize, u8)>> {
    prop::collection::vec((0..1_500_usize, 1..=255_u8), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn changed_datagrams_change_nothing(
        picked in prop::collection::vec((any::<prop::sample::Index>(), changes()), 1..40),
        is_far in any::<bool>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let (mut pipe, stranger) = flowing();
        let all = if is_far { &pipe.to_far.sent } else { &pipe.to_origin.sent }.clone();
        for (index, changes) in picked {
            let mut datagram = all[index.index(all.len())].clone();
            for (at, bits) in changes {
                let at = at % datagram.len();
                datagram[at] ^= bits;
            }
            datagram.truncate(1 + cut.index(datagram.len()) / 2 + datagram.len() / 2);
            for path in [stranger, pipe.at_origin] {
                pipe.origin.datagram(path, &datagram);
            }
        }
        assert_undisturbed(&mut pipe);
    }
}

#[test]
fn wrong_links_are_refused_and_change_nothing() {
    let mut world = World::new();
    let remote: SocketAddr = ([10, 0, 0, 2], 4000).into();
    let path = Path::udp([10, 0, 0, 1].into(), remote);
    let link = |number, change: fn(&mut IceCredentials, &mut IceCredentials, &mut SocketAddr)| {
        let PipeLink::Node {
            mut ice,
            mut remote_ice,
            mut remote,
            local,
        } = node_link("first", "second", number, path)
        else {
            unreachable!()
        };
        change(&mut ice, &mut remote_ice, &mut remote);
        PipeLink::Node {
            ice,
            remote_ice,
            remote,
            local,
        }
    };
    let invalid = CommandError::InvalidSpec;
    let refusals = [
        (link(1, |_, _, remote| remote.set_port(0)), invalid),
        (
            link(1, |_, _, remote| {
                *remote = "[2001:db8::1]:4000".parse().unwrap()
            }),
            invalid,
        ),
        (
            link(1, |_, _, remote| remote.set_ip([0, 0, 0, 0].into())),
            invalid,
        ),
        (
            link(1, |_, _, remote| remote.set_ip([224, 0, 0, 1].into())),
            invalid,
        ),
        (link(1, |ice, _, _| ice.ufrag = "abc".into()), invalid),
        (
            link(1, |ice, _, _| ice.ufrag = "with:colon".into()),
            invalid,
        ),
        (link(1, |_, ice, _| ice.pwd = "abc".into()), invalid),
        (
            link(1, |_, ice, _| ice.ufrag = "with:colon".into()),
            invalid,
        ),
    ];
    for (link, error) in refusals {
        let create = create_link(PIPE, ROUTER, link);
        assert_eq!(world.command(create.clone()), Err(error), "{create:?}");
    }
    let fine = || link(1, |_, _, _| {});
    let nowhere = create_link(PIPE, RouterId(9), fine());
    assert_eq!(world.command(nowhere), Err(CommandError::NotFound));
    let mapped = link(1, |_, _, remote| {
        *remote = "[::ffff:10.0.0.2]:4000".parse().unwrap()
    });
    world.execute(create_link(PIPE, ROUTER, mapped));
    assert_eq!(world.take_sent(path).len(), 1, "the first check");
    let other = TransportId(201);
    let exists = Err(CommandError::AlreadyExists);
    assert_eq!(world.command(create_link(other, ROUTER, fine())), exists);
    let client = Command::CreateTransport {
        transport: other,
        router: ROUTER,
        ice: link_ice("first", 1),
    };
    assert_eq!(world.command(client), exists);
    assert_eq!(
        world.command(create_link(PIPE, ROUTER, link(2, |_, _, _| {}))),
        exists
    );
    world.execute(create_link(other, ROUTER, link(2, |_, _, _| {})));
    world.execute(link_keys(PIPE, 1));
    let again = world.command(link_keys(PIPE, 1));
    assert_eq!(again, Err(CommandError::InvalidState));
    for command in [
        Command::ConnectTransport { transport: PIPE },
        Command::SendDtls {
            transport: PIPE,
            datagram: vec![22],
        },
        Command::RestartIce {
            transport: PIPE,
            ice: link_ice("third", 3),
        },
    ] {
        assert_eq!(world.command(command), Err(CommandError::InvalidState));
    }
    assert_eq!(world.worker.counters().transports, 2);
}
