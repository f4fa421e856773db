//! Commands: checked, then carried out; what fails changes nothing.

use crate::api::{
    CloseReason, Command, CommandError, ConsumerId, Event, IceCredentials, Micros, ProducerId,
    ReplyBody, Request, RouterId, TransportId,
};
use crate::ice::IceAgent;
use crate::tables::{ConsumerKey, ProducerKey, Router, RouterKey, TransportKey};
use crate::transport::Transport;

use super::Worker;

type Outcome = Result<ReplyBody, CommandError>;

const DONE: Outcome = Ok(ReplyBody::Done {});

/// Bytes of a ufrag or password (RFC 8839 section 5.4).
const MAX_CREDENTIAL: usize = 256;

impl Worker {
    /// One command; it is answered by exactly one [`Event::Reply`].
    pub fn handle_command(&mut self, now: Micros, request: Request, command: Command) {
        self.touched.clear();
        self.touched.request = Some(request);
        let result = self.execute(now, command);
        self.touched.request = None;
        self.emit(Event::Reply { request, result });
    }

    fn execute(&mut self, now: Micros, command: Command) -> Outcome {
        match command {
            Command::CreateRouter { router } => self.create_router(router),
            Command::CloseRouter { router } => {
                let key = self.router_key(router)?;
                self.close_router(key);
                DONE
            }
            Command::CreateTransport {
                transport,
                router,
                ice,
            } => self.create_transport(transport, router, ice),
            Command::ConnectTransport { transport } => {
                let deadline = now.plus(self.config.handshake_timeout_us);
                let transport = self.transport_mut(transport)?;
                if transport.outbound.is_none() {
                    transport.handshake_deadline.get_or_insert(deadline);
                }
                DONE
            }
            Command::RestartIce { transport, ice } => self.restart_ice(transport, ice),
            Command::SetSrtpKeys {
                transport,
                profile,
                outbound,
                inbound,
            } => {
                let key = self.transport_key(transport)?;
                let transport = self.transport_mut(transport)?;
                transport.set_keys(profile, &outbound, &inbound)?;
                self.await_key_frames_of_transport(now, key);
                DONE
            }
            Command::SendDtls {
                transport,
                datagram,
            } => {
                let key = self.transport_key(transport)?;
                self.send_dtls(key, datagram);
                DONE
            }
            Command::CloseTransport { transport } => {
                let key = self.transport_key(transport)?;
                self.close_transport(key, CloseReason::Requested);
                DONE
            }
            Command::CreateProducer {
                producer,
                transport,
                spec,
            } => self.create_producer(producer, transport, spec),
            Command::PauseProducer { producer } => self.set_producer_paused(now, producer, true),
            Command::ResumeProducer { producer } => self.set_producer_paused(now, producer, false),
            Command::CloseProducer { producer } => {
                let key = self.producer_key(producer)?;
                self.close_producer(key, CloseReason::Requested);
                DONE
            }
            Command::CreateConsumer {
                consumer,
                transport,
                producer,
                spec,
            } => self.create_consumer(consumer, transport, producer, spec),
            Command::PauseConsumer { consumer } => self.set_consumer_paused(now, consumer, true),
            Command::ResumeConsumer { consumer } => self.set_consumer_paused(now, consumer, false),
            Command::CloseConsumer { consumer } => {
                let key = self.consumer_key(consumer)?;
                self.close_consumer(key, CloseReason::Requested);
                DONE
            }
            Command::RequestKeyFrame { consumer } => {
                let key = self.consumer_key(consumer)?;
                self.request_key_frame(now, key);
                DONE
            }
            Command::TransportStats { transport } => Ok(ReplyBody::Transport(Box::new(
                self.transport_mut(transport)?.stats.clone(),
            ))),
            Command::ProducerStats { producer } => {
                let key = self.producer_key(producer)?;
                let producer = self
                    .tables
                    .producers
                    .get_mut(key)
                    .ok_or(CommandError::NotFound)?;
                Ok(ReplyBody::Producer(Box::new(producer.stats(now))))
            }
            Command::ConsumerStats { consumer } => {
                let key = self.consumer_key(consumer)?;
                let consumer = self
                    .tables
                    .consumers
                    .get_mut(key)
                    .ok_or(CommandError::NotFound)?;
                Ok(ReplyBody::Consumer(Box::new(consumer.stats(now))))
            }
        }
    }

