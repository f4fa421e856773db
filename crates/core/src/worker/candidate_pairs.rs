//! ICE candidate pairs: which transport owns a pair, and which pair a transport sends over.

use crate::api::{Event, IceState, Micros, Path};
use crate::entities::{BindingOutcome, DanglingKey, Link, TransportKey};

use super::Worker;

impl Worker {
    /// Call this once for each TCP connection that has ended: its pair is no longer valid.
    pub fn handle_disconnect(&mut self, now: Micros, path: Path) {
        self.in_flight.clear();
        if let Some(key) = self.tables.paths.remove(&path) {
            self.in_flight.transport = Some(key);
            let outcome = self.remove_pair(now, key, path);
            self.count_fault(outcome);
        }
    }

    /// Whether a client has authenticated over this path and the path is still a pair of its transport.
    #[must_use]
    pub fn is_valid(&self, path: Path) -> bool {
        self.tables.paths.contains_key(&path)
    }

    /// Whether this pair belongs to another transport whose client uses it.
    pub(super) fn is_used_by_another(
        &self,
        now: Micros,
        key: TransportKey,
        path: Path,
    ) -> Result<bool, DanglingKey> {
        match self.tables.paths.get(&path) {
            // No pair belongs to a link between nodes: many share one.
            Some(owner) if *owner != key && self.tables.transports.get(key)?.ice().is_some() => {
                let owner = self.tables.transports.get(*owner)?;
                Ok(!owner.ice().is_none_or(|ice| ice.gives_way(now, path, key)))
            }
            _ => Ok(false),
        }
    }

    /// Applies a valid binding request to the tables. The pair now belongs to this transport, even if it belonged to
    /// another that gave way.
    pub(super) fn apply_binding(
        &mut self,
        now: Micros,
        key: TransportKey,
        path: Path,
        outcome: BindingOutcome,
    ) -> Result<(), DanglingKey> {
        if let Some(ufrag) = outcome.retired_ufrag {
            self.tables.ufrags.remove(&ufrag);
        }
        if let Some(evicted) = outcome.evicted {
            self.tables.paths.remove(&evicted);
        }
        if let Some(former) = self.tables.paths.insert(path, key)
            && former != key
        {
            let former_ice = self.tables.transports.get(former)?.ice();
            let taken_from = former_ice.and_then(|ice| ice.taken_from(path));
            self.remove_pair(now, former, path)?;
            let Some(ice) = self.tables.transports.get_mut(key)?.ice_mut() else {
                return Ok(());
            };
            if taken_from == Some(key) {
                ice.on_retaken(path);
            } else {
                ice.on_taken(path, taken_from.unwrap_or(former));
            }
        }
        if outcome.selected {
            self.announce_selected(now, key, path)?;
        }
        Ok(())
    }

    /// Removes a pair from its transport: another transport owns it now, or its connection has ended.
    fn remove_pair(
        &mut self,
        now: Micros,
        key: TransportKey,
        path: Path,
    ) -> Result<(), DanglingKey> {
        let transport = self.tables.transports.get_mut(key)?;
        let Some(ice) = transport.ice_mut() else {
            return Ok(());
        };
        let was_selected = ice.selected() == Some(path);
        ice.remove_pair(path);
        if was_selected {
            self.announce_selected(now, key, path)?;
        }
        Ok(())
    }

    /// Announces the transport's selected pair, or the loss of `lost` if no pair is left.
    pub(super) fn announce_selected(
        &mut self,
        now: Micros,
        key: TransportKey,
        lost: Path,
    ) -> Result<(), DanglingKey> {
        let transport = self.tables.transports.get_mut(key)?;
        let Link::WebRtc(link) = &mut transport.link else {
            return Ok(());
        };
        let path = link.ice.selected().unwrap_or(lost);
        let state = link.ice.state();
        let event = Event::IceSelected {
            transport: transport.id,
            state,
            local: path.local,
            remote: path.remote,
            protocol: path.protocol,
        };
        self.events.replace(&mut link.ice_event, event);
        if state == IceState::Connected {
            self.flush_dtls(key)?;
            self.request_key_frames_of_transport(now, key)?;
        }
        Ok(())
    }
}
