//! The fuzz targets of this crate: a worker, and clients or servers that follow a script of arbitrary bytes. `crates/fuzz`
//! runs them with coverage guidance.
#![allow(dead_code, unreachable_pub, reason = "each user runs only a part")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod captures;
mod mutation;
mod nonces;
mod plain;
mod rtcp;
mod session;

pub use nonces::Nonces;
pub use plain::plain;
pub use session::session;
