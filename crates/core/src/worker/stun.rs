//! STUN binding requests (RFC 8445 section 7.3).
//!
//! A request is answered, and changes anything, only with a ufrag of ours and valid MESSAGE-INTEGRITY and FINGERPRINT,
//! and only if no other transport uses its pair. A client whose request is not answered sends it again.
//! A response is never longer than its request.
//!
//! We send requests to other nodes only, and take answers only from them (`node_links.rs`).

use hubbub_wire::WireError;
use hubbub_wire::stun::{
    IceRole, StunClass, StunErrorCode, StunMessage, write_binding_error, write_binding_success,
};

use crate::api::{Micros, Path};
use crate::entities::{DanglingKey, Link, PipeLink};
use crate::send::Priority;

use super::Worker;

impl Worker {
    pub(super) fn handle_stun(
        &mut self,
        now: Micros,
        path: Path,
        datagram: &[u8],
    ) -> Result<(), DanglingKey> {
        let is_handled = match StunMessage::parse(datagram) {
            Ok(message) if self.relay_check(now, path, &message, datagram) => true,
            Ok(message) => match message.class() {
                StunClass::Request => self.answer_binding(now, path, &message, datagram.len())?,
                StunClass::SuccessResponse => {
                    self.on_check_answered(now, &message, datagram.len())?
                }
                StunClass::Indication | StunClass::ErrorResponse => false,
            },
            Err(_) => false,
        };
        if !is_handled {
            self.counters.dropped_stun += 1;
        }
        Ok(())
    }

    /// Returns false for a request that was dropped without any effect.
    fn answer_binding(
        &mut self,
        now: Micros,
        path: Path,
        message: &StunMessage<'_>,
        len: usize,
    ) -> Result<bool, DanglingKey> {
        let Some(ufrag) = message.username().map(|username| username.local) else {
            return Ok(false);
        };
        let Some(key) = self.tables.ufrags.get(ufrag).copied() else {
            return Ok(false);
        };
        self.in_flight.transport = Some(key);
        let is_used_by_another = self.is_used_by_another(now, key, path)?;
        let transport = self.tables.transports.get_mut(key)?;
        let Some(ice_key) = transport.link.ice_key(ufrag) else {
            return Ok(false);
        };
        if message.verify_integrity(ice_key).is_err() || is_used_by_another {
            return Ok(false);
        }

        let refusal = match (message.unknown_required(), message.role()) {
            (Some(attribute), _) => Some(StunErrorCode::UnknownAttribute(attribute)),
            // We are always controlled, so the client has to change its role.
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
            && let Ok(answer_len) = write(buffer)
            && answer_len <= len
        {
            self.outbox.commit(answer_len, path, Priority::Control);
            transport.stats.count_sent(answer_len);
        }
        if refusal.is_some() {
            return Ok(true);
        }
        transport.stats.count_received(len);
        match &mut transport.link {
            Link::WebRtc(link) => {
                let outcome =
                    link.ice
                        .on_binding_request(now, path, ufrag, message.use_candidate());
                self.apply_binding(now, key, path, outcome)?;
            }
            Link::Pipe(PipeLink {
                node: Some(node), ..
            }) => {
                if !node.on_check(now, path, id) {
                    return Ok(false);
                }
                self.tend_node_link(now, key)?;
            }
            Link::Pipe(_) | Link::Plain(_) => {}
        }
        Ok(true)
    }
}
