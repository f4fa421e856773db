//! Starts the thread of a worker.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use hubbub_core::WorkerConfig;
use rustix::rand::{GetRandomFlags, getrandom};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::clock::Clock;
use crate::error::SpawnError;
use crate::event_loop::{EventLoop, Ports};
use crate::event_queue::EventQueue;
use crate::plain::{PlainAddresses, PlainSockets};
use crate::port::Port;
use crate::rings::Rings;
use crate::shared::Shared;
use crate::tcp::TcpLimits;
use crate::worker_handle::WorkerHandle;

/// Options of a worker's thread.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ThreadOptions {
    /// The thread's name; the kernel keeps its first 15 bytes.
    pub name: String,
    /// Pins the thread to one core: index `n` modulo the number of cores that the process may use.
    pub pin: Option<usize>,
    /// Accepts TCP connections on the port of the UDP socket, within these limits.
    pub tcp: Option<TcpLimits>,
    /// Accepts plain transports, with ports of these addresses.
    pub plain: Option<PlainAddresses>,
}

/// The thread of one worker.
#[derive(Debug)]
pub struct WorkerThread;

impl WorkerThread {
    /// Binds `address` and starts a worker on it. Its events go to `events` with `index` as the worker, and `rings` are those
    /// of this index. `clock` is that of all workers of the process. The wall clock and the seed of `config` are set here.
    ///
    /// # Errors
    /// When the address cannot be bound or the thread cannot be started.
    pub fn spawn(
        index: usize,
        address: SocketAddr,
        mut config: WorkerConfig,
        options: ThreadOptions,
        rings: Rings,
        clock: Clock,
        events: Arc<EventQueue>,
    ) -> Result<WorkerHandle, SpawnError> {
        let port = Port::bind(address, options.tcp)?;
        let address = port.udp.address();
        let shared = Arc::new(Shared {
            bell: Arc::clone(&rings.bell),
            counters: Mutex::default(),
        });
        let (sender, receiver) = mpsc::channel();
        config.wall_clock_us = clock.started_us();
        config.seed = seed().map_err(SpawnError::System)?;
        let event_loop = EventLoop::new(
            index,
            Ports {
                port,
                plain: PlainSockets::new(options.plain),
                rings,
            },
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
        Ok(WorkerHandle::new(address, sender, shared, events, thread))
    }
}

fn seed() -> io::Result<u64> {
    let mut bytes = [0; 8];
    getrandom(&mut bytes, GetRandomFlags::empty())?;
    Ok(u64::from_ne_bytes(bytes))
}

/// Pins the calling thread. Best effort: an unpinned thread works as well.
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
