//! The memory of stored packets: freed by time, and limited per transport.

use crate::api::Micros;
use crate::entities::{DanglingKey, TransportKey};

use super::Worker;

const INTERVAL_US: u64 = 1_000_000;

/// Bytes of stored packets per transport: two seconds of 64 Mbit/s. Above it, streams keep fewer packets for
/// retransmission.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// The same of a pipe for each of its producers, of which there may be as many as a room has.
const MAX_BYTES_OF_PIPED: usize = 4 * 1024 * 1024;

impl Worker {
    /// Once a second, frees the buffers of expired packets of a client's streams. Shares the limit evenly between the
    /// streams if it is exceeded.
    pub(super) fn free_packet_memory(
        &mut self,
        now: Micros,
        key: TransportKey,
    ) -> Result<(), DanglingKey> {
        let transport = self.tables.transports.get_mut(key)?;
        if now < transport.next_memory_check {
            return Ok(());
        }
        transport.next_memory_check = now.plus(INTERVAL_US);
        let (mut bytes, mut streams) = (0, 0);
        for producer in &transport.producers {
            let producer = self.tables.producers.get_mut(*producer)?;
            for stream in producer.streams.iter_mut().flatten() {
                stream.free_expired_packets(now);
                bytes += stream.packet_bytes();
                streams += 1;
            }
        }
        let max = match transport.link.pipe() {
            Some(_) => MAX_BYTES_OF_PIPED * transport.producers.len(),
            None => MAX_BYTES,
        };
        if bytes <= max {
            return Ok(());
        }
        for producer in &transport.producers {
            let producer = self.tables.producers.get_mut(*producer)?;
            for stream in producer.streams.iter_mut().flatten() {
                stream.shrink_packets_to(max / streams);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use hubbub_codec::Codec;
    use hubbub_wire::rtp::RtpPacket;

    use super::*;
    use crate::api::{
        CodecMapping, Command, EncodingSpec, FeedbackKind, IceCredentials, MediaKind, ProducerId,
        ProducerSpec, RouterId, TransportId,
    };
    use crate::worker::WorkerConfig;

    const TRANSPORT: TransportId = TransportId(1);
    const PAYLOAD: usize = 1_200;

    /// A worker with one transport, whose producers have eight video streams each.
    fn worker(producers: u64) -> Worker {
        let mut worker = Worker::new(WorkerConfig::default());
        let router = RouterId(1);
        let ice = IceCredentials {
            ufrag: "ufrag".into(),
            pwd: "password".into(),
        };
        let create_transport = Command::CreateTransport {
            transport: TRANSPORT,
            router,
            ice,
        };
        let create_producer = |producer| Command::CreateProducer {
            producer: ProducerId(producer),
            transport: TRANSPORT,
            spec: ProducerSpec {
                kind: MediaKind::Video,
                mid: Some(producer.to_string()),
                codecs: vec![CodecMapping {
                    codec: Codec::Vp8,
                    clock_rate: 90_000,
                    payload_type: 96,
                    rtx_payload_type: None,
                    router_payload_type: 96,
                    nack: false,
                    pli: false,
                    fir: false,
                    inband_fec: false,
                }],
                extensions: Vec::new(),
                encodings: (0..8)
                    .map(|encoding| EncodingSpec {
                        ssrc: Some(100 * producer as u32 + encoding),
                        ..EncodingSpec::default()
                    })
                    .collect(),
                feedback: FeedbackKind::None,
                paused: false,
                is_microphone: true,
            },
        };
        let commands = [Command::CreateRouter { router }, create_transport];
        for command in commands
            .into_iter()
            .chain((0..producers).map(create_producer))
        {
            worker.handle_command(Micros(0), 1, command);
        }
        worker
    }

    /// Stores 1,000 packets of each stream.
    fn fill(worker: &mut Worker, now: Micros) {
        let producers: Vec<_> = worker.tables.producer_ids.values().copied().collect();
        for key in producers {
            let producer = worker.tables.producers.get_mut(key).unwrap();
            for encoding in 0..8 {
                for sequence in 0..1_000u16 {
                    let mut packet = vec![0x80, 96];
                    packet.extend(sequence.to_be_bytes());
                    packet.resize(12 + PAYLOAD, 0);
                    let packet = RtpPacket::parse(&packet).unwrap();
                    producer.receive(now, encoding, false, &packet, &mut worker.last_source);
                }
            }
        }
    }

    /// Per stream: the bytes it occupies, and whether its newest packet is stored.
    fn streams(worker: &Worker, now: Micros) -> Vec<(usize, bool)> {
        let producers = worker.tables.producer_ids.values();
        producers
            .flat_map(|key| &worker.tables.producers.get(*key).unwrap().streams)
            .flatten()
            .map(|stream| {
                let newest = stream.packet((1 << 16) + 999, now);
                (stream.packet_bytes(), newest.is_some())
            })
            .collect()
    }

    #[test]
    fn a_silent_transport_holds_no_packets() {
        let mut worker = worker(1);
        fill(&mut worker, Micros(0));
        assert_eq!(streams(&worker, Micros(0)), [(1_000 * PAYLOAD, true); 8]);
        worker.handle_timeout(Micros(1_000_000));
        assert_eq!(streams(&worker, Micros(0)), [(1_000 * PAYLOAD, true); 8]);
        worker.handle_timeout(Micros(3_000_000));
        assert_eq!(streams(&worker, Micros(0)), [(0, false); 8]);
    }

    #[test]
    fn the_packets_of_a_transport_occupy_a_limited_number_of_bytes() {
        let mut worker = worker(4);
        fill(&mut worker, Micros(0));
        worker.handle_timeout(Micros(1_000));
        let streams = streams(&worker, Micros(1_000));
        let bytes: usize = streams.iter().map(|(bytes, _)| bytes).sum();
        assert!(
            (MAX_BYTES / 10 * 9..=MAX_BYTES).contains(&bytes),
            "{bytes} bytes"
        );
        assert!(streams.iter().all(|(_, holds_newest)| *holds_newest));
    }
}
