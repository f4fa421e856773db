//! The fuzz target of this crate: a worker and four clients that follow a script of arbitrary bytes. `crates/fuzz` runs it
//! with coverage guidance.
#![allow(dead_code, unreachable_pub, reason = "each user runs only a part")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod captures;
mod mutation;
mod nonces;
mod rtcp;
mod session;

pub use session::session;
