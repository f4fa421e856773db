//! Links between two nodes that go by a third one while the direct way is cut.
#![allow(clippy::indexing_slicing, reason = "tests fail by panicking")]

use std::net::SocketAddr;

use hubbub_core::api::{Command, CommandError, IceState, Path, RelayEnd, TransportId};

use crate::common::World;
use crate::common::media::vp8;
use crate::common::node_pipe::{NodePipe, from, link_ice, pictures, send_frames};
use crate::common::pipes::PIPE;
use crate::common::specs::*;

const OUT: u32 = 5000;
const CONNECTED: [Option<IceState>; 2] = [Some(IceState::Connected); 2];

/// A link of two workers, and a third worker that both reach.
struct Triangle {
    pipe: NodePipe,
    relay: World,
    at: SocketAddr,
    /// The datagrams that the relay has forwarded.
    forwarded: Vec<Vec<u8>>,
    is_cut: bool,
}

impl Triangle {
    fn new() -> Self {
        Self {
            pipe: NodePipe::new(video()),
            relay: World::with(World::config()),
            at: ([10, 0, 0, 3], 4000).into(),
            forwarded: Vec::new(),
            is_cut: false,
        }
    }

    fn ends(&self) -> [RelayEnd; 2] {
        let end = |side, remote| RelayEnd {
            ufrag: link_ice(side, 1).ufrag,
            remote,
        };
        [
            end("first", self.pipe.at_far.remote),
            end("second", self.pipe.at_origin.remote),
        ]
    }

    fn relay_link(&mut self) {
        let ends = self.ends();
        self.relay.now = self.pipe.origin.now;
        self.relay.execute(Command::RelayLink { ends });
    }

    fn go_by_relay(&mut self) {
        self.relay_link();
        self.set_relay(Some(self.at));
    }

    fn set_relay(&mut self, relay: Option<SocketAddr>) {
        for world in [&mut self.pipe.origin, &mut self.pipe.far] {
            world.execute(Command::SetLinkRelay {
                transport: PIPE,
                relay,
            });
        }
    }

    /// Lets time pass everywhere.
    fn advance(&mut self, milliseconds: u64) {
        for _ in 0..milliseconds / 5 {
            self.pipe.advance(5);
            self.carry();
        }
    }

    /// Carries what is sent by the relay.
    fn carry(&mut self) {
        let [to_origin, to_far] = [self.pipe.at_far.remote, self.pipe.at_origin.remote];
        let local = self.at.ip();
        loop {
            self.relay.now = self.pipe.origin.now;
            let by_relay = |local: Path| Path::udp(local.local, self.at);
            let (at_origin, at_far) = (by_relay(self.pipe.at_origin), by_relay(self.pipe.at_far));
            let sent = [
                (to_origin, self.pipe.origin.take_sent(at_origin)),
                (to_far, self.pipe.far.take_sent(at_far)),
            ];
            if self.is_cut || sent.iter().all(|(_, datagrams)| datagrams.is_empty()) {
                return;
            }
            for (from, datagrams) in sent {
                for datagram in datagrams {
                    self.relay.datagram(Path::udp(local, from), &datagram);
                }
            }
            for datagram in self.relay.take_sent(Path::udp(local, to_origin)) {
                self.pipe.origin.datagram(at_origin, &datagram);
                self.forwarded.push(datagram);
            }
            for datagram in self.relay.take_sent(Path::udp(local, to_far)) {
                self.pipe.far.datagram(at_far, &datagram);
                self.forwarded.push(datagram);
            }
            self.pipe.carry();
        }
    }

    /// Sends pictures, the first of which is a key frame.
    fn send_pictures(&mut self, numbers: std::ops::Range<u16>) {
        for number in numbers.clone() {
            self.pipe.send([vp8(number, number == numbers.start)]);
            self.carry();
            self.advance(30);
        }
    }
}

/// How many of the datagrams are media.
fn media(datagrams: &[Vec<u8>]) -> usize {
    let linked = datagrams.iter().filter(|datagram| datagram[0] >> 4 == 4);
    linked.count()
}

