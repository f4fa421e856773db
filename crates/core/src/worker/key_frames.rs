//! Key frame requests: the consumers that need one, and the PLI or FIR to the client that produces it.

use hubbub_wire::rtcp::{FirBuilder, FirEntry, Pli};

use crate::api::{MediaKind, Micros};
use crate::entities::{ConsumerKey, DanglingKey, KeyFrameRequestKind, ProducerKey, TransportKey};

use super::Worker;
use super::rtcp_out::{RTCP_BUFFER, RtcpOut};

/// A key frame is given at most this long to arrive, microseconds.
const MAX_WAIT_US: u64 = 1_000_000;

impl Worker {
    /// Whether a client's request for a key frame is to wait. Behind a long queue, its last key frame may still be under way, and
    /// what was lost of it is repeated: another one would lengthen the queue. If neither helps in time, the request is followed.
    pub(super) fn postpone_request(
        &mut self,
        now: Micros,
        key: ConsumerKey,
    ) -> Result<bool, DanglingKey> {
        let consumer = self.tables.consumers.get_mut(key)?;
        let transport = self.tables.transports.get(consumer.transport)?;
        let Some(congestion) = transport.congestion.as_deref() else {
            return Ok(false);
        };
        if !congestion.estimator.is_queueing() || !consumer.is_repaired() {
            return Ok(false);
        }
        let producer = self.tables.producers.get(consumer.producer)?;
        let stream = consumer
            .current_source()
            .and_then(|source| producer.stream_of_source(source));
        let (Some(stream), Some(started)) = (stream, consumer.key_frame_started) else {
            return Ok(false);
        };
        let time = congestion.transfer_time(stream.layer_rates.key_frame_bytes());
        let until = started.plus(time.min(MAX_WAIT_US));
        consumer.postponed_request = (now < until).then_some(until);
        Ok(now < until)
    }

    /// Requests a key frame of the encoding that this consumer receives or should receive.
    ///
    /// Does nothing while the consumer's transport cannot carry media: the key frame would be lost.
    /// [`Self::request_key_frames_of_transport`] requests it later.
    pub(super) fn request_key_frame_of_consumer(
        &mut self,
        now: Micros,
        key: ConsumerKey,
    ) -> Result<(), DanglingKey> {
        let consumer = self.tables.consumers.get(key)?;
        if !self.tables.transports.get(consumer.transport)?.is_ready() {
            return Ok(());
        }
        let producer_key = consumer.producer;
        let producer = self.tables.producers.get_mut(producer_key)?;
        let current = consumer.forwarded_encoding(producer);
        producer.ask_for_key_frame(current.unwrap_or(consumer.target_encoding(producer)));
        self.send_key_frame_requests(now, producer_key)
    }

    /// Requests a key frame of the producer's best layer.
    pub(super) fn request_key_frame_of_producer(
        &mut self,
        now: Micros,
        key: ProducerKey,
    ) -> Result<(), DanglingKey> {
        let producer = self.tables.producers.get_mut(key)?;
        producer.ask_for_key_frame(producer.layers.best());
        self.send_key_frame_requests(now, key)
    }

    /// Requests key frames for the video consumers and pipe consumers of a transport that has become able to carry media.
    pub(super) fn request_key_frames_of_transport(
        &mut self,
        now: Micros,
        key: TransportKey,
    ) -> Result<(), DanglingKey> {
        let transport = self.tables.transports.get(key)?;
        if !transport.is_ready() {
            return Ok(());
        }
        for consumer_key in transport.consumers.clone() {
            let consumer = self.tables.consumers.get(consumer_key)?;
            if consumer.kind == MediaKind::Video
                && !consumer.paused
                && consumer.current_source().is_none()
            {
                self.request_key_frame_of_consumer(now, consumer_key)?;
            }
        }
        self.request_key_frames_of_pipes(now, key)
    }

    /// Sends the key frame requests that are wanted and due to the producer's client.
    pub(super) fn send_key_frame_requests(
        &mut self,
        now: Micros,
        key: ProducerKey,
    ) -> Result<(), DanglingKey> {
        let producer = self.tables.producers.get_mut(key)?;
        if !producer.needs_key_frame() {
            return Ok(());
        }
        let transport = self.tables.transports.get_mut(producer.transport)?;
        if !transport.is_ready() {
            return Ok(());
        }
        producer.key_frames_due(now, transport.rtt_us(), &mut self.ssrcs);
        if self.ssrcs.is_empty() {
            return Ok(());
        }
        let Some(kind) = producer.key_frame_request_kind() else {
            return Ok(());
        };
        let requests = self.ssrcs.len() as u64;
        producer.count_key_frame_requests(kind, requests);
        self.counters.media.key_frame_requests_received += requests;
        let sender_ssrc = transport.rtcp_ssrc;
        let mut buffer = RTCP_BUFFER;
        let mut out = RtcpOut::new(transport, &mut self.outbox, &mut buffer);
        for media_ssrc in &self.ssrcs {
            match kind {
                KeyFrameRequestKind::Pli => out.push(&Pli {
                    sender_ssrc,
                    media_ssrc: *media_ssrc,
                }),
                KeyFrameRequestKind::Fir(command_sequence) => {
                    let entries = [FirEntry {
                        ssrc: *media_ssrc,
                        command_sequence,
                    }];
                    out.push(&FirBuilder {
                        sender_ssrc,
                        entries: &entries,
                    });
                }
            }
        }
        Ok(())
    }
}
