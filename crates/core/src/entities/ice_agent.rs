//! The ICE-lite agent of one transport (RFC 8445 section 2.5): always controlled, sends no connectivity checks.
//!
//! A pair of a local and a remote address is *valid* after a binding request with valid integrity arrived over it. One
//! of the valid pairs is *selected*:
//!
//! | request                                        | selected pair                        |
//! |------------------------------------------------|--------------------------------------|
//! | USE-CANDIDATE, current ufrag                   | that of the request                  |
//! | USE-CANDIDATE, former ufrag                    | that of the request, if none was     |
//! | without USE-CANDIDATE                          | that of the request, if none was     |
//! | none over the selected pair for 6 s            | that of the most recent request      |
//!
//! A pair belongs to one transport at a time. While it is *in use*, no other transport takes it: a client could
//! otherwise take the pair of another by one request with a spoofed source address. TURN relays and NATs reuse ports, so
//! a pair whose client is silent goes to the transport that authenticates over it next. If the former owner's client
//! sends a request over it before the new owner's client has sent SRTP, the pair goes back at once.

use hubbub_wire::stun::IceKey;

use super::keys::TransportKey;
use crate::api::{IceCredentials, IceState, Micros, Path};

/// Valid pairs of a transport. A new pair evicts the one whose last request is oldest.
pub(crate) const MAX_PAIRS: usize = 16;

/// Time without authentic packets after which another transport may take a pair. A client that receives video sends
/// feedback several times a second.
const IN_USE_US: u64 = 1_500_000;

/// The same for a pair that its owner took back: longer than the 2.5 s between two checks of a client that only receives
/// audio, so that it is not taken again.
const RETAKEN_IN_USE_US: u64 = 10_000_000;

/// Time without requests after which another pair replaces the selected one. Chrome sends a request every 2.5 s.
const SELECTED_SILENCE_US: u64 = 6_000_000;

/// Time without authentic packets after which the client is disconnected. A client that only receives audio sends a request
/// every 2.5 s (Chrome) to 6 s (RFC 7675 section 5.1).
const DISCONNECTED_SILENCE_US: u64 = 8_000_000;

#[derive(Debug, Clone, Copy)]
struct ValidPair {
    path: Path,
    last_request: Micros,
    /// When the last authentic packet arrived: a request, SRTP or SRTCP. The worker cannot authenticate DTLS.
    last_authentic: Micros,
    /// Time without authentic packets after which another transport may take the pair.
    in_use_us: u64,
    /// The transport that had the pair before. `None` once SRTP or SRTCP has confirmed that the client uses it.
    taken_from: Option<TransportKey>,
}

impl ValidPair {
    const fn new(now: Micros, path: Path) -> Self {
        Self {
            path,
            last_request: now,
            last_authentic: now,
            in_use_us: IN_USE_US,
            taken_from: None,
        }
    }
}

/// A local ufrag and the key derived from its password.
#[derive(Debug)]
struct Credentials {
    ufrag: String,
    key: IceKey,
}

impl From<IceCredentials> for Credentials {
    fn from(credentials: IceCredentials) -> Self {
        Self {
            key: IceKey::new(&credentials.pwd),
            ufrag: credentials.ufrag,
        }
    }
}

/// The changes that a valid binding request made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct BindingOutcome {
    /// Another pair is selected.
    pub(crate) selected: bool,
    /// This pair was evicted and is no longer valid.
    pub(crate) evicted: Option<Path>,
    /// The client uses the new credentials, so this former ufrag is no longer valid.
    pub(crate) retired_ufrag: Option<String>,
}

/// The credentials, the valid pairs and the selected pair. Its fields are in this order in memory: see `Transport`.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct IceAgent {
    last_request: Option<Micros>,
    /// Before, silence changes nothing.
    next_check: Micros,
    is_disconnected: bool,
    selected: Option<Path>,
    pairs: Vec<ValidPair>,
    current: Credentials,
    former: Option<Credentials>,
}

