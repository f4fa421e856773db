//! A plain transport behind which anybody sends what a script of bytes says.

use std::collections::HashMap;
use std::net::SocketAddr;

use arbitrary::{Error, Result, Unstructured};
use hubbub_core::api::{Command, Path, PlainPorts, TransportId};

use super::mutation::{bytes, chance, mutate};
use crate::common::media::vp8;
use crate::common::specs::*;
use crate::common::{Client, ROUTER, World};

const PORTS: [u16; 2] = [41_000, 41_001];
const SOURCES: [&str; 3] = ["127.0.0.1:6000", "127.0.0.2:6001", "192.0.2.1:6000"];
const PLAIN: TransportId = TransportId(50);
const MAX_STEPS: usize = 400;

/// Follows a script.
///
/// # Panics
/// If the worker panics, counts a fault, sends to a second address or to one outside the transport's networks, or hears
/// another one than it sends to.
pub fn plain(script: &[u8]) {
    let mut script = Unstructured::new(script);
    let mut world = World::new();
    let rtcp = script.arbitrary().unwrap_or(false).then_some(PORTS[1]);
    let ports = PlainPorts {
        rtp: PORTS[0],
        rtcp,
    };
    let created = world.command(Command::CreatePlainTransport {
        transport: PLAIN,
        router: ROUTER,
        rtcp_mux: rtcp.is_none(),
        comedia: true,
        srtp: false,
        sources: vec!["127.0.0.0/8".parse().expect("a network")],
        ports: Some(ports),
    });
    assert!(created.is_ok());
    let incoming = produce(&mut world, PLAIN, 1, video());
    let mut client = Client::connected(&mut world, 1);
    let outgoing = produce(&mut world, client.transport, 2, video());
    consume_running(&mut world, PLAIN, outgoing, 1, video_consumer(5_000));
    let transport = client.transport;
    consume_running(&mut world, transport, incoming, 2, video_consumer(6_000));

    let mut remotes = HashMap::new();
    for number in 0..MAX_STEPS as u16 {
        let before = world.transport_stats(PLAIN).packets_received;
        let Ok(path) = step(&mut script, &mut world, number) else {
            break;
        };
        if remotes
            .get(&path.protocol)
            .is_some_and(|remote| *remote != path.remote)
        {
            let received = world.transport_stats(PLAIN).packets_received;
            assert_eq!(received, before, "a packet of {}", path.remote);
        }
        client.send(&mut world, &vp8(number, number == 0).bytes());
        world.advance(20);
        for (_, path) in std::mem::take(&mut world.sent) {
            if path.protocol.plain_port().is_some() {
                let remote = *remotes.entry(path.protocol).or_insert(path.remote);
                assert_eq!(remote, path.remote, "a second address");
                assert!(remote.ip().is_loopback());
            }
        }
    }
    assert_eq!(world.worker.counters().faults, 0);
}

/// Sends one datagram, and returns its path: a media packet, whole or damaged, or any bytes.
fn step(script: &mut Unstructured<'_>, world: &mut World, number: u16) -> Result<Path> {
    if script.is_empty() {
        return Err(Error::NotEnoughData);
    }
    let port = *script.choose(&PORTS)?;
    let source: SocketAddr = script.choose(&SOURCES)?.parse().expect("an address");
    let datagram = if chance(script, 50)? {
        let mut packet = vp8(number, chance(script, 10)?).bytes();
        if chance(script, 70)? {
            mutate(script, &mut packet, 20)?;
        }
        packet
    } else {
        let mut packet = bytes(script, 100)?;
        if let Some(first) = packet.first_mut().filter(|_| number.is_multiple_of(2)) {
            *first = 0x80 | (*first & 0x3f);
        }
        packet
    };
    let path = Path::plain(port, source);
    world.datagram(path, &datagram);
    Ok(path)
}
