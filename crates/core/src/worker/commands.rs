//! Commands: each is validated, then executed. A refused command changes nothing.

use crate::api::{
    CloseReason, Command, CommandError, ConsumerId, Event, IceCredentials, Micros, ProducerId,
    ReplyBody, RequestId, RouterId, TransportId,
};
use crate::entities::{
    ConsumerKey, Link, ProducerKey, Router, RouterKey, Transport, TransportKey, WebRtcLink,
};

use super::Worker;
use super::plain::NewPlain;
use super::spec_rules::check_credentials;

type CommandResult = Result<ReplyBody, CommandError>;

const DONE: CommandResult = Ok(ReplyBody::Done {});

impl Worker {
    /// Executes a command and answers it with exactly one [`Event::Reply`]: at once, or for `CloseRouter` when the router
    /// is closed.
    pub fn handle_command(&mut self, now: Micros, request: RequestId, command: Command) {
        self.in_flight.clear();
        if let Command::CloseRouter { router } = command {
            self.close_router(router, request);
            return;
        }
        self.in_flight.request = Some(request);
        let result = self.execute(now, command);
        self.in_flight.request = None;
        if result == Err(CommandError::Internal) {
            self.counters.faults += 1;
        }
        self.events.push(Event::Reply { request, result });
    }

