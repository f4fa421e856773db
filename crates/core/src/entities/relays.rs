//! The links of other nodes that a worker relays, because those do not reach each other.
//!
//! A relay knows no key of the link. It forwards a datagram once, unchanged, from one end to the other: whom it is for says its
//! connection id, its USERNAME or its transaction id. It comes from the IP address of an end and goes to the address of the other
//! one, never to another relay.

use std::net::{IpAddr, SocketAddr};

use super::fast_map::FastMap;
use crate::api::{CommandError, Micros, RelayEnd};
use crate::send::ConnectionId;

/// For how long a link is relayed unless that is repeated, microseconds.
const LIFETIME_US: u64 = 10_000_000;
/// Ends of links.
const MAX_ENDS: usize = 1_024;

/// Where the datagrams for one end go.
#[derive(Debug)]
struct Relayed {
    from: IpAddr,
    to: SocketAddr,
    until: Micros,
}

/// The relayed links, by the connection ids of their ends.
#[derive(Debug, Default)]
pub(crate) struct Relays(FastMap<ConnectionId, Relayed>);

impl Relays {
    /// Relays between two ends from now on, or for longer.
    ///
    /// # Errors
    /// `InvalidSpec` when both are the same, `LimitReached`.
    pub(crate) fn set(&mut self, now: Micros, ends: &[RelayEnd; 2]) -> Result<(), CommandError> {
        self.0.retain(|_, relayed| relayed.until > now);
        let [one, other] = ends;
        let ids = [one, other].map(|end| ConnectionId::of(&end.ufrag));
        if ids[0] == ids[1] {
            return Err(CommandError::InvalidSpec);
        }
        let new = ids.iter().filter(|id| !self.0.contains_key(*id)).count();
        if self.0.len() + new > MAX_ENDS {
            return Err(CommandError::LimitReached);
        }
        for (id, from, to) in [(ids[0], other, one), (ids[1], one, other)] {
            let relayed = Relayed {
                from: from.remote.ip().to_canonical(),
                to: to.remote,
                until: now.plus(LIFETIME_US),
            };
            self.0.insert(id, relayed);
        }
        Ok(())
    }

    /// Whether no link is relayed, or was lately.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where a datagram for this end goes that comes from `from`; `None` if it is not relayed.
    pub(crate) fn target(&self, now: Micros, id: ConnectionId, from: IpAddr) -> Option<SocketAddr> {
        let relayed = self.0.get(&id)?;
        (relayed.until > now && relayed.from == from.to_canonical()).then_some(relayed.to)
    }
}
