//! Converts commands from dicts, and events and counters to dicts. `commands.py`, `events.py` and `counters.py` of the
//! Python package define their shapes.

use hubbub_core::api::{Command, Event};
use hubbub_io::ThreadCounters;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pythonize::{depythonize, pythonize};

/// Converts a dict to a command. An invalid dict is a `ValueError`.
pub(crate) fn command(dict: &Bound<'_, PyDict>) -> PyResult<Command> {
    depythonize(dict).map_err(|error| PyValueError::new_err(error.to_string()))
}

/// Converts an event to a dict. The result of a reply is `ok` (a dict) or `error` (a code).
pub(crate) fn event<'py>(py: Python<'py>, event: &Event) -> PyResult<Bound<'py, PyAny>> {
    let dict = pythonize(py, event)?;
    if let Event::Reply { result, .. } = event {
        match result {
            Ok(body) => dict.set_item("ok", pythonize(py, body)?)?,
            Err(error) => dict.set_item("error", error.name())?,
        }
    }
    Ok(dict)
}

/// Converts the counters of one worker to a dict: those of the core and those of its thread.
pub(crate) fn counters<'py>(
    py: Python<'py>,
    counters: &ThreadCounters,
) -> PyResult<Bound<'py, PyAny>> {
    let dict = pythonize(py, &counters.worker)?;
    let ThreadCounters {
        worker: _,
        sent,
        rings,
        tcp,
        oversized,
        cpu_us,
    } = counters;
    dict.set_item("cpu_seconds", *cpu_us as f64 / 1e6)?;
    dict.set_item("dropped_oversized", oversized)?;
    dict.set_item("send_messages", sent.messages)?;
    dict.set_item("send_refused", sent.refused)?;
    let mut overflow = sent.overflow;
    overflow += tcp.overflow;
    dict.set_item("send_overflow_video", overflow.video)?;
    dict.set_item("send_overflow_audio", overflow.audio)?;
    dict.set_item("send_overflow_control", overflow.control)?;
    dict.set_item("pipe_sent", rings.sent + counters.worker.linked_sent)?;
    dict.set_item("pipe_dropped", rings.dropped)?;
    dict.set_item("tcp_connections", tcp.connections)?;
    dict.set_item("tcp_accepted", tcp.accepted)?;
    dict.set_item("tcp_refused", tcp.refused)?;
    dict.set_item("tcp_displaced", tcp.displaced)?;
    Ok(dict)
}
