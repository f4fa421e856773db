//! The Python class for the workers of a process.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::{Arc, PoisonError, RwLock};

use hubbub_core::api::RequestId;
use hubbub_core::{Limits, WorkerConfig};
use hubbub_io::{
    Clock, EventQueue, PlainAddresses, Rings, SpawnError, SubmitError, TcpLimits, ThreadOptions,
    WorkerHandle, WorkerThread,
};
use pyo3::exceptions::{PyBlockingIOError, PyIndexError, PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::convert;

/// Worker threads, one per socket address, with one queue for their events.
///
/// Args:
///     sockets: (IP address, port) of each worker. Port 0 lets the system choose; `::` is dual-stack.
///     max_incoming_bitrate: bitrate limit of each client in bit/s; None for no limit.
///     min_outgoing_bitrate, initial_outgoing_bitrate, max_outgoing_bitrate: limits of the estimate of the bitrate to a
///         client, bit/s.
///     max_ingress_bitrate: bitrate above which the media of one transport is dropped, bit/s.
///     pin: pins each worker to a core.
///     handshake_timeout: seconds from `connect_transport` to `set_srtp_keys`.
///     consent_timeout: seconds without a STUN request until a transport is closed.
///     tcp: accepts ICE-TCP connections (RFC 6544) on each port.
///     last_n_audio: microphones of a router that are forwarded at the same time, the loudest ones; 0 for all.
///     plain: (IP address, first port, last port) of plain transports; a first port of 0 lets the system choose. None for
///         no plain transports.
///
/// Raises:
///     OSError: an address cannot be bound; the message names it.
///     ValueError: an invalid IP address or timeout.
#[pyclass(frozen, module = "hubbub_media_core._native")]
pub(crate) struct WorkerPool {
    /// Empty after `shutdown`.
    workers: RwLock<Vec<WorkerHandle>>,
    addresses: Vec<SocketAddr>,
    events: Arc<EventQueue>,
}

#[pymethods]
impl WorkerPool {
    #[new]
    #[allow(clippy::too_many_arguments, reason = "they are keyword arguments")]
    #[pyo3(signature = (sockets, *, max_incoming_bitrate=None, min_outgoing_bitrate=30_000, initial_outgoing_bitrate=600_000, max_outgoing_bitrate=100_000_000, max_ingress_bitrate=50_000_000, pin=false, handshake_timeout=15.0, consent_timeout=30.0, tcp=true, last_n_audio=0, plain=None))]
    fn new(
        sockets: Vec<(String, u16)>,
        max_incoming_bitrate: Option<u64>,
        min_outgoing_bitrate: u64,
        initial_outgoing_bitrate: u64,
        max_outgoing_bitrate: u64,
        max_ingress_bitrate: u64,
        pin: bool,
        handshake_timeout: f64,
        consent_timeout: f64,
        tcp: bool,
        last_n_audio: usize,
        plain: Option<(String, u16, u16)>,
    ) -> PyResult<Self> {
        let plain = plain
            .map(|(ip, first, last)| ip_address(&ip).map(|ip| PlainAddresses { ip, first, last }))
            .transpose()?;
        let config = WorkerConfig {
            handshake_timeout_us: micros("handshake_timeout", handshake_timeout)?,
            consent_timeout_us: micros("consent_timeout", consent_timeout)?,
            max_incoming_bitrate,
            outgoing_bitrate: Limits {
                min: min_outgoing_bitrate,
                initial: initial_outgoing_bitrate,
                max: max_outgoing_bitrate,
            },
            max_ingress_bitrate,
            last_n_audio,
            ..WorkerConfig::default()
        };
        let events = Arc::new(EventQueue::new()?);
        let mut workers = Vec::with_capacity(sockets.len());
        let rings = Rings::between(sockets.len())?;
        let clock = Clock::start();
        for (index, ((ip, port), rings)) in sockets.into_iter().zip(rings).enumerate() {
            let ip = ip_address(&ip)?;
            let options = ThreadOptions {
                name: format!("media-{index}"),
                pin: pin.then_some(index),
                tcp: tcp.then(TcpLimits::default),
                plain,
            };
            let address = SocketAddr::new(ip, port);
            let events = Arc::clone(&events);
            let worker = WorkerThread::spawn(
                index,
                address,
                config.clone(),
                options,
                rings,
                clock,
                events,
            )
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

    /// The bound (IP address, port) of each worker.
    fn addresses(&self) -> Vec<(String, u16)> {
        self.addresses
            .iter()
            .map(|address| (address.ip().to_string(), address.port()))
            .collect()
    }

    /// A file descriptor that is readable while events are queued.
    fn fileno(&self) -> i32 {
        self.events.as_fd().as_raw_fd()
    }

    /// Submits a command to a worker. The reply is an event with the same `request`.
    ///
    /// Args:
    ///     worker: index of the worker.
    ///     request: id of the command, unsigned 64 bits.
    ///     command: `type` and the fields of the command.
    ///
    /// Raises:
    ///     ValueError: the dict is not a valid command.
    ///     IndexError: there is no such worker.
    ///     BlockingIOError: too many commands are pending.
    ///     RuntimeError: the pool was shut down.
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
        let handle = workers.get(worker).ok_or_else(|| {
            PyIndexError::new_err(format!(
                "no such worker: the pool has {} workers",
                workers.len()
            ))
        })?;
        handle
            .submit(request, command)
            .map_err(|error| match error {
                SubmitError::Busy => PyBlockingIOError::new_err(error.to_string()),
                SubmitError::Stopped => PyRuntimeError::new_err(error.to_string()),
            })
    }

    /// Takes the queued events, oldest first, each as (worker index, dict).
    ///
    /// Each dict has a `type`. A reply has `request` and either `ok` (a dict) or `error` (a code).
    fn drain<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let events = PyList::empty(py);
        for (worker, event) in self.events.drain() {
            events.append((worker, convert::event(py, &event)?))?;
        }
        Ok(events)
    }

    /// The counters of each worker, at most 10 ms old while it is busy; empty after `shutdown`.
    fn counters<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let workers = self.workers.read().unwrap_or_else(PoisonError::into_inner);
        workers
            .iter()
            .map(|worker| convert::counters(py, &worker.counters()))
            .collect()
    }

    /// Number of events dropped because they were not drained in time. Replies and `*_closed` events are never dropped.
    fn events_dropped(&self) -> u64 {
        self.events.dropped()
    }

    /// Executes the submitted commands, then ends and joins the threads. Further calls do nothing.
    fn shutdown(&self, py: Python<'_>) {
        let workers =
            std::mem::take(&mut *self.workers.write().unwrap_or_else(PoisonError::into_inner));
        py.detach(|| workers.into_iter().for_each(WorkerHandle::shutdown));
    }
}

/// Creates an `OSError` with the system's error number, from which Python chooses the subclass.
fn spawn_error(error: SpawnError) -> PyErr {
    let (SpawnError::Bind(_, cause) | SpawnError::Listen(_, cause) | SpawnError::System(cause)) =
        &error;
    PyOSError::new_err((cause.raw_os_error(), error.to_string()))
}

fn ip_address(text: &str) -> PyResult<IpAddr> {
    text.parse()
        .map_err(|_| PyValueError::new_err(format!("not an IP address: {text:?}")))
}

fn micros(name: &str, seconds: f64) -> PyResult<u64> {
    if seconds.is_finite() && seconds > 0.0 {
        Ok((seconds * 1e6) as u64)
    } else {
        Err(PyValueError::new_err(format!(
            "{name} must be a positive number of seconds, not {seconds}"
        )))
    }
}
