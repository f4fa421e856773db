//! Links to other nodes: their checks, and the packets that arrive over them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use hubbub_wire::PacketKind;
use hubbub_wire::stun::{StunMessage, TransactionId};

use crate::api::{CommandError, Event, IceCredentials, IceState, Micros, Path};
use crate::entities::{DanglingKey, NodeLink, PipeLink, TransportKey};
use crate::send::{ConnectionId, Priority};

use super::Worker;
use super::spec_rules::check_credentials;

impl Worker {
    /// The link of a new transport to another node.
    pub(super) fn node_link(
        &self,
        now: Micros,
        ice: IceCredentials,
        remote_ice: &IceCredentials,
        remote: SocketAddr,
        local: Option<IpAddr>,
    ) -> Result<NodeLink, CommandError> {
        let target = target(remote, local).ok_or(CommandError::InvalidSpec)?;
        check_credentials(remote_ice)?;
        self.check_new_credentials(&ice)?;
        let link = NodeLink::new(now, ice, remote_ice, target);
        if self.tables.connections.contains_key(&link.id) {
            return Err(CommandError::AlreadyExists);
        }
        Ok(link)
    }

    /// Handles a packet that follows a connection id. It may come from anywhere: its protection says whether it is the other
    /// side's.
    pub(super) fn handle_linked(
        &mut self,
        now: Micros,
        path: Path,
        datagram: &mut [u8],
    ) -> Result<(), DanglingKey> {
        let len = datagram.len();
        let Some(id) = datagram.first_chunk().copied().map(ConnectionId) else {
            self.counters.dropped_malformed += 1;
            return Ok(());
        };
        let Some(key) = self.tables.connections.get(&id).copied() else {
            // Whether it is audio is known to the ends only.
            if !self.relay(now, path, id, datagram, Priority::Video) {
                self.counters.dropped_unknown_address += 1;
            }
            return Ok(());
        };
        let packet = datagram.get_mut(id.0.len()..).unwrap_or_default();
        self.in_flight.transport = Some(key);
        let transport = self.tables.transports.get_mut(key)?;
        transport.stats.count_received(len);
        match PacketKind::of(packet) {
            PacketKind::Rtp => self.handle_rtp(now, key, path, packet),
            PacketKind::Rtcp => self.handle_rtcp(now, key, path, packet),
            _ => {
                self.counters.dropped_malformed += 1;
                Ok(())
            }
        }
    }

    /// Handles the answer to a check of ours. Returns false for one that was dropped without any effect.
    pub(super) fn on_check_answered(
        &mut self,
        now: Micros,
        message: &StunMessage<'_>,
        len: usize,
    ) -> Result<bool, DanglingKey> {
        let id = message.transaction_id();
        let Some(key) = self.tables.connections.get(&checked_link(id)).copied() else {
            return Ok(false);
        };
        self.in_flight.transport = Some(key);
        let transport = self.tables.transports.get_mut(key)?;
        let Some(node) = transport.link.node_mut() else {
            return Ok(false);
        };
        if message.verify_integrity(node.answer_key()).is_err() {
            return Ok(false);
        }
        let Some(round_trip) = node.on_answer(now, id) else {
            return Ok(false);
        };
        transport.stats.count_received(len);
        transport.stats.rtt_us = Some(round_trip);
        self.tend_node_link(now, key)?;
        Ok(true)
    }

    /// Sends the check that is due, and follows the state of the link; does nothing for another transport.
    pub(super) fn tend_node_link(
        &mut self,
        now: Micros,
        key: TransportKey,
    ) -> Result<(), DanglingKey> {
        let transport = self.tables.transports.get_mut(key)?;
        let Some(PipeLink {
            path,
            node: Some(node),
            consumers,
            ..
        }) = transport.link.pipe_mut()
        else {
            return Ok(());
        };
        for (is_due, by_relay) in node.due_checks(now).into_iter().zip([false, true]) {
            if is_due
                && let Some(buffer) = self.outbox.reserve()
                && let Ok(Some((len, target))) = node.write_check(now, by_relay, buffer)
            {
                self.outbox.commit(len, target, Priority::Control);
                transport.stats.count_sent(len);
            }
        }
        let before = (node.state(), *path);
        *path = node.update(now);
        if before == (node.state(), *path) {
            return Ok(());
        }
        let known = path.or(before.1).unwrap_or(node.target());
        let event = Event::IceSelected {
            transport: transport.id,
            state: node.state(),
            local: known.local,
            remote: known.remote,
            protocol: known.protocol,
        };
        self.events.replace(&mut node.event, event);
        if node.state() == IceState::Connected {
            return self.request_key_frames_of_transport(now, key);
        }
        for consumer in consumers.iter() {
            self.tables.pipe_consumers.get_mut(*consumer)?.stop();
        }
        Ok(())
    }
}

/// The link at the side that has sent a check with this transaction id.
pub(super) fn checked_link(id: &TransactionId) -> ConnectionId {
    ConnectionId(id.first_chunk().copied().unwrap_or_default())
}

/// Where checks go; `None` if they cannot go there.
pub(super) fn target(remote: SocketAddr, local: Option<IpAddr>) -> Option<Path> {
    let ip = remote.ip().to_canonical();
    let unspecified = match ip {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let local = local.map_or(unspecified, |ip| ip.to_canonical());
    let is_valid = remote.port() != 0
        && !ip.is_unspecified()
        && !ip.is_multicast()
        && local.is_ipv4() == ip.is_ipv4();
    is_valid.then(|| Path::udp(local, SocketAddr::new(ip, remote.port())))
}
