//! Links between nodes that go by a third one: at their ends, and at that node.

use std::net::SocketAddr;

use hubbub_wire::stun::{StunClass, StunMessage};

use crate::api::{CommandError, Micros, Path, Protocol, RelayEnd, ReplyBody, TransportId};
use crate::send::{ConnectionId, Priority};

use super::Worker;
use super::node_links::{checked_link, target};

impl Worker {
    /// Sets by which node a link of ours goes as well.
    pub(super) fn set_link_relay(
        &mut self,
        now: Micros,
        transport: TransportId,
        relay: Option<SocketAddr>,
    ) -> Result<ReplyBody, CommandError> {
        let key = self.transport_key(transport)?;
        let link = &mut self.tables.transports.get_mut(key)?.link;
        let node = link.node_mut().ok_or(CommandError::InvalidState)?;
        let local = node.target().local;
        let local = (!local.is_unspecified()).then_some(local);
        let way = match relay {
            Some(relay) => Some(target(relay, local).ok_or(CommandError::InvalidSpec)?),
            None => None,
        };
        node.set_relay(way);
        self.tend_node_link(now, key)?;
        Ok(ReplyBody::Done {})
    }

    /// Relays a link of two other nodes.
    pub(super) fn relay_link(
        &mut self,
        now: Micros,
        ends: &[RelayEnd; 2],
    ) -> Result<ReplyBody, CommandError> {
        for end in ends {
            target(end.remote, None).ok_or(CommandError::InvalidSpec)?;
            let id = ConnectionId::of(&end.ufrag);
            if self.tables.connections.contains_key(&id) {
                return Err(CommandError::AlreadyExists);
            }
        }
        self.tables.relays.set(now, ends)?;
        Ok(ReplyBody::Done {})
    }

    /// Forwards a check, or the answer to one, of a link that this worker relays. Returns false if it is of none.
    pub(super) fn relay_check(
        &mut self,
        now: Micros,
        path: Path,
        message: &StunMessage<'_>,
        datagram: &[u8],
    ) -> bool {
        if self.tables.relays.is_empty() {
            return false;
        }
        let id = match message.class() {
            StunClass::Request => match message.username() {
                Some(username) if !self.tables.ufrags.contains_key(username.local) => {
                    ConnectionId::of(username.local)
                }
                _ => return false,
            },
            _ => checked_link(message.transaction_id()),
        };
        self.relay(now, path, id, datagram, Priority::Control)
    }

    /// Forwards a datagram for one end of a link that this worker relays. Returns false if it is of none.
    pub(super) fn relay(
        &mut self,
        now: Micros,
        path: Path,
        id: ConnectionId,
        datagram: &[u8],
        priority: Priority,
    ) -> bool {
        let target = self.tables.relays.target(now, id, path.remote.ip());
        let Some(target) = target.filter(|_| path.protocol == Protocol::Udp) else {
            return false;
        };
        self.outbox
            .push(datagram, Path::udp(path.local, target), priority);
        true
    }
}