    fn execute(&mut self, now: Micros, command: Command) -> CommandResult {
        match command {
            Command::CreateRouter { router } => self.create_router(router),
            // `handle_command` does not pass it on: the reply follows when the router is closed.
            Command::CloseRouter { .. } => Err(CommandError::Internal),
            Command::CreateTransport {
                transport,
                router,
                ice,
            } => self.create_transport(transport, router, ice),
            Command::CreatePlainTransport {
                transport,
                router,
                // The ports say so.
                rtcp_mux: _,
                comedia,
                srtp,
                sources,
                ports,
            } => {
                let new = NewPlain {
                    ports,
                    comedia,
                    srtp,
                    sources,
                };
                self.create_plain_transport(transport, router, new)
            }
            Command::CreatePipeTransport {
                transport,
                router,
                link,
            } => self.create_pipe_transport(now, transport, router, link),
            Command::SetLinkRelay { transport, relay } => {
                self.set_link_relay(now, transport, relay)
            }
            Command::RelayLink { ends } => self.relay_link(now, &ends),
            Command::CreatePipeConsumer {
                consumer,
                transport,
                producer,
                spec,
            } => self.create_pipe_consumer(now, consumer, transport, producer, spec),
            Command::SetPipedEncodings {
                consumer,
                encodings,
            } => self.set_piped_encodings(now, consumer, &encodings),
            Command::ConnectPlainTransport { transport, remote } => {
                self.connect_plain_transport(now, transport, remote)
            }
            Command::ConnectTransport { transport } => {
                let deadline = now.plus(self.config.handshake_timeout_us);
                let transport = self.transport_mut(transport)?;
                let link = transport.link.web_rtc()?;
                if transport.outbound.is_none() {
                    link.handshake_deadline.get_or_insert(deadline);
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
                let transport = self.tables.transports.get_mut(key)?;
                transport.set_keys(profile, &outbound, &inbound)?;
                self.request_key_frames_of_transport(now, key)?;
                DONE
            }
            Command::SendDtls {
                transport,
                datagram,
            } => {
                let key = self.transport_key(transport)?;
                self.tables.transports.get_mut(key)?.link.web_rtc()?;
                self.send_dtls(key, datagram)?;
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
            } => self.create_producer(now, producer, transport, spec),
            Command::PauseProducer { producer } => self.set_producer_paused(now, producer, true),
            Command::ResumeProducer { producer } => self.set_producer_paused(now, producer, false),
            Command::CloseProducer { producer } => {
                let key = self.producer_key(producer)?;
                self.close_producer(key, CloseReason::Requested);
                DONE
            }
            Command::ReplaceProducer {
                producer,
                successor,
            } => self.replace_producer(now, producer, successor),
            Command::CreateConsumer {
                consumer,
                transport,
                producer,
                spec,
            } => self.create_consumer(now, consumer, transport, producer, spec),
            Command::PauseConsumer { consumer } => self.set_consumer_paused(now, consumer, true),
            Command::ResumeConsumer { consumer } => self.set_consumer_paused(now, consumer, false),
            Command::CloseConsumer { consumer } => {
                match self.tables.pipe_consumer_ids.get(&consumer) {
                    Some(key) => self.close_pipe_consumer(*key, CloseReason::Requested),
                    None => {
                        let key = self.consumer_key(consumer)?;
                        self.close_consumer(key, CloseReason::Requested);
                    }
                }
                DONE
            }
            Command::RequestKeyFrame { consumer } => {
                let key = self.consumer_key(consumer)?;
                self.request_key_frame_of_consumer(now, key)?;
                DONE
            }
            Command::SetPreferredLayers {
                consumer,
                spatial,
                temporal,
            } => self.set_preferred_layers(now, consumer, spatial, temporal),
            Command::SetConsumerPriority { consumer, priority } => {
                self.set_consumer_priority(now, consumer, priority)
            }
            Command::SetMaxIncomingBitrate { transport, bitrate } => {
                let transport = self.transport_mut(transport)?;
                transport.max_incoming_bitrate = Some(bitrate);
                transport.remb.set_max(bitrate);
                DONE
            }
            Command::TransportStats { transport } => Ok(ReplyBody::Transport(Box::new(
                self.transport_mut(transport)?.stats(),
            ))),
            Command::ProducerStats { producer } => {
                let key = self.producer_key(producer)?;
                let producer = self.tables.producers.get_mut(key)?;
                let rtt = self.tables.transports.get(producer.transport)?.stats.rtt_us;
                let stats = producer.stats(now, rtt);
                Ok(ReplyBody::Producer(Box::new(stats)))
            }
            Command::ConsumerStats { consumer } => {
                let stats = match self.tables.pipe_consumer_ids.get(&consumer) {
                    Some(key) => self.tables.pipe_consumers.get_mut(*key)?.stats(now),
                    None => {
                        let key = self.consumer_key(consumer)?;
                        self.tables.consumers.get_mut(key)?.stats(now)
                    }
                };
                Ok(ReplyBody::Consumer(Box::new(stats)))
            }
        }
    }

    fn create_router(&mut self, router: RouterId) -> CommandResult {
        if self.tables.router_ids.contains_key(&router) {
            return Err(CommandError::AlreadyExists);
        }
        let key = self
            .tables
            .routers
            .insert(Router::new(router, self.config.last_n_audio));
        self.tables.router_ids.insert(router, key);
        DONE
    }

    fn create_transport(
        &mut self,
        id: TransportId,
        router: RouterId,
        ice: IceCredentials,
    ) -> CommandResult {
        self.check_new_credentials(&ice)?;
        let ufrag = ice.ufrag.clone();
        let key = self.add_transport(id, router, Link::WebRtc(WebRtcLink::new(ice)))?;
        self.tables.ufrags.insert(ufrag, key);
        DONE
    }

    /// Adds a transport to its router.
    pub(super) fn add_transport(
        &mut self,
        id: TransportId,
        router: RouterId,
        link: Link,
    ) -> Result<TransportKey, CommandError> {
        if self.tables.transport_ids.contains_key(&id) {
            return Err(CommandError::AlreadyExists);
        }
        let router_key = self.router_key(router)?;
        if self.tables.transports.len() >= self.config.max_transports {
            return Err(CommandError::LimitReached);
        }
        let router = self.tables.routers.get_mut(router_key)?;
        let transport = Transport::new(
            id,
            router_key,
            link,
            self.random.next_u32(),
            self.config.max_incoming_bitrate,
            self.config.max_ingress_bitrate,
        );
        let key = self.tables.transports.insert(transport);
        self.tables.transport_ids.insert(id, key);
        router.transports.push(key);
        Ok(key)
    }

    fn restart_ice(&mut self, id: TransportId, ice: IceCredentials) -> CommandResult {
        let key = self.transport_key(id)?;
        self.check_new_credentials(&ice)?;
        let ufrag = ice.ufrag.clone();
        let transport = self.tables.transports.get_mut(key)?;
        let replaced = transport.link.web_rtc()?.ice.restart(ice);
        if let Some(replaced) = replaced {
            self.tables.ufrags.remove(&replaced);
        }
        self.tables.ufrags.insert(ufrag, key);
        DONE
    }

    pub(super) fn check_new_credentials(&self, ice: &IceCredentials) -> Result<(), CommandError> {
        check_credentials(ice)?;
        if self.tables.ufrags.contains_key(&ice.ufrag) {
            Err(CommandError::AlreadyExists)
        } else {
            Ok(())
        }
    }

    pub(super) fn router_key(&self, id: RouterId) -> Result<RouterKey, CommandError> {
        self.tables
            .router_ids
            .get(&id)
            .copied()
            .ok_or(CommandError::NotFound)
    }

    pub(super) fn transport_key(&mut self, id: TransportId) -> Result<TransportKey, CommandError> {
        self.in_flight.transport = self.tables.transport_ids.get(&id).copied();
        self.in_flight.transport.ok_or(CommandError::NotFound)
    }

    pub(super) fn producer_key(&mut self, id: ProducerId) -> Result<ProducerKey, CommandError> {
        self.in_flight.producer = self.tables.producer_ids.get(&id).copied();
        self.in_flight.producer.ok_or(CommandError::NotFound)
    }

    /// Fails for a pipe consumer.
    pub(super) fn consumer_key(&mut self, id: ConsumerId) -> Result<ConsumerKey, CommandError> {
        self.in_flight.consumer = self.tables.consumer_ids.get(&id).copied();
        match self.in_flight.consumer {
            Some(key) => Ok(key),
            None if self.is_consumer_id_used(id) => Err(CommandError::InvalidState),
            None => Err(CommandError::NotFound),
        }
    }

    fn transport_mut(&mut self, id: TransportId) -> Result<&mut Transport, CommandError> {
        let key = self.transport_key(id)?;
        Ok(self.tables.transports.get_mut(key)?)
    }
}
