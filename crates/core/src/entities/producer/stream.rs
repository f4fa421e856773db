//! One received stream (encoding) of a producer.

use hubbub_codec::dependency_descriptor::TemplateStructure;
use hubbub_codec::{Codec, Describer, FrameInfo, Layer};
use hubbub_wire::NtpTime;
use hubbub_wire::rtp::RtpPacket;

use super::layer_rates::LayerRates;
use super::liveness::Layers;
use super::media_packet::{MediaPacket, Received};
use super::stream_clock::StreamClock;
use crate::api::{MediaKind, Micros, StreamStats};
use crate::entities::header_extensions::IncomingExtensions;
use crate::entities::stream_score::{Delivery, StreamScore};
use crate::receive::{
    Arrival, DuplicateFilter, KeptGroup, NackGenerator, PacketMeta, PacketStore, RateMeter,
    ReceiveStats, ReceptionReport, SequenceUnwrapper, StoredPacket, ticks_to_micros,
};

/// Packets that RTX may be ahead of the media: clients also repeat packets that were not requested.
const MAX_RTX_AHEAD: u64 = 100;
/// A stream without packets for this long stands still: the pictures of a slow one are closer.
const STILL_US: u64 = 500_000;

/// The state of one received stream.
pub(crate) struct ProducerStream {
    pub(crate) ssrc: u32,
    /// Identifies this stream among all that its worker has had.
    pub(crate) source: u32,
    kind: MediaKind,
    unwrapper: SequenceUnwrapper,
    duplicates: DuplicateFilter,
    pub(crate) reception: ReceiveStats,
    pub(crate) nacks: NackGenerator,
    packets: PacketStore,
    /// Of video.
    group: KeptGroup,
    describer: Describer,
    /// The highest spatial and the highest temporal layer so far.
    pub(crate) top: Layer,
    /// Liveness of the spatial layers, if there are several.
    pub(crate) spatial: Layers,
    rate: RateMeter,
    /// Of video.
    pub(crate) layer_rates: LayerRates,
    pub(crate) clock: StreamClock,
    pub(crate) last_received: Micros,
    pub(crate) score: StreamScore,
    /// `StreamStats::nacked` at the last sample of the score.
    scored_nacks: u64,
    stats: StreamStats,
}

impl ProducerStream {
    pub(crate) fn new(
        ssrc: u32,
        source: u32,
        rid: Option<String>,
        kind: MediaKind,
        clock_rate: u32,
    ) -> Self {
        let capacity = match kind {
            MediaKind::Audio => PacketStore::AUDIO,
            MediaKind::Video => PacketStore::VIDEO,
        };
        Self {
            ssrc,
            source,
            kind,
            unwrapper: SequenceUnwrapper::new(),
            duplicates: DuplicateFilter::new(),
            reception: ReceiveStats::new(clock_rate),
            nacks: NackGenerator::new(),
            packets: PacketStore::new(capacity),
            group: KeptGroup::default(),
            describer: Describer::new(Codec::Other),
            top: Layer::default(),
            spatial: Layers::new(usize::from(Layer::TOP.spatial) + 1),
            rate: RateMeter::new(),
            layer_rates: LayerRates::new(),
            clock: StreamClock::new(clock_rate),
            last_received: Micros(0),
            score: StreamScore::new(),
            scored_nacks: 0,
            stats: StreamStats {
                ssrc,
                rid,
                ..StreamStats::default()
            },
        }
    }