    fn create_router(&mut self, router: RouterId) -> Outcome {
        if self.tables.router_ids.contains_key(&router) {
            return Err(CommandError::AlreadyExists);
        }
        let key = self.tables.routers.insert(Router {
            id: router,
            transports: Vec::new(),
        });
        self.tables.router_ids.insert(router, key);
        DONE
    }

    fn create_transport(
        &mut self,
        id: TransportId,
        router: RouterId,
        ice: IceCredentials,
    ) -> Outcome {
        if self.tables.transport_ids.contains_key(&id) {
            return Err(CommandError::AlreadyExists);
        }
        let router = self.router_key(router)?;
        self.check_credentials(&ice)?;
        if self.tables.transports.len() >= self.config.max_transports {
            return Err(CommandError::LimitReached);
        }
        let ufrag = ice.ufrag.clone();
        let max_bitrate = self.config.max_incoming_bitrate;
        let transport = Transport::new(
            id,
            router,
            IceAgent::new(ice),
            self.random.next_u32(),
            max_bitrate,
        );
        let key = self.tables.transports.insert(transport);
        self.tables.transport_ids.insert(id, key);
        self.tables.ufrags.insert(ufrag, key);
        if let Some(router) = self.tables.routers.get_mut(router) {
            router.transports.push(key);
        }
        DONE
    }

    fn restart_ice(&mut self, id: TransportId, ice: IceCredentials) -> Outcome {
        let key = self.transport_key(id)?;
        self.check_credentials(&ice)?;
        let ufrag = ice.ufrag.clone();
        let void = self.transport_mut(id)?.ice.restart(ice);
        if let Some(void) = void {
            self.tables.ufrags.remove(&void);
        }
        self.tables.ufrags.insert(ufrag, key);
        DONE
    }

    fn check_credentials(&self, ice: &IceCredentials) -> Result<(), CommandError> {
        let sizes = 4..=MAX_CREDENTIAL;
        if !sizes.contains(&ice.ufrag.len())
            || !sizes.contains(&ice.pwd.len())
            || ice.ufrag.contains(':')
        {
            return Err(CommandError::InvalidSpec);
        }
        if self.tables.ufrags.contains_key(&ice.ufrag) {
            Err(CommandError::AlreadyExists)
        } else {
            Ok(())
        }
    }

    fn router_key(&self, id: RouterId) -> Result<RouterKey, CommandError> {
        self.tables
            .router_ids
            .get(&id)
            .copied()
            .ok_or(CommandError::NotFound)
    }

    pub(super) fn transport_key(&mut self, id: TransportId) -> Result<TransportKey, CommandError> {
        self.touched.transport = self.tables.transport_ids.get(&id).copied();
        self.touched.transport.ok_or(CommandError::NotFound)
    }

    pub(super) fn producer_key(&mut self, id: ProducerId) -> Result<ProducerKey, CommandError> {
        self.touched.producer = self.tables.producer_ids.get(&id).copied();
        self.touched.producer.ok_or(CommandError::NotFound)
    }

    pub(super) fn consumer_key(&mut self, id: ConsumerId) -> Result<ConsumerKey, CommandError> {
        self.touched.consumer = self.tables.consumer_ids.get(&id).copied();
        self.touched.consumer.ok_or(CommandError::NotFound)
    }

    fn transport_mut(&mut self, id: TransportId) -> Result<&mut Transport, CommandError> {
        let key = self.transport_key(id)?;
        self.tables
            .transports
            .get_mut(key)
            .ok_or(CommandError::NotFound)
    }
}
