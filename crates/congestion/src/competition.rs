//! Tells flows that fill queues, such as TCP, from a queue of our own.

use crate::constants::competition::{ENTER, LEAVE};
use crate::time::Micros;

/// A queue that stays although we send less is not ours: whoever yields to it starves. While it stays, delay says nothing,
/// and the estimate falls by loss, as TCP's does.
#[derive(Debug, Clone, Default)]
pub(crate) struct Competition {
    competing: bool,
    /// Since when the queue contradicts `competing`.
    since: Option<Micros>,
}

impl Competition {
    /// Notes whether packets wait in long queues. Returns whether others fill them.
    pub(crate) fn update(&mut self, now: Micros, queueing: bool) -> bool {
        if queueing == self.competing {
            self.since = None;
            return self.competing;
        }
        let since = *self.since.get_or_insert(now);
        let time = if self.competing { LEAVE } else { ENTER };
        if now.since(since) >= time {
            self.competing = queueing;
            self.since = None;
        }
        self.competing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_lasting_queue_is_that_of_others() {
        let mut competition = Competition::default();
        assert!(!competition.update(Micros(0), true));
        assert!(!competition.update(Micros(ENTER - 1), true));
        assert!(!competition.update(Micros(ENTER), false), "drained");
        assert!(!competition.update(Micros(ENTER), true));
        assert!(competition.update(Micros(2 * ENTER), true));
        assert!(competition.update(Micros(2 * ENTER), false));
        assert!(!competition.update(Micros(2 * ENTER + LEAVE), false));
    }
}
