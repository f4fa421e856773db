//! A consumer: one track that a client receives, made from one stream of the producer at a time.

mod header;
mod repair;
mod rewrite_dd;
mod rewrite_vp8;
mod selector_simulcast;
mod selector_svc;
mod send;
mod state;

pub(crate) use selector_simulcast::Admission;
pub(crate) use send::PacketSender;
pub(crate) use state::Consumer;