    /// Receives a packet: updates statistics and NACKs, and stores it.
    pub(crate) fn receive(
        &mut self,
        now: Micros,
        packet: &RtpPacket<'_>,
        media: &MediaPacket<'_>,
        extensions: &IncomingExtensions,
    ) -> Received {
        if media.by_rtx && !self.can_repair(media) {
            self.stats.dropped += 1;
            return Received::Dropped;
        }
        let sequence = self.unwrapper.extend(media.sequence);
        if !self.duplicates.insert(sequence) {
            self.stats.dropped += 1;
            return Received::Dropped;
        }
        self.last_received = now;
        let is_newest = sequence >= self.highest();
        if is_newest && self.clock.follow(now, packet.timestamp(), sequence) {
            self.reception.clock_jumped();
        }
        if media.by_rtx {
            self.reception.repaired(sequence);
            self.stats.repaired += 1;
        } else {
            self.reception.received(sequence, packet.timestamp(), now);
        }
        let key_frame_needed =
            media.nack && self.nacks.received(sequence, now) == Arrival::KeyFrameNeeded;
        if media.payload.is_empty() {
            self.stats.dropped += 1;
            let meta = self.meta(now, packet, media, sequence);
            // A later start of a consumer before this packet must skip its number, too.
            if let Some(stored) = self.packets.insert(meta, [], &[])
                && self.kind == MediaKind::Video
            {
                self.group.add(stored.meta(), false);
            }
            return Received::Padding { sequence };
        }
        self.store(now, packet, media, extensions, sequence, key_frame_needed)
    }

    /// Whether an RTX packet can repair this stream. RTX without payload is a bandwidth probe. Before the first media
    /// packet, RTX is of no use. Far ahead of it, RTX repairs the stream of a former SSRC.
    fn can_repair(&self, media: &MediaPacket<'_>) -> bool {
        let newest = self.unwrapper.nearest(media.sequence);
        !media.payload.is_empty()
            && self
                .unwrapper
                .highest()
                .is_some_and(|highest| newest <= highest + MAX_RTX_AHEAD)
    }

    fn meta(
        &self,
        now: Micros,
        packet: &RtpPacket<'_>,
        media: &MediaPacket<'_>,
        sequence: u64,
    ) -> PacketMeta {
        PacketMeta {
            sequence,
            timestamp: packet.timestamp(),
            received: now,
            clock_jumps: self.clock.jumps_before(sequence),
            codec: media.codec_index,
            marker: packet.marker(),
            frame: FrameInfo::default(),
        }
    }

    fn store(
        &mut self,
        now: Micros,
        packet: &RtpPacket<'_>,
        media: &MediaPacket<'_>,
        extensions: &IncomingExtensions,
        sequence: u64,
        key_frame_needed: bool,
    ) -> Received {
        self.stats.packets += 1;
        self.stats.bytes += media.payload.len() as u64;
        self.rate.add(now, media.payload.len());
        let frame = self.describe(packet, media, extensions);
        self.top = self.top.at_least(frame.layer());
        if self.top.spatial > 0 {
            self.spatial
                .received(frame.layer().on_grid().spatial.into(), now);
        }
        if self.kind == MediaKind::Video {
            self.layer_rates.add(
                now,
                frame.targets,
                packet.timestamp(),
                frame.key_frame(),
                media.payload.len(),
            );
        }
        let starts_key_frame = self.kind == MediaKind::Audio || frame.key_frame();
        if starts_key_frame && self.kind == MediaKind::Video {
            self.stats.key_frames += 1;
            self.nacks.key_frame(sequence);
        }
        let meta = PacketMeta {
            frame,
            ..self.meta(now, packet, media, sequence)
        };
        match self
            .packets
            .insert(meta, extensions.copied(packet), media.payload)
        {
            Some(stored) => {
                if self.kind == MediaKind::Video {
                    self.group.add(stored.meta(), starts_key_frame);
                }
                Received::Media {
                    sequence,
                    starts_key_frame,
                    key_frame_needed,
                }
            }
            None => Received::Dropped,
        }
    }

    /// What is known of the packet's frame; nothing if its payload cannot be parsed.
    fn describe(
        &mut self,
        packet: &RtpPacket<'_>,
        media: &MediaPacket<'_>,
        extensions: &IncomingExtensions,
    ) -> FrameInfo {
        if self.describer.codec() != media.codec {
            self.describer = Describer::new(media.codec);
        }
        let descriptor = extensions
            .dependency_descriptor
            .and_then(|id| packet.extension(id));
        self.describer
            .describe(media.payload, packet.marker(), descriptor)
            .unwrap_or_default()
    }

