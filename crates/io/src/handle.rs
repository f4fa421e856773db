//! The owner's end of a worker thread.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use hubbub_core::api::{Command, Request};
use hubbub_core::{WorkerConfig, WorkerCounters};
use rustix::rand::{GetRandomFlags, getrandom};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde::Serialize;

use crate::clock::{Clock, wall_clock_us};
use crate::port::Port;
use crate::queue::{EventQueue, SubmitError};
use crate::send_queue::SendCounters;
use crate::tcp::{TcpCounters, TcpLimits};
use crate::thread::EventLoop;
use crate::waker::Waker;

/// How a worker's thread runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ThreadOptions {
    /// The thread's name; the kernel shows 15 bytes of it.
    pub name: String,
    /// Runs on one core: the n-th of those that the process may use, modulo their number.
    pub pin: Option<usize>,
    /// Takes TCP connections at the port of its UDP socket, so many.
    pub tcp: Option<TcpLimits>,
}

/// What a worker and its thread have done, some 10 ms ago at most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ThreadCounters {
    /// The worker's own.
    pub worker: WorkerCounters,
    /// What the socket was given.
    pub sent: SendCounters,
    /// What became of TCP connections.
    pub tcp: TcpCounters,
    /// Datagrams that were longer than any of WebRTC's, or of another address family.
    pub oversized: u64,
    /// CPU time of the thread, microseconds.
    pub cpu_us: u64,
}

/// Why a worker could not be started.
#[derive(Debug)]
pub enum SpawnError {
    /// The address cannot be bound: taken, not of this machine, or a privileged port.
    Bind(SocketAddr, io::Error),
    /// It can for UDP, but nothing can listen there for TCP.
    Listen(SocketAddr, io::Error),
    /// The system has no thread or file descriptor left.
    System(io::Error),
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bind(address, error) => write!(f, "cannot bind UDP {address}: {error}"),
            Self::Listen(address, error) => write!(f, "cannot listen on TCP {address}: {error}"),
            Self::System(error) => write!(f, "cannot start a worker thread: {error}"),
        }
    }
}

impl std::error::Error for SpawnError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Bind(_, error) | Self::Listen(_, error) | Self::System(error) => Some(error),
        }
    }
}

/// What is put into a worker's queue.
#[derive(Debug)]
pub(crate) enum Message {
    Command(Request, Command),
    Stop,
}

/// What the thread and its owner have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) waker: Waker,
    pub(crate) counters: Mutex<ThreadCounters>,
}

/// The thread of one worker.
#[derive(Debug)]
pub struct WorkerThread;

impl WorkerThread {
    /// Binds `address` and starts a worker on it, whose events go to `events` under `index`. The wall clock and the
    /// seed of `config` are set here.
    ///
    /// # Errors
    /// When the address cannot be bound, or the thread not started.
    pub fn spawn(
        index: usize,
        address: SocketAddr,
        mut config: WorkerConfig,
        options: ThreadOptions,
        events: Arc<EventQueue>,
    ) -> Result<WorkerHandle, SpawnError> {
        let port = Port::bind(address, options.tcp)?;
        let address = port.udp.address();
        let shared = Arc::new(Shared {
            waker: Waker::new().map_err(SpawnError::System)?,
            counters: Mutex::default(),
        });
        let (sender, receiver): (_, Receiver<Message>) = mpsc::channel();
        let clock = Clock::start();
        config.wall_clock_us = wall_clock_us();
        config.seed = seed().map_err(SpawnError::System)?;
        let event_loop = EventLoop::new(
            index,
            port,
            clock,
            config,
            receiver,
            Arc::clone(&shared),
            Arc::clone(&events),
        )
        .map_err(SpawnError::System)?;
        let thread = std::thread::Builder::new()
            .name(options.name)
            .spawn(move || {
                if let Some(core) = options.pin {
                    pin(core);
                }
                event_loop.run();
            })
            .map_err(SpawnError::System)?;
        Ok(WorkerHandle {
            address,
            sender,
            shared,
            events,
            thread: Some(thread),
        })
    }
}

/// A running worker. Dropping it shuts it down.
#[derive(Debug)]
pub struct WorkerHandle {
    address: SocketAddr,
    sender: mpsc::Sender<Message>,
    shared: Arc<Shared>,
    events: Arc<EventQueue>,
    thread: Option<JoinHandle<()>>,
}

impl WorkerHandle {
    /// Where it is bound, with the port that the system chose.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Hands it a command; the reply is an event.
    ///
    /// # Errors
    /// When too many commands are unanswered.
    pub fn submit(&self, request: Request, command: Command) -> Result<(), SubmitError> {
        self.events.admit()?;
        if self
            .sender
            .send(Message::Command(request, command))
            .is_err()
        {
            self.events.withdraw();
            return Err(SubmitError::Stopped);
        }
        self.shared.waker.wake();
        Ok(())
    }

    /// What it has done.
    #[must_use]
    pub fn counters(&self) -> ThreadCounters {
        *self
            .shared
            .counters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Executes the commands that were submitted, then ends the thread and waits for it.
    pub fn shutdown(mut self) {
        self.stop();
    }

    fn stop(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = self.sender.send(Message::Stop);
            self.shared.waker.wake();
            // The thread contains its panics; one that it cannot contain aborts the process.
            let _ = thread.join();
        }
    }
}

impl Drop for WorkerHandle {
    fn drop(&mut self) {
        self.stop();
    }
}

fn seed() -> io::Result<u64> {
    let mut bytes = [0; 8];
    getrandom(&mut bytes, GetRandomFlags::empty())?;
    Ok(u64::from_ne_bytes(bytes))
}

/// Best effort: a thread that may run anywhere works as well.
fn pin(nth: usize) {
    let Ok(allowed) = sched_getaffinity(None) else {
        return;
    };
    let cores: Vec<_> = (0..CpuSet::MAX_CPU)
        .filter(|&core| allowed.is_set(core))
        .collect();
    if let Some(&core) = nth.checked_rem(cores.len()).and_then(|nth| cores.get(nth)) {
        let mut only = CpuSet::new();
        only.set(core);
        let _ = sched_setaffinity(None, &only);
    }
}
