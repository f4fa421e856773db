//! The ICE-lite agent of one transport (RFC 8445 section 2.5): always controlled, never sends a check of its own.
//!
//! A pair of our and the client's address is *valid* once a binding request with good integrity came over it, and one
//! of them is *selected*:
//!
//! | request came with                              | selected becomes                     |
//! |------------------------------------------------|--------------------------------------|
//! | USE-CANDIDATE, current ufrag                   | its pair                             |
//! | USE-CANDIDATE, former ufrag                    | its pair, unless one is selected     |
//! | neither                                        | its pair, unless one is selected     |
//! | (none over the selected pair for 6 s)          | the pair heard most recently         |

use hubbub_wire::stun::IceKey;

use crate::api::{IceCredentials, Micros, Path};

/// Valid pairs that a transport may have at a time; the one not heard for longest makes room.
pub(crate) const MAX_PAIRS: usize = 16;

/// Silence of the selected pair after which another one that is heard takes over (Chrome checks each 2.5 s).
const SELECTED_SILENCE_US: u64 = 6_000_000;

#[derive(Debug, Clone, Copy)]
struct ValidPair {
    path: Path,
    heard: Micros,
}

/// A ufrag of ours with its password made ready.
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

/// What an authenticated request changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Heard {
    /// The selected pair is another one now.
    pub(crate) selected: bool,
    /// This pair made room and is not valid any more.
    pub(crate) evicted: Option<Path>,
    /// The client uses the new credentials: this ufrag is void.
    pub(crate) retired_ufrag: Option<String>,
}

/// Credentials, valid pairs and the selected one.
#[derive(Debug)]
pub(crate) struct IceAgent {
    current: Credentials,
    former: Option<Credentials>,
    pairs: Vec<ValidPair>,
    selected: Option<Path>,
    heard: Option<Micros>,
}

impl IceAgent {
    pub(crate) fn new(credentials: IceCredentials) -> Self {
        Self {
            current: credentials.into(),
            former: None,
            pairs: Vec::new(),
            selected: None,
            heard: None,
        }
    }

    /// The key of MESSAGE-INTEGRITY for a ufrag of ours.
    pub(crate) fn key(&self, ufrag: &str) -> Option<&IceKey> {
        std::iter::once(&self.current)
            .chain(&self.former)
            .find(|known| known.ufrag == ufrag)
            .map(|known| &known.key)
    }

