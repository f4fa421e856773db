//! Send-side congestion control of one receiving transport: bandwidth estimation, pacing, probing, layer allocation.
//!
//! Rules:
//! - Sans-IO: time is an argument, packets are references of the caller's type, nothing is logged.
//! - Feedback is hostile. It may be reordered, repeated, made up: the estimate stays within its limits, work is bounded.
//! - After warm-up, nothing is allocated per packet.
#![forbid(unsafe_code)]

mod acknowledged;
mod aimd;
mod allocator;
mod alr;
mod competition;
mod constants;
mod delay;
mod departures;
mod estimator;
mod feedback;
mod history;
mod inter_arrival;
mod link_capacity;
mod loss;
mod pacer;
mod path;
mod probe;
mod queue_delay;
mod regression;
mod repair_budget;
mod time;
mod trendline;

pub use allocator::{Allocation, Allocator, Candidate, Step, wanted};
pub use estimator::{Estimator, Limits, Purpose};
pub use feedback::{CongestionFeedback, StreamReport};
pub use history::ClusterId;
pub use pacer::{Class, Pacer, Released};
pub use probe::Probe;
pub use repair_budget::RepairBudget;
pub use time::{MILLISECOND, Micros, SECOND};
pub use trendline::Usage;
