//! The entities of a worker: routers, transports, producers and consumers, and the tables that hold them.

mod checked_way;
mod congestion_control;
mod consumer;
mod departure;
mod event_queue;
mod fast_map;
mod header_extensions;
mod ice_agent;
mod keys;
mod link;
mod node_link;
mod pipe_consumer;
mod pipe_link;
mod plain_link;
mod producer;
mod protection;
mod relays;
mod router;
mod slab;
mod stream_score;
mod tables;
mod token_bucket;
mod transport;
mod web_rtc_link;

pub(crate) use congestion_control::{Action, CongestionControl, QueuedPacket};
pub(crate) use consumer::{Admission, Allowance, Consumer, PacketSender, PaddingSender};
pub(crate) use departure::Departure;
pub(crate) use event_queue::EventQueue;
pub(crate) use ice_agent::BindingOutcome;
pub(crate) use keys::{
    ConsumerKey, DanglingKey, PipeConsumerKey, ProducerKey, RouterKey, TransportKey, remove_first,
};
pub(crate) use link::Link;
pub(crate) use node_link::NodeLink;
pub(crate) use pipe_consumer::{PipeAdmission, PipeConsumer, PipeSender};
pub(crate) use pipe_link::{PipeLink, PipedStream};
pub(crate) use plain_link::PlainLink;
pub(crate) use producer::{
    EncodingSet, KeyFrameRequestKind, LayerSteps, Origin, PipedSteps, Producer, ProducerStream,
    Received,
};
pub(crate) use protection::{Inbound, Outbound};

pub(crate) use router::Router;
pub(crate) use tables::Tables;
pub(crate) use transport::{IncomingStream, Transport};
pub(crate) use web_rtc_link::WebRtcLink;
