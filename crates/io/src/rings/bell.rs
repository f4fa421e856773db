//! Wakes a worker that sleeps, and costs a busy one nothing.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering, fence};

use crate::waker::Waker;

/// The waker of a worker, and whether it may sleep.
///
/// The worker announces that it sleeps, then looks into its rings once more; a writer fills a slot, then looks whether the
/// worker sleeps. A fence between the two steps of each makes sure that one of them sees the other.
#[derive(Debug)]
pub(crate) struct Bell {
    pub(crate) waker: Waker,
    sleeps: AtomicBool,
}

impl Bell {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            waker: Waker::new()?,
            sleeps: AtomicBool::new(false),
        })
    }

    /// Wakes the worker if it may sleep. Call it after filling a slot.
    pub(crate) fn ring(&self) {
        fence(Ordering::SeqCst);
        if self.sleeps.load(Ordering::Relaxed) && self.sleeps.swap(false, Ordering::Relaxed) {
            self.waker.wake();
        }
    }

    /// Announces that the worker sleeps, unless `has_input` says that there is something to do. Returns whether it may.
    pub(crate) fn fall_asleep(&self, has_input: impl FnOnce() -> bool) -> bool {
        self.sleeps.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if has_input() {
            self.wake_up();
            return false;
        }
        true
    }

    /// The worker is awake.
    pub(crate) fn wake_up(&self) {
        self.sleeps.store(false, Ordering::Relaxed);
    }
}
