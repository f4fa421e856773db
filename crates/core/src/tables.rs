//! Every entity of a worker: in slabs by key, by the ids of the control plane, and by what the network names them.

use std::collections::HashMap;

use crate::api::{ConsumerId, Path, ProducerId, RouterId, TransportId};
use crate::consumer::Consumer;
use crate::hash::FastMap;
use crate::producer::Producer;
use crate::slab::{Key, Slab};
use crate::transport::Transport;

pub(crate) type RouterKey = Key<Router>;
pub(crate) type TransportKey = Key<Transport>;
pub(crate) type ProducerKey = Key<Producer>;
pub(crate) type ConsumerKey = Key<Consumer>;

/// What is produced in it can be consumed in it.
pub(crate) struct Router {
    pub(crate) id: RouterId,
    pub(crate) transports: Vec<TransportKey>,
}

/// All tables.
#[derive(Default)]
pub(crate) struct Tables {
    pub(crate) routers: Slab<Router>,
    pub(crate) transports: Slab<Transport>,
    pub(crate) producers: Slab<Producer>,
    pub(crate) consumers: Slab<Consumer>,
    pub(crate) router_ids: FastMap<RouterId, RouterKey>,
    pub(crate) transport_ids: FastMap<TransportId, TransportKey>,
    pub(crate) producer_ids: FastMap<ProducerId, ProducerKey>,
    pub(crate) consumer_ids: FastMap<ConsumerId, ConsumerKey>,
    /// Our ufrags. Strangers ask for what is in here, so its hasher is keyed.
    pub(crate) ufrags: HashMap<String, TransportKey>,
    /// Valid pairs.
    pub(crate) paths: FastMap<Path, TransportKey>,
}