    /// A structure with the decode targets of the one that the packet's dependency descriptor refers to; `None` if one with
    /// others has replaced it.
    pub(crate) fn structure_of(&self, packet: &PacketMeta) -> Option<&TemplateStructure> {
        self.describer.structure_of(&packet.frame)
    }

    /// The highest extended number received; 0 before the first packet.
    pub(crate) fn highest(&self) -> u64 {
        self.unwrapper.highest().unwrap_or(0)
    }

    /// A packet that is still in the store or in the kept group, by its extended number. Its payload is empty if it had only
    /// padding.
    pub(crate) fn packet(&self, sequence: u64, now: Micros) -> Option<&StoredPacket> {
        let recent = self.packets.get(sequence, now);
        recent.or_else(|| self.group.get(sequence))
    }

    /// If the stream stands still: the number of the key frame from which a consumer can start with kept packets.
    pub(crate) fn still_since(&self, now: Micros) -> Option<u64> {
        let is_still = now.since(self.last_received) > STILL_US;
        is_still.then(|| self.group.start(self.highest())).flatten()
    }

    /// Keeps no group of pictures until the next key frame.
    pub(crate) fn forget_group(&mut self) {
        self.group.clear();
    }

    /// Frees the buffers of expired packets.
    pub(crate) fn free_expired_packets(&mut self, now: Micros) {
        self.group.copy_from(&self.packets, now);
        self.packets.free_expired(now);
        self.group.free_unused();
    }

    /// Bytes that the stored packets occupy.
    pub(crate) fn packet_bytes(&self) -> usize {
        self.packets.held_bytes() + self.group.held_bytes()
    }

    /// Frees the oldest packets until the buffers occupy at most `max` bytes.
    pub(crate) fn shrink_packets_to(&mut self, max: usize) {
        self.group.clear();
        self.packets.shrink_to(max);
    }

    /// Handles a sender report: NTP (32.32) and RTP timestamp of the same moment. Returns whether the clock was unknown.
    pub(crate) fn on_sender_report(&mut self, now: Micros, ntp: NtpTime, rtp: u32) -> bool {
        let was_unknown = self.clock.mapping().is_none();
        self.reception.sender_report(ntp.0, now);
        self.clock.on_sender_report(now, ntp, rtp);
        was_unknown
    }

    /// Converts `jitter` from timestamp units to microseconds.
    pub(crate) fn jitter_us(&self, jitter: u32) -> u64 {
        ticks_to_micros(jitter, self.clock.rate())
    }

    /// Counts packets that were requested, and the NACKs that requested them.
    pub(crate) const fn count_nacked(&mut self, packets: usize, nacks: usize) {
        self.stats.nacked += packets as u64;
        self.stats.nacks += nacks as u64;
    }

    /// Adds what a report says to the score. Returns the sample.
    pub(crate) fn add_to_score(&mut self, report: &ReceptionReport) -> u8 {
        let nacks = self.stats.nacked - self.scored_nacks;
        self.scored_nacks = self.stats.nacked;
        self.score.add(Delivery {
            expected: report.loss.expected,
            lost: report.loss.lost,
            repaired: report.loss.lost.saturating_sub(report.unrepaired.lost),
            retransmitted: nacks,
        })
    }

    /// Payload bits per second over the last second.
    pub(crate) fn bitrate(&mut self, now: Micros) -> u64 {
        self.rate.bits_per_second(now)
    }

    pub(crate) fn stats(&mut self, now: Micros) -> StreamStats {
        StreamStats {
            lost: self.reception.lost(),
            jitter: self.reception.jitter(),
            bitrate: self.rate.bits_per_second(now),
            ..self.stats.clone()
        }
    }
}