    /// Our ufrags: the current one, and the former while it is alive.
    pub(crate) fn ufrags(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.current.ufrag.as_str())
            .chain(self.former.as_ref().map(|former| former.ufrag.as_str()))
    }

    /// New credentials (RFC 8445 section 9). The ones in use stay alive until the new ones are used; ones that were
    /// replaced before anybody used them are void, and their ufrag is returned.
    pub(crate) fn restart(&mut self, credentials: IceCredentials) -> Option<String> {
        let replaced = std::mem::replace(&mut self.current, credentials.into());
        if self.former.is_some() {
            return Some(replaced.ufrag);
        }
        self.former = Some(replaced);
        None
    }

    /// A binding request for `ufrag` with good integrity came over `path`.
    pub(crate) fn heard(
        &mut self,
        now: Micros,
        path: Path,
        ufrag: &str,
        use_candidate: bool,
    ) -> Heard {
        self.heard = Some(now);
        let is_current = ufrag == self.current.ufrag;
        let mut outcome = Heard::default();
        if is_current {
            outcome.retired_ufrag = self.former.take().map(|former| former.ufrag);
        }
        if let Some(known) = self.pairs.iter_mut().find(|known| known.path == path) {
            known.heard = now;
        } else {
            if self.pairs.len() >= MAX_PAIRS {
                outcome.evicted = self.evict();
            }
            self.pairs.push(ValidPair { path, heard: now });
        }
        let selects = (use_candidate && is_current) || self.selected.is_none();
        if selects && self.selected != Some(path) {
            self.selected = Some(path);
            outcome.selected = true;
        }
        outcome
    }

    fn evict(&mut self) -> Option<Path> {
        let oldest = self
            .pairs
            .iter()
            .enumerate()
            .filter(|(_, known)| Some(known.path) != self.selected)
            .min_by_key(|(_, known)| known.heard)
            .map(|(place, _)| place)?;
        Some(self.pairs.swap_remove(oldest).path)
    }

    /// The pair belongs to another transport now, or its connection has ended. True when another one of ours became the
    /// selected one.
    pub(crate) fn lose(&mut self, path: Path) -> bool {
        self.pairs.retain(|known| known.path != path);
        if self.selected != Some(path) {
            return false;
        }
        self.selected = self.freshest().map(|known| known.path);
        self.selected.is_some()
    }

    /// Leaves a selected pair that has fallen silent for one that is heard; true when it did.
    pub(crate) fn reselect(&mut self, now: Micros) -> bool {
        let Some(selected) = self.selected else {
            return false;
        };
        let silent = |known: &ValidPair| now.since(known.heard) > SELECTED_SILENCE_US;
        if !self
            .pairs
            .iter()
            .any(|known| known.path == selected && silent(known))
        {
            return false;
        }
        match self.freshest() {
            Some(other) if !silent(&other) => {
                self.selected = Some(other.path);
                true
            }
            _ => false,
        }
    }

    fn freshest(&self) -> Option<ValidPair> {
        self.pairs.iter().max_by_key(|known| known.heard).copied()
    }

    /// What we send over.
    pub(crate) fn selected(&self) -> Option<Path> {
        self.selected
    }

    /// When the last good request came; `None` before the first.
    pub(crate) fn last_heard(&self) -> Option<Micros> {
        self.heard
    }

    /// Every valid pair.
    pub(crate) fn paths(&self) -> impl Iterator<Item = Path> {
        self.pairs.iter().map(|known| known.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(ufrag: &str) -> IceCredentials {
        IceCredentials {
            ufrag: ufrag.into(),
            pwd: format!("pwd of {ufrag}"),
        }
    }

    fn path(port: u16) -> Path {
        Path::udp([127, 0, 0, 1].into(), ([127, 0, 0, 1], port).into())
    }

    const fn second(n: u64) -> Micros {
        Micros(n * 1_000_000)
    }

    #[test]
    fn the_first_valid_pair_is_selected_and_use_candidate_moves_it() {
        let mut agent = IceAgent::new(credentials("a"));
        assert!(agent.heard(second(0), path(1), "a", false).selected);
        assert!(!agent.heard(second(0), path(2), "a", false).selected);
        assert_eq!(agent.selected(), Some(path(1)));
        assert!(agent.heard(second(1), path(2), "a", true).selected);
        assert_eq!(agent.selected(), Some(path(2)));
    }

    #[test]
    fn a_restart_keeps_the_former_ufrag_until_the_new_one_is_used() {
        let mut agent = IceAgent::new(credentials("a"));
        agent.heard(second(0), path(1), "a", true);
        assert_eq!(agent.restart(credentials("b")), None);
        assert!(agent.key("a").is_some() && agent.key("b").is_some());
        assert_eq!(
            agent.heard(second(1), path(1), "a", true).retired_ufrag,
            None
        );
        let outcome = agent.heard(second(2), path(2), "b", true);
        assert_eq!(
            (outcome.selected, outcome.retired_ufrag.as_deref()),
            (true, Some("a"))
        );
        assert!(agent.key("a").is_none());
    }

    #[test]
    fn a_second_restart_voids_the_unused_credentials_and_not_those_in_use() {
        let mut agent = IceAgent::new(credentials("a"));
        agent.restart(credentials("b"));
        assert_eq!(agent.restart(credentials("c")).as_deref(), Some("b"));
        assert_eq!(agent.ufrags().collect::<Vec<_>>(), ["c", "a"]);
    }

    #[test]
    fn pairs_are_capped_and_the_selected_one_stays() {
        let mut agent = IceAgent::new(credentials("a"));
        agent.heard(second(0), path(1), "a", true);
        let evicted: Vec<_> = (2..100)
            .filter_map(|port| {
                agent
                    .heard(second(u64::from(port)), path(port), "a", false)
                    .evicted
            })
            .collect();
        assert_eq!(agent.paths().count(), MAX_PAIRS);
        assert_eq!(evicted.len(), 99 - MAX_PAIRS);
        assert_eq!(evicted[0], path(2));
        assert_eq!(agent.selected(), Some(path(1)));
    }

    #[test]
    fn a_silent_selected_pair_is_left_for_one_that_is_heard() {
        let mut agent = IceAgent::new(credentials("a"));
        agent.heard(second(0), path(1), "a", true);
        agent.heard(second(5), path(2), "a", false);
        assert!(!agent.reselect(second(6)));
        assert!(agent.reselect(second(7)));
        assert_eq!(agent.selected(), Some(path(2)));
    }

    #[test]
    fn a_lost_pair_is_replaced_by_the_freshest() {
        let mut agent = IceAgent::new(credentials("a"));
        agent.heard(second(0), path(1), "a", true);
        agent.heard(second(1), path(2), "a", false);
        assert!(agent.lose(path(1)));
        assert_eq!(agent.selected(), Some(path(2)));
        assert!(!agent.lose(path(2)));
        assert_eq!(agent.selected(), None);
    }
}
