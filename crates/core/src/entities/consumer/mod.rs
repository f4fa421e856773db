//! A consumer: one track that a client receives, made from one stream of the producer at a time.

mod allowance;
mod header;
mod header_template;
mod limits;
mod output;
mod padding;
mod redundancy;
mod repair;
mod reported_loss;
mod rewrite_dd;
mod rewrite_vp8;
mod rewrite_vp9;
mod scores;
mod selector_simulcast;
mod selector_svc;
mod send;
mod state;
mod succession;

pub(crate) use allowance::Allowance;
pub(crate) use header::{OutgoingExtensions, Sending};
pub(crate) use padding::PaddingSender;
pub(crate) use selector_simulcast::Admission;
pub(crate) use send::{PacketSender, rollovers};
pub(crate) use state::{Consumer, Route, routes_of};
