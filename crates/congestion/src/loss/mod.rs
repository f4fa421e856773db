//! The loss-based estimate: tells loss inherent in the link from loss by congestion.

mod estimate;
mod observations;

pub(crate) use estimate::{LossEstimate, LossState};
