//! Plain transports: RTP to and from servers (recorders, media gateways), over UDP ports of their own.

use hubbub_wire::PacketKind;

use crate::api::{
    CommandError, MediaKind, Micros, Network, Path, PlainPorts, PlainRemote, ReplyBody, RouterId,
    TransportId,
};
use crate::entities::{DanglingKey, Inbound, Link, Outbound, PlainLink, TransportKey};

use super::Worker;

/// Time between two key frames for receivers that cannot request one. A receiver that lost a packet shows a broken
/// picture for this long at most; each key frame costs the other receivers of the producer bandwidth.
const KEY_FRAME_INTERVAL_US: u64 = 5_000_000;

/// The properties of a new plain transport.
#[derive(Debug)]
pub(super) struct NewPlain {
    pub(super) ports: Option<PlainPorts>,
    pub(super) comedia: bool,
    pub(super) srtp: bool,
    pub(super) sources: Vec<Network>,
}

impl Worker {
    pub(super) fn create_plain_transport(
        &mut self,
        id: TransportId,
        router: RouterId,
        new: NewPlain,
    ) -> Result<ReplyBody, CommandError> {
        let ports = new.ports.ok_or(CommandError::LimitReached)?;
        if ports.all().any(|port| self.is_plain_port(port)) {
            return Err(CommandError::AlreadyExists);
        }
        let link = PlainLink::new(ports, new.comedia, new.sources);
        let key = self.add_transport(id, router, Link::Plain(link))?;
        let transport = self.tables.transports.get_mut(key)?;
        // Without an estimate of its own bandwidth, nothing tells a server to send less.
        transport.max_incoming_bitrate = None;
        if !new.srtp {
            transport.inbound = Some(Inbound::Clear);
            transport.outbound = Some(Outbound::Clear);
        }
        for port in ports.all() {
            self.tables.plain_ports.insert(port, key);
        }
        Ok(ReplyBody::Plain(ports))
    }

    pub(super) fn connect_plain_transport(
        &mut self,
        now: Micros,
        id: TransportId,
        remote: PlainRemote,
    ) -> Result<ReplyBody, CommandError> {
        let key = self.transport_key(id)?;
        let link = self.tables.transports.get_mut(key)?.link.plain()?;
        let ports = link.ports();
        let rtcp = remote
            .rtcp_port
            .zip(ports.rtcp)
            .map(|(theirs, ours)| Path::plain(ours, (remote.ip, theirs).into()));
        if remote.rtcp_port.is_some() != rtcp.is_some() {
            return Err(CommandError::InvalidSpec);
        }
        link.connect(
            Path::plain(ports.rtp, (remote.ip, remote.port).into()),
            rtcp,
        )?;
        self.request_key_frames_of_transport(now, key)?;
        Ok(ReplyBody::Done {})
    }

    /// Whether this port belongs to a plain transport.
    #[must_use]
    pub fn is_plain_port(&self, port: u16) -> bool {
        self.tables.plain_ports.contains_key(&port)
    }

    /// Handles a datagram that arrived at a port of a plain transport.
    pub(super) fn handle_plain(
        &mut self,
        now: Micros,
        port: u16,
        path: Path,
        datagram: &mut [u8],
    ) -> Result<(), DanglingKey> {
        let Some(key) = self.tables.plain_ports.get(&port).copied() else {
            self.counters.dropped_unknown_address += 1;
            return Ok(());
        };
        self.in_flight.transport = Some(key);
        let transport = self.tables.transports.get_mut(key)?;
        let Link::Plain(link) = &transport.link else {
            self.counters.faults += 1;
            return Ok(());
        };
        let kind = link.kind_of(path, datagram);
        if kind == PacketKind::Unknown {
            self.counters.dropped_malformed += 1;
            return Ok(());
        }
        if !link.may_be_from(path) {
            self.counters.dropped_unknown_address += 1;
            return Ok(());
        }
        transport.stats.count_received(datagram.len());
        match kind {
            PacketKind::Rtp => self.handle_rtp(now, key, path, datagram),
            _ => self.handle_rtcp(now, key, path, datagram),
        }
    }

    /// Latches the source of an authentic packet that belongs to a producer, if it is the first.
    pub(super) fn latch(
        &mut self,
        now: Micros,
        key: TransportKey,
        path: Path,
    ) -> Result<(), DanglingKey> {
        let Link::Plain(link) = &mut self.tables.transports.get_mut(key)?.link else {
            return Ok(());
        };
        if link.latch(path) {
            self.request_key_frames_of_transport(now, key)?;
            let producers = self.tables.transports.get(key)?.producers.clone();
            for producer in producers {
                self.send_key_frame_requests(now, producer)?;
            }
        }
        Ok(())
    }

    /// Requests key frames for receivers that cannot do so, if they are due.
    pub(super) fn request_periodic_key_frames(
        &mut self,
        now: Micros,
        key: TransportKey,
    ) -> Result<(), DanglingKey> {
        let transport = self.tables.transports.get_mut(key)?;
        let Link::Plain(link) = &mut transport.link else {
            return Ok(());
        };
        if now < link.next_key_frames {
            return Ok(());
        }
        link.next_key_frames = now.plus(KEY_FRAME_INTERVAL_US);
        let mut index = 0;
        while let Some(consumer_key) = self.tables.transports.get(key)?.consumers.get(index) {
            let consumer_key = *consumer_key;
            let consumer = self.tables.consumers.get(consumer_key)?;
            if consumer.kind == MediaKind::Video
                && !consumer.paused
                && !consumer.requests_key_frames
            {
                self.request_key_frame_of_consumer(now, consumer_key)?;
            }
            index += 1;
        }
        Ok(())
    }
}
