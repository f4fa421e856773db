//! Every entity of a worker, and the indexes that find one by its public id or by what arrives from the network.

use std::collections::HashMap;

use super::consumer::Consumer;
use super::fast_map::FastMap;
use super::keys::{ConsumerKey, PipeConsumerKey, Piped, ProducerKey, RouterKey, TransportKey};
use super::pipe_consumer::PipeConsumer;
use super::producer::Producer;
use super::relays::Relays;
use super::router::Router;
use super::slab::Slab;
use super::transport::Transport;
use crate::api::{ConsumerId, Path, ProducerId, RouterId, TransportId};
use crate::send::ConnectionId;

/// All tables and indexes.
#[derive(Default)]
pub(crate) struct Tables {
    pub(crate) routers: Slab<RouterId, Router>,
    pub(crate) transports: Slab<TransportId, Transport>,
    pub(crate) producers: Slab<ProducerId, Producer>,
    pub(crate) consumers: Slab<ConsumerId, Consumer>,
    pub(crate) pipe_consumers: Slab<Piped, PipeConsumer>,
    pub(crate) router_ids: FastMap<RouterId, RouterKey>,
    pub(crate) transport_ids: FastMap<TransportId, TransportKey>,
    pub(crate) producer_ids: FastMap<ProducerId, ProducerKey>,
    pub(crate) consumer_ids: FastMap<ConsumerId, ConsumerKey>,
    pub(crate) pipe_consumer_ids: FastMap<ConsumerId, PipeConsumerKey>,
    /// Our ufrags. Unauthenticated packets are looked up here, so the hasher is keyed.
    pub(crate) ufrags: HashMap<String, TransportKey>,
    /// Valid ICE pairs, and the ways through rings.
    pub(crate) paths: FastMap<Path, TransportKey>,
    /// Links to other nodes by what their packets follow.
    pub(crate) connections: FastMap<ConnectionId, TransportKey>,
    /// The links of other nodes that this worker relays.
    pub(crate) relays: Relays,
    /// The ports of plain transports.
    pub(crate) plain_ports: FastMap<u16, TransportKey>,
}
