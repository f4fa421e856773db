//! The workers of a process, as one Python object.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::{Arc, PoisonError, RwLock};

use hubbub_core::WorkerConfig;
use hubbub_core::api::RequestId;
use hubbub_io::{
    EventQueue, SpawnError, SubmitError, TcpLimits, ThreadOptions, WorkerHandle, WorkerThread,
};
use pyo3::exceptions::{PyBlockingIOError, PyIndexError, PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::convert;

/// One worker thread per port, and their events in one queue.
///
/// Binds each (IP address, port) and starts a worker on it; port 0 lets the system choose, and `::` is every address of
/// both families. With `tcp`, each port takes TCP connections too (RFC 6544). Times are seconds, the
/// bitrate bit/s for one client (none: no limit). `pin` gives each worker a core.
///
/// Raises OSError naming an address that cannot be bound, ValueError for what is no address or no time.
#[pyclass(frozen, module = "hubbub_media_core._native")]
pub(crate) struct WorkerPool {
    /// Empty after the shutdown.
    workers: RwLock<Vec<WorkerHandle>>,
    addresses: Vec<SocketAddr>,
    events: Arc<EventQueue>,
}

#[pymethods]
impl WorkerPool {
    #[new]
    #[pyo3(signature = (sockets, *, max_incoming_bitrate=None, pin=false, handshake_timeout=15.0, consent_timeout=30.0, tcp=true))]
    fn new(
        sockets: Vec<(String, u16)>,
        max_incoming_bitrate: Option<u64>,
        pin: bool,
        handshake_timeout: f64,
        consent_timeout: f64,
        tcp: bool,
    ) -> PyResult<Self> {
        let config = WorkerConfig {
            handshake_timeout_us: micros("handshake_timeout", handshake_timeout)?,
            consent_timeout_us: micros("consent_timeout", consent_timeout)?,
            max_incoming_bitrate,
            ..WorkerConfig::default()
        };
        let events = Arc::new(EventQueue::new()?);
        let mut workers = Vec::with_capacity(sockets.len());
        for (index, (ip, port)) in sockets.into_iter().enumerate() {
            let ip: IpAddr = ip
                .parse()
                .map_err(|_| PyValueError::new_err(format!("not an IP address: {ip:?}")))?;
            let options = ThreadOptions {
                name: format!("media-{index}"),
                pin: pin.then_some(index),
                tcp: tcp.then(TcpLimits::default),
            };
            let address = SocketAddr::new(ip, port);
            let worker =
                WorkerThread::spawn(index, address, config.clone(), options, Arc::clone(&events))
                    .map_err(spawn_error)?;
            workers.push(worker);
        }
        let addresses = workers.iter().map(WorkerHandle::address).collect();
        Ok(Self {
            workers: RwLock::new(workers),
            addresses,
            events,
        })
    }

    /// Where each worker is bound.
    fn addresses(&self) -> Vec<(String, u16)> {
        self.addresses
            .iter()
            .map(|address| (address.ip().to_string(), address.port()))
            .collect()
    }

    /// A file descriptor that is readable while events wait.
    fn fileno(&self) -> i32 {
        self.events.as_fd().as_raw_fd()
    }

    /// Hand a command to a worker; the reply is an event of the same `request` (64 bits).
    ///
    /// Raises ValueError for a dict that is no command, IndexError for a worker that there is not, BlockingIOError
    /// while too many commands are unanswered, RuntimeError after `shutdown`.
    fn submit(
        &self,
        worker: usize,
        request: RequestId,
        command: &Bound<'_, PyDict>,
    ) -> PyResult<()> {
        let command = convert::command(command)?;
        let workers = self.workers.read().unwrap_or_else(PoisonError::into_inner);
        if workers.is_empty() {
            return Err(PyRuntimeError::new_err("the pool was shut down"));
        }
        let handle = workers
            .get(worker)
            .ok_or_else(|| PyIndexError::new_err(format!("there are {} workers", workers.len())))?;
        handle
            .submit(request, command)
            .map_err(|error| match error {
                SubmitError::Busy => PyBlockingIOError::new_err(error.to_string()),
                SubmitError::Stopped => PyRuntimeError::new_err(error.to_string()),
            })
    }

    /// Take the events that wait, oldest first, each with the index of its worker.
    ///
    /// `type` tells which; a reply has `ok` (a dict) or `error` (a code) beside `request`.
    fn drain<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let events = PyList::empty(py);
        for (worker, event) in self.events.drain() {
            events.append((worker, convert::event(py, &event)?))?;
        }
        Ok(events)
    }

    /// What each worker has done, 10 ms ago at most while it is busy; empty after `shutdown`.
    fn counters<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let workers = self.workers.read().unwrap_or_else(PoisonError::into_inner);
        workers
            .iter()
            .map(|worker| convert::counters(py, &worker.counters()))
            .collect()
    }

    /// Events that were dropped because they were not drained in time; never a reply or a closure.
    fn events_dropped(&self) -> u64 {
        self.events.dropped()
    }

    /// Execute what was submitted, then end the threads and wait for them. Twice is as good as once.
    fn shutdown(&self, py: Python<'_>) {
        let workers =
            std::mem::take(&mut *self.workers.write().unwrap_or_else(PoisonError::into_inner));
        py.detach(|| workers.into_iter().for_each(WorkerHandle::shutdown));
    }
}

/// `OSError` with the number of the system's error, so that Python picks the class that belongs to it.
fn spawn_error(error: SpawnError) -> PyErr {
    let (SpawnError::Bind(_, cause) | SpawnError::Listen(_, cause) | SpawnError::System(cause)) =
        &error;
    PyOSError::new_err((cause.raw_os_error(), error.to_string()))
}

fn micros(name: &str, seconds: f64) -> PyResult<u64> {
    if seconds.is_finite() && seconds > 0.0 {
        Ok((seconds * 1e6) as u64)
    } else {
        Err(PyValueError::new_err(format!(
            "{name} is a positive number of seconds, not {seconds}"
        )))
    }
}
