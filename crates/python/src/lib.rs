//! The Python binding of the SFU's packet path: the module `hubbub_media_core._native`. It only converts values; worker
//! threads never take the GIL.

mod convert;
mod worker_pool;

use pyo3::prelude::*;

/// The packet path of a media node.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<worker_pool::WorkerPool>()
}
