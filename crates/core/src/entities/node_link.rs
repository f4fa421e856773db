//! The state of a link to another node: SRTP over UDP between the ports of two workers.
//!
//! Each side sends connectivity checks (RFC 8445 section 7.2) and answers those of the other. Over one way or two: directly,
//! and by a third node that relays the link while the direct way is cut.
//!
//! | a way is | when                                                                              |
//! |----------|-----------------------------------------------------------------------------------|
//! | open     | in the last 3 s the other side has sent a check over it, and has answered one     |
//!
//! | the link is  | when                                        | media goes                                |
//! |--------------|---------------------------------------------|-------------------------------------------|
//! | connected    | a way is open                               | directly if that is open, else by relay   |
//! | new          | it has not been connected, for 3 s at most  | nowhere                                   |
//! | disconnected | otherwise                                   | nowhere                                   |
//!
//! So one check serves as connectivity check, keepalive and consent (RFC 7675) for both directions. Media is sent to where the
//! newest check of its way came from.
//!
//! The checks of a side are numbered for each way, in their transaction ids, and a number counts once: a datagram that a stranger
//! repeats changes nothing, wherever it comes from. The highest bit of a number says which way it went.
//!
//! Many links share the two ports. A packet follows the receiver's [`ConnectionId`], by which it finds its transport.

use hubbub_wire::WireError;
use hubbub_wire::stun::{BindingRequest, IceKey, IceRole, TransactionId};

use super::checked_way::{CheckedWay, SILENCE_US};
use super::event_queue::LatestEvent;
use crate::api::{IceCredentials, IceState, Micros, Path};
use crate::send::ConnectionId;

/// The priority of the only candidate (RFC 8445 section 5.1.2.1): a host candidate.
const PRIORITY: u32 = 126 << 24 | 65_535 << 8 | 255;
/// In the number of a check that goes by a relay.
const RELAYED: u64 = 1 << 63;

/// The state of a link to another node.
#[derive(Debug)]
pub(crate) struct NodeLink {
    /// Our ufrag, and the key of our password.
    pub(crate) ufrag: String,
    pub(crate) key: IceKey,
    /// Of what we receive, and of what we send.
    pub(crate) id: ConnectionId,
    pub(crate) remote_id: ConnectionId,
    remote_key: IceKey,
    /// The USERNAME of our checks.
    username: String,
    direct: CheckedWay,
    relayed: Option<CheckedWay>,
    created: Micros,
    state: IceState,
    /// The last `IceSelected` event.
    pub(crate) event: LatestEvent,
}

impl NodeLink {
    pub(crate) fn new(
        now: Micros,
        ice: IceCredentials,
        remote: &IceCredentials,
        target: Path,
    ) -> Self {
        Self {
            id: ConnectionId::of(&ice.ufrag),
            remote_id: ConnectionId::of(&remote.ufrag),
            key: IceKey::new(&ice.pwd),
            remote_key: IceKey::new(&remote.pwd),
            username: format!("{}:{}", remote.ufrag, ice.ufrag),
            ufrag: ice.ufrag,
            direct: CheckedWay::new(target),
            relayed: None,
            created: now,
            state: IceState::New,
            event: LatestEvent::default(),
        }
    }

    /// Where the other worker receives.
    pub(crate) const fn target(&self) -> Path {
        self.direct.target
    }

    /// The key of an answer, which has the other side's password.
    pub(crate) const fn answer_key(&self) -> &IceKey {
        &self.remote_key
    }

    /// Sets the address of the node that relays the link, from which and to which checks go as well; `None`: no node does.
    pub(crate) fn set_relay(&mut self, target: Option<Path>) {
        if self.relayed.as_ref().map(|way| way.target) != target {
            self.relayed = target.map(CheckedWay::new);
        }
    }

    /// Whether a check is to be sent directly, and by the relay.
    pub(crate) fn due_checks(&self, now: Micros) -> [bool; 2] {
        let is_relayed = |way: &CheckedWay| way.is_check_due(now);
        [
            self.direct.is_check_due(now),
            self.relayed.as_ref().is_some_and(is_relayed),
        ]
    }

    /// Writes the next check. Returns its length, and where it goes; without a relay, nothing goes by it.
    ///
    /// # Errors
    /// [`WireError::BufferTooSmall`].
    pub(crate) fn write_check(
        &mut self,
        now: Micros,
        by_relay: bool,
        buffer: &mut [u8],
    ) -> Result<Option<(usize, Path)>, WireError> {
        let (way, mark) = match &mut self.relayed {
            Some(way) if by_relay => (way, RELAYED),
            None if by_relay => return Ok(None),
            _ => (&mut self.direct, 0),
        };
        let (number, target) = (way.next_number(now) | mark, way.target);
        let request = BindingRequest {
            transaction_id: self.transaction(number),
            username: &self.username,
            priority: PRIORITY,
            use_candidate: true,
            role: IceRole::Controlling(0),
        };
        let len = request.write(buffer, &self.remote_key)?;
        Ok(Some((len, target)))
    }

    fn transaction(&self, number: u64) -> TransactionId {
        let mut id = TransactionId::default();
        let (link, rest) = id.split_at_mut(self.id.0.len());
        link.copy_from_slice(&self.id.0);
        rest.copy_from_slice(&number.to_be_bytes());
        id
    }

    /// The way of a check, and its number there; `None` if it went by a relay that the link does not have.
    fn way(&mut self, id: &TransactionId) -> Option<(&mut CheckedWay, u64)> {
        let number = id.last_chunk().copied().map_or(0, u64::from_be_bytes);
        let way = if number & RELAYED == 0 {
            &mut self.direct
        } else {
            self.relayed.as_mut()?
        };
        Some((way, number & !RELAYED))
    }

    /// Notes an authentic check of the other side, which arrived over `path`. Returns false if it is not newer than those
    /// before.
    pub(crate) fn on_check(&mut self, now: Micros, path: Path, id: &TransactionId) -> bool {
        self.way(id)
            .is_some_and(|(way, number)| way.on_check(now, path, number))
    }

    /// Notes an authentic answer to a check of ours. Returns the time that it took, microseconds; `None` if that check is not
    /// one of the last, or it or a newer one was answered before.
    pub(crate) fn on_answer(&mut self, now: Micros, id: &TransactionId) -> Option<u64> {
        self.way(id)
            .and_then(|(way, number)| way.on_answer(now, number))
    }

    /// Updates the state. Returns where media is sent now.
    pub(crate) fn update(&mut self, now: Micros) -> Option<Path> {
        let relayed = self.relayed.as_ref().and_then(|way| way.path(now));
        let path = self.direct.path(now).or(relayed);
        self.state = match self.state {
            _ if path.is_some() => IceState::Connected,
            // A way may have been cut before the link was made.
            IceState::New if now.since(self.created) <= SILENCE_US => IceState::New,
            _ => IceState::Disconnected,
        };
        path
    }

    /// The state at the last update.
    pub(crate) const fn state(&self) -> IceState {
        self.state
    }
}
