//! The state of a link to another node: SRTP over UDP between the ports of two workers.
//!
//! Each side sends connectivity checks (RFC 8445 section 7.2) and answers those of the other:
//!
//! | the link is  | when                                                                          |
//! |--------------|-------------------------------------------------------------------------------|
//! | connected    | in the last 3 s the other side has sent a check, and has answered one         |
//! | new          | it has not been connected, for 3 s at most                                    |
//! | disconnected | otherwise                                                                     |
//!
//! So one check serves as connectivity check, keepalive and consent (RFC 7675) for both directions. Media is sent while the
//! link is connected, to where the newest check came from.
//!
//! The checks of a side are numbered, in their transaction ids, and a number counts once: a datagram that a stranger repeats
//! changes nothing, wherever it comes from.
//!
//! Many links share the two ports. A packet follows the receiver's [`ConnectionId`], by which it finds its transport.

use hubbub_wire::WireError;
use hubbub_wire::stun::{BindingRequest, IceKey, IceRole, TransactionId};

use super::event_queue::LatestEvent;
use crate::api::{IceCredentials, IceState, Micros, Path};
use crate::send::ConnectionId;

/// Until the next check, after one was sent and after one was answered, microseconds.
const REPEAT_US: u64 = 200_000;
const INTERVAL_US: u64 = 1_000_000;
/// Checks that may still be answered: more than are sent until the link is disconnected.
const KEPT: usize = 16;
/// Without a check of the other side, or without its answer, the link is disconnected after this time, microseconds. That applies
/// to a new link, too: the way may have been cut before.
const SILENCE_US: u64 = 3_000_000;
/// The priority of the only candidate (RFC 8445 section 5.1.2.1): a host candidate.
const PRIORITY: u32 = 126 << 24 | 65_535 << 8 | 255;

/// A numbered check, and when it was received or answered.
#[derive(Debug, Clone, Copy, Default)]
struct Newest {
    number: u64,
    at: Option<Micros>,
}

impl Newest {
    /// Notes a check unless it, or a newer one, was noted before. Returns whether it did.
    fn advance(&mut self, now: Micros, number: u64) -> bool {
        let is_new = number > self.number;
        if is_new {
            *self = Self {
                number,
                at: Some(now),
            };
        }
        is_new
    }

    fn is_recent(&self, now: Micros) -> bool {
        self.at.is_some_and(|at| now.since(at) <= SILENCE_US)
    }
}

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
    /// Where our checks go.
    pub(crate) target: Path,
    /// Where the other side's newest check came from.
    source: Option<Path>,
    received: Newest,
    answered: Newest,
    /// The number of our last check, and when it and those before were sent.
    sent: u64,
    sent_at: [Micros; KEPT],
    next_check: Micros,
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
            target,
            source: None,
            received: Newest::default(),
            answered: Newest::default(),
            sent: 0,
            sent_at: [Micros(0); KEPT],
            next_check: Micros(0),
            created: now,
            state: IceState::New,
            event: LatestEvent::default(),
        }
    }

    /// The key of an answer, which has the other side's password.
    pub(crate) const fn answer_key(&self) -> &IceKey {
        &self.remote_key
    }

    pub(crate) fn is_check_due(&self, now: Micros) -> bool {
        self.next_check <= now
    }

    /// Writes the next check. Returns its length.
    ///
    /// # Errors
    /// [`WireError::BufferTooSmall`].
    pub(crate) fn write_check(
        &mut self,
        now: Micros,
        buffer: &mut [u8],
    ) -> Result<usize, WireError> {
        self.sent += 1;
        if let Some(sent_at) = self.sent_at.get_mut(slot(self.sent)) {
            *sent_at = now;
        }
        self.next_check = now.plus(REPEAT_US);
        BindingRequest {
            transaction_id: self.transaction(self.sent),
            username: &self.username,
            priority: PRIORITY,
            use_candidate: true,
            role: IceRole::Controlling(0),
        }
        .write(buffer, &self.remote_key)
    }

    fn transaction(&self, number: u64) -> TransactionId {
        let mut id = TransactionId::default();
        let (link, rest) = id.split_at_mut(self.id.0.len());
        link.copy_from_slice(&self.id.0);
        rest.copy_from_slice(&number.to_be_bytes());
        id
    }

    /// Notes an authentic check of the other side, which arrived over `path`. Returns false if it is not newer than those
    /// before.
    pub(crate) fn on_check(&mut self, now: Micros, path: Path, id: &TransactionId) -> bool {
        if self.source.is_none() {
            // The other side is there, so it answers now.
            self.next_check = now;
        }
        let is_new = self.received.advance(now, number(id));
        if is_new {
            self.source = Some(path);
        }
        is_new
    }

    /// Notes an authentic answer to a check of ours. Returns the time that it took, microseconds; `None` if that check is not
    /// one of the last, or it or a newer one was answered before.
    pub(crate) fn on_answer(&mut self, now: Micros, id: &TransactionId) -> Option<u64> {
        let number = number(id);
        let age = self.sent.checked_sub(number)?;
        if age >= KEPT as u64 || !self.answered.advance(now, number) {
            return None;
        }
        let sent_at = self.sent_at.get(slot(number))?;
        self.next_check = sent_at.plus(INTERVAL_US);
        Some(now.since(*sent_at))
    }

    /// Updates the state. Returns where media is sent now.
    pub(crate) fn update(&mut self, now: Micros) -> Option<Path> {
        let is_up = self.received.is_recent(now) && self.answered.is_recent(now);
        self.state = match self.state {
            _ if is_up => IceState::Connected,
            IceState::New if now.since(self.created) <= SILENCE_US => IceState::New,
            _ => IceState::Disconnected,
        };
        self.source.filter(|_| is_up)
    }

    /// The state at the last update.
    pub(crate) const fn state(&self) -> IceState {
        self.state
    }
}

/// Where it is kept when a check was sent.
const fn slot(number: u64) -> usize {
    (number % KEPT as u64) as usize
}

/// The number of a check.
fn number(id: &TransactionId) -> u64 {
    id.last_chunk().copied().map_or(0, u64::from_be_bytes)
}
