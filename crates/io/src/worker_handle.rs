//! The owner's handle of a worker thread.

use std::net::SocketAddr;
use std::sync::mpsc::Sender;
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;

use hubbub_core::api::{Command, RequestId};

use crate::error::SubmitError;
use crate::event_queue::EventQueue;
use crate::shared::{Shared, ThreadCounters, ThreadMessage};

/// A running worker. Dropping the handle shuts the worker down.
#[derive(Debug)]
pub struct WorkerHandle {
    address: SocketAddr,
    sender: Sender<ThreadMessage>,
    shared: Arc<Shared>,
    events: Arc<EventQueue>,
    thread: Option<JoinHandle<()>>,
}

impl WorkerHandle {
    pub(crate) fn new(
        address: SocketAddr,
        sender: Sender<ThreadMessage>,
        shared: Arc<Shared>,
        events: Arc<EventQueue>,
        thread: JoinHandle<()>,
    ) -> Self {
        Self {
            address,
            sender,
            shared,
            events,
            thread: Some(thread),
        }
    }

    /// The bound address, with the port that the system chose.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Submits a command. Its reply is an event with the same `request`.
    ///
    /// # Errors
    /// [`SubmitError::Busy`] when too many commands have no reply yet, [`SubmitError::Stopped`] when the thread ended.
    pub fn submit(&self, request: RequestId, command: Command) -> Result<(), SubmitError> {
        self.events.admit()?;
        if self
            .sender
            .send(ThreadMessage::Command(request, command))
            .is_err()
        {
            self.events.withdraw();
            return Err(SubmitError::Stopped);
        }
        self.shared.bell.waker.wake();
        Ok(())
    }

    /// The counters that the thread published last.
    #[must_use]
    pub fn counters(&self) -> ThreadCounters {
        *self
            .shared
            .counters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Executes the submitted commands, then ends the thread and joins it.
    pub fn shutdown(mut self) {
        self.stop();
    }

    fn stop(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = self.sender.send(ThreadMessage::Stop);
            self.shared.bell.waker.wake();
            // The thread catches its panics; one that it cannot recover from aborts the process.
            let _ = thread.join();
        }
    }
}

impl Drop for WorkerHandle {
    fn drop(&mut self) {
        self.stop();
    }
}