#[test]
fn media_goes_by_the_relay_while_the_direct_way_is_cut_and_back() {
    let mut net = Triangle::new();
    let (mut viewer, _) = net.pipe.watch(1, video_consumer(OUT));
    send_frames(&mut net.pipe, 0..10);
    pictures(&mut viewer, &mut net.pipe.far, OUT);
    net.pipe.cut(true);
    net.advance(4_000);
    net.pipe.states();
    net.pipe.sender.take_plis(&mut net.pipe.origin);

    net.go_by_relay();
    net.advance(300);
    assert_eq!(net.pipe.states(), CONNECTED, "at once");
    assert_eq!(net.pipe.sender.take_plis(&mut net.pipe.origin), [SSRC]);
    net.send_pictures(20..30);
    // The stream stood still: it begins with what was kept of it.
    let after: Vec<u16> = (0..10).chain(20..30).collect();
    assert_eq!(pictures(&mut viewer, &mut net.pipe.far, OUT), after);
    assert!(media(&net.forwarded) >= 10);
    for _ in 0..2 {
        net.relay_link();
        net.advance(7_000);
    }
    assert_eq!(net.pipe.states(), [None; 2], "as long as it is repeated");

    net.pipe.cut(false);
    net.relay_link();
    net.advance(500);
    assert_eq!(net.pipe.states(), CONNECTED, "another way is told, too");
    net.forwarded.clear();
    net.send_pictures(30..40);
    let direct: Vec<u16> = (30..40).collect();
    assert_eq!(
        pictures(&mut viewer, &mut net.pipe.far, OUT),
        direct,
        "once each"
    );
    assert_eq!(media(&net.forwarded), 0, "nothing goes by the relay");
    net.set_relay(None);
    net.forwarded.clear();
    net.advance(5_000);
    assert!(net.forwarded.is_empty());
    assert_eq!(net.pipe.states(), [None; 2]);
    for world in [&net.pipe.origin, &net.pipe.far, &net.relay] {
        assert_eq!(world.worker.counters().faults, 0);
    }
}

#[test]
fn a_relay_that_is_not_repeated_ends() {
    let mut net = Triangle::new();
    net.pipe.cut(true);
    net.advance(4_000);
    net.go_by_relay();
    net.advance(9_900);
    assert_eq!(net.pipe.states(), CONNECTED);
    net.advance(4_200);
    assert_eq!(net.pipe.states(), [Some(IceState::Disconnected); 2]);
}

#[test]
fn a_relay_that_is_cut_as_well_is_no_way() {
    let mut net = Triangle::new();
    net.pipe.cut(true);
    net.advance(4_000);
    net.pipe.states();
    net.is_cut = true;
    net.go_by_relay();
    net.advance(5_000);
    assert_eq!(net.pipe.states(), [None; 2]);
}

#[test]
fn a_relay_forwards_only_from_one_end_to_the_other() {
    let mut net = Triangle::new();
    let _viewer = net.pipe.watch(1, video_consumer(OUT));
    net.pipe.cut(true);
    net.advance(4_000);
    net.go_by_relay();
    net.advance(500);
    net.send_pictures(0..3);
    let from_origin = Path::udp(net.at.ip(), net.pipe.at_far.remote);
    let stranger = from(from_origin, [192, 0, 2, 66], 4000);
    let from_far = Path::udp(net.at.ip(), net.pipe.at_origin.remote);
    let all = net.forwarded.clone();
    assert!(media(&all) > 0 && media(&all) < all.len());
    for datagram in all {
        // From a stranger, and back to the end that sent it.
        net.relay.datagram(stranger, &datagram);
    }
    for path in [stranger, from_origin, from_far] {
        assert_eq!(net.relay.take_sent(path), Vec::<Vec<u8>>::new());
    }
    let counters = net.relay.worker.counters();
    assert!(counters.dropped_unknown_address > 0 && counters.dropped_stun > 0);
}

#[test]
fn what_cannot_be_relayed_is_refused() {
    let mut net = Triangle::new();
    let [first, second] = net.ends();
    let mut relay = |one: &RelayEnd, other: &RelayEnd| {
        let ends = [one.clone(), other.clone()];
        net.relay.command(Command::RelayLink { ends }).err()
    };
    assert_eq!(relay(&first, &first), Some(CommandError::InvalidSpec));
    let nowhere = RelayEnd {
        remote: ([0, 0, 0, 0], 4000).into(),
        ..second.clone()
    };
    assert_eq!(relay(&first, &nowhere), Some(CommandError::InvalidSpec));
    for number in 0..512 {
        let [one, other] = [("one", &first), ("other", &second)].map(|(side, end)| RelayEnd {
            ufrag: format!("{side} end of relayed link {number}"),
            ..end.clone()
        });
        assert_eq!(relay(&one, &other), None);
    }
    assert_eq!(relay(&first, &second), Some(CommandError::LimitReached));
    net.advance(11_000);
    net.relay_link();
    // A link of its own is not relayed, and one that does not exist has no relay.
    let ends = net.ends();
    let own = net.pipe.origin.command(Command::RelayLink { ends });
    assert_eq!(own.err(), Some(CommandError::AlreadyExists));
    for (transport, relay, error) in [
        (
            TransportId(999),
            ([10, 0, 0, 3], 4000),
            CommandError::NotFound,
        ),
        (
            net.pipe.sender.transport,
            ([10, 0, 0, 3], 4000),
            CommandError::InvalidState,
        ),
        (PIPE, ([10, 0, 0, 3], 0), CommandError::InvalidSpec),
    ] {
        let relay = Some(relay.into());
        let command = Command::SetLinkRelay { transport, relay };
        assert_eq!(net.pipe.origin.command(command).err(), Some(error));
    }
}
