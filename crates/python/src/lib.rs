//! The binding: `hubbub_media_core._native`. Conversion and nothing else; worker threads never take the GIL.

mod convert;
mod pool;

use pyo3::prelude::*;

/// The packet path, as Python sees it.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<pool::WorkerPool>()
}
