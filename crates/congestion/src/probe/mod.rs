//! Probing: short bursts above the estimate that show whether the link carries more.

mod cluster;
mod controller;
mod padding_budget;

pub(crate) use cluster::{ClusterResults, ProbeResult};
pub use controller::Probe;
pub(crate) use controller::{Limit, ProbeController};
pub(crate) use padding_budget::PaddingBudget;
