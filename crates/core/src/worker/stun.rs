//! STUN: who may use which transport (RFC 8445 section 7.3).
//!
//! Only a binding request with a ufrag of ours, good MESSAGE-INTEGRITY and FINGERPRINT changes anything or is
//! answered, and an answer is never longer than its request.

use hubbub_wire::WireError;
use hubbub_wire::stun::{
    IceRole, StunClass, StunErrorCode, StunMessage, write_binding_error, write_binding_success,
};

use crate::api::{Event, IceState, Micros, Path};
use crate::ice::Heard;
use crate::outbox::Priority;
use crate::tables::TransportKey;

use super::Worker;

impl Worker {
    pub(super) fn handle_stun(&mut self, now: Micros, path: Path, datagram: &[u8]) {
        if self.answer_binding(now, path, datagram).is_none() {
            self.counters.dropped_stun += 1;
        }
    }

    /// `None`: dropped, and nothing has changed.
    fn answer_binding(&mut self, now: Micros, path: Path, datagram: &[u8]) -> Option<()> {
        let message = StunMessage::parse(datagram).ok()?;
        if message.class() != StunClass::Request {
            return None;
        }
        let ufrag = message.username()?.local;
        let key = *self.tables.ufrags.get(ufrag)?;
        self.touched.transport = Some(key);
        let transport = self.tables.transports.get_mut(key)?;
        let ice_key = transport.ice.key(ufrag)?;
        message.verify_integrity(ice_key).ok()?;

        let refusal = match (message.unknown_required(), message.role()) {
            (Some(attribute), _) => Some(StunErrorCode::UnknownAttribute(attribute)),
            // We are always controlled: the peer has to change its role.
            (None, Some(IceRole::Controlled(_))) => Some(StunErrorCode::RoleConflict),
            _ => None,
        };
        let id = message.transaction_id();
        let write = |buffer: &mut [u8]| -> Result<usize, WireError> {
            match refusal {
                Some(code) => write_binding_error(buffer, id, code, Some(ice_key)),
                None => write_binding_success(buffer, id, path.remote, ice_key),
            }
        };
        if let Some(buffer) = self.outbox.reserve()
            && let Ok(len) = write(buffer)
            && len <= datagram.len()
        {
            self.outbox.commit(len, path, Priority::Control);
            transport.stats.sent(len);
        }
        if refusal.is_some() {
            return Some(());
        }
        transport.stats.received(datagram.len());
        let heard = transport
            .ice
            .heard(now, path, ufrag, message.use_candidate());
        self.adopt(now, key, path, heard);
        Some(())
    }

    /// The pair belongs to this transport from now on, whoever had it (TURN relays use ports again).
    fn adopt(&mut self, now: Micros, key: TransportKey, path: Path, heard: Heard) {
        if let Some(void) = heard.retired_ufrag {
            self.tables.ufrags.remove(&void);
        }
        if let Some(evicted) = heard.evicted {
            self.tables.paths.remove(&evicted);
        }
        if let Some(former) = self.tables.paths.insert(path, key)
            && former != key
        {
            self.lose_pair(now, former, path);
        }
        if heard.selected {
            self.announce_selected(now, key, path);
        }
    }

    /// A TCP connection has ended: its pair is not valid any more. To be called once for each that ends.
    pub fn handle_disconnect(&mut self, now: Micros, path: Path) {
        self.touched.clear();
        if let Some(key) = self.tables.paths.remove(&path) {
            self.touched.transport = Some(key);
            self.lose_pair(now, key, path);
        }
    }

    /// A client has authenticated over this path, and it is the pair of a transport still.
    #[must_use]
    pub fn is_valid(&self, path: Path) -> bool {
        self.tables.paths.contains_key(&path)
    }

    /// The pair is another transport's now, or nobody's.
    fn lose_pair(&mut self, now: Micros, key: TransportKey, path: Path) {
        let Some(transport) = self.tables.transports.get_mut(key) else {
            return;
        };
        let had_selected = transport.ice.selected() == Some(path);
        transport.ice.lose(path);
        if had_selected {
            self.announce_selected(now, key, path);
        }
    }

    /// Tells where the transport sends to now (`lost`: what it had, when there is nothing any more).
    pub(super) fn announce_selected(&mut self, now: Micros, key: TransportKey, lost: Path) {
        let Some(transport) = self.tables.transports.get_mut(key) else {
            return;
        };
        let (state, path) = match transport.ice.selected() {
            Some(selected) => (IceState::Connected, selected),
            None => (IceState::New, lost),
        };
        let event = Event::IceSelected {
            transport: transport.id,
            state,
            local: path.local,
            remote: path.remote,
            protocol: path.protocol,
        };
        // Of several that nobody has taken yet the last one counts: a client may wander as often as it likes.
        match transport.ice_raised {
            Some((drain, place)) if drain == self.drains => {
                if let Some(former) = self.events.get_mut(place) {
                    *former = event;
                }
            }
            _ => {
                transport.ice_raised = Some((self.drains, self.events.len()));
                self.emit(event);
            }
        }
        if state == IceState::Connected {
            self.flush_dtls(key);
            self.await_key_frames_of_transport(now, key);
        }
    }
}