impl IceAgent {
    pub(crate) fn new(credentials: IceCredentials) -> Self {
        Self {
            current: credentials.into(),
            former: None,
            pairs: Vec::new(),
            selected: None,
            last_request: None,
            is_disconnected: false,
            next_check: Micros(0),
        }
    }

    /// The MESSAGE-INTEGRITY key for a local ufrag.
    pub(crate) fn key(&self, ufrag: &str) -> Option<&IceKey> {
        std::iter::once(&self.current)
            .chain(&self.former)
            .find(|known| known.ufrag == ufrag)
            .map(|known| &known.key)
    }

    /// The valid local ufrags: the current one, and the former one until the current one is used.
    pub(crate) fn ufrags(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.current.ufrag.as_str())
            .chain(self.former.as_ref().map(|former| former.ufrag.as_str()))
    }

    /// Restarts ICE with new credentials (RFC 8445 section 9). Credentials in use stay valid until the new ones are
    /// used. Returns the ufrag of replaced credentials that were never used; it is no longer valid.
    pub(crate) fn restart(&mut self, credentials: IceCredentials) -> Option<String> {
        let replaced = std::mem::replace(&mut self.current, credentials.into());
        if self.former.is_some() {
            return Some(replaced.ufrag);
        }
        self.former = Some(replaced);
        None
    }

    /// Handles a binding request with valid integrity for `ufrag` that arrived over `path`.
    pub(crate) fn on_binding_request(
        &mut self,
        now: Micros,
        path: Path,
        ufrag: &str,
        use_candidate: bool,
    ) -> BindingOutcome {
        self.last_request = Some(now);
        self.next_check = now;
        let is_current = ufrag == self.current.ufrag;
        let mut outcome = BindingOutcome::default();
        if is_current {
            outcome.retired_ufrag = self.former.take().map(|former| former.ufrag);
        }
        if let Some(known) = self.pair_mut(path) {
            known.last_request = now;
            known.last_authentic = now;
        } else {
            if self.pairs.len() >= MAX_PAIRS {
                outcome.evicted = self.evict();
            }
            self.pairs.push(ValidPair::new(now, path));
        }
        let selects = (use_candidate && is_current) || self.selected.is_none();
        if selects && self.selected != Some(path) {
            self.selected = Some(path);
            outcome.selected = true;
        }
        outcome
    }

    /// Records that an authentic SRTP or SRTCP packet arrived over `path`.
    pub(crate) fn on_authentic_packet(&mut self, now: Micros, path: Path) {
        if let Some(known) = self.pair_mut(path) {
            known.last_authentic = now;
            known.taken_from = None;
        }
        if self.is_disconnected {
            self.next_check = now;
        }
    }

    /// Whether another transport, `other`, may take this pair: its client is silent, or it took the pair from `other` and
    /// has sent nothing but requests over it.
    pub(crate) fn gives_way(&self, now: Micros, path: Path, other: TransportKey) -> bool {
        self.pair(path).is_none_or(|known| {
            now.since(known.last_authentic) >= known.in_use_us || known.taken_from == Some(other)
        })
    }

    /// The transport from which this one took the pair, while nothing but requests has confirmed that.
    pub(crate) fn taken_from(&self, path: Path) -> Option<TransportKey> {
        self.pair(path)?.taken_from
    }

    /// Records that this transport took the pair from another.
    pub(crate) fn on_taken(&mut self, path: Path, from: TransportKey) {
        if let Some(known) = self.pair_mut(path) {
            known.taken_from = Some(from);
        }
    }

    /// Records that this transport took its own pair back.
    pub(crate) fn on_retaken(&mut self, path: Path) {
        if let Some(known) = self.pair_mut(path) {
            known.in_use_us = RETAKEN_IN_USE_US;
        }
    }

    fn pair(&self, path: Path) -> Option<&ValidPair> {
        self.pairs.iter().find(|known| known.path == path)
    }

    fn pair_mut(&mut self, path: Path) -> Option<&mut ValidPair> {
        self.pairs.iter_mut().find(|known| known.path == path)
    }

    fn evict(&mut self) -> Option<Path> {
        let oldest = self
            .pairs
            .iter()
            .enumerate()
            .filter(|(_, known)| Some(known.path) != self.selected)
            .min_by_key(|(_, known)| known.last_request)
            .map(|(index, _)| index)?;
        Some(self.pairs.swap_remove(oldest).path)
    }

    /// Removes a pair that belongs to another transport now or whose connection has ended. Returns whether another pair
    /// was selected in its place.
    pub(crate) fn remove_pair(&mut self, path: Path) -> bool {
        self.pairs.retain(|known| known.path != path);
        self.next_check = Micros(0);
        if self.selected != Some(path) {
            return false;
        }
        self.selected = self.most_recent().map(|known| known.path);
        self.selected.is_some()
    }

    /// Checks for silence. Returns the pair that was selected before, if another one is now, or if the connection was lost or
    /// came back since the last check.
    pub(crate) fn tick(&mut self, now: Micros) -> Option<Path> {
        if now < self.next_check {
            return None;
        }
        let former = self.selected;
        // Both checks run: a client may be silent and have another pair.
        let is_changed = self.reselect(now) | self.check_silence(now);
        self.next_check = self.next_silence(now);
        former.filter(|_| is_changed)
    }

    /// When a pair or the client may next become silent. What ends a silence sets `next_check`.
    fn next_silence(&self, now: Micros) -> Micros {
        let selected = self.selected.and_then(|path| self.pair(path));
        let requests = selected.map(|known| known.last_request.plus(SELECTED_SILENCE_US));
        let packets = self.last_authentic();
        let packets = packets.map(|at| at.plus(DISCONNECTED_SILENCE_US));
        let ends = [requests, packets].into_iter().flatten();
        // Silence is longer than that.
        ends.map(|end| end.plus(1))
            .filter(|end| *end > now)
            .min()
            .unwrap_or(Micros::NEVER)
    }

    /// Replaces a silent selected pair by one with recent requests. Returns whether it did.
    fn reselect(&mut self, now: Micros) -> bool {
        let Some(selected) = self.selected else {
            return false;
        };
        let is_silent = |known: &ValidPair| now.since(known.last_request) > SELECTED_SILENCE_US;
        if !self
            .pairs
            .iter()
            .any(|known| known.path == selected && is_silent(known))
        {
            return false;
        }
        match self.most_recent() {
            Some(other) if !is_silent(&other) => {
                self.selected = Some(other.path);
                true
            }
            _ => false,
        }
    }

    fn most_recent(&self) -> Option<ValidPair> {
        self.pairs
            .iter()
            .max_by_key(|known| known.last_request)
            .copied()
    }

    /// Checks whether the client is silent. Returns whether its connection was lost or came back since the last check.
    fn check_silence(&mut self, now: Micros) -> bool {
        let is_silent = self
            .last_authentic()
            .is_some_and(|at| now.since(at) > DISCONNECTED_SILENCE_US);
        std::mem::replace(&mut self.is_disconnected, is_silent) != is_silent
    }

    fn last_authentic(&self) -> Option<Micros> {
        self.pairs.iter().map(|known| known.last_authentic).max()
    }

    /// The state as of the last check.
    pub(crate) const fn state(&self) -> IceState {
        match self.selected {
            None => IceState::New,
            Some(_) if self.is_disconnected => IceState::Disconnected,
            Some(_) => IceState::Connected,
        }
    }

    /// The pair that the transport sends over.
    pub(crate) fn selected(&self) -> Option<Path> {
        self.selected
    }

    /// When the last valid request arrived; `None` before the first.
    pub(crate) fn last_request(&self) -> Option<Micros> {
        self.last_request
    }

    /// All valid pairs.
    pub(crate) fn paths(&self) -> impl Iterator<Item = Path> {
        self.pairs.iter().map(|known| known.path)
    }
}

#[cfg(test)]
mod tests;
