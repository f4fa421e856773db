//! The fuzz targets of this crate: a worker, and clients, servers or other nodes that follow a script of arbitrary bytes. `crates/fuzz`
//! runs them with coverage guidance.
#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "each user runs only a part"
)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod captures;
mod copies;
mod delivered_media;
mod mutation;
mod node_link;
mod nonces;
mod other_node;
mod plain;
mod rtcp;
mod session;

pub use node_link::node_link;
pub use nonces::Nonces;
pub use plain::plain;
pub use session::session;
