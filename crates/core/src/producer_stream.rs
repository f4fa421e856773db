//! One stream (encoding) of a producer: what its packets go through on the way in.

use hubbub_codec::{Codec, Describer};
use hubbub_wire::NtpTime;
use hubbub_wire::rtp::RtpPacket;

use crate::api::{MediaKind, Micros};
use crate::extensions::IncomingExtensions;
use crate::quality::jitter_us;
use crate::stats::StreamStats;
use crate::stream::{
    Arrival, ClockMapping, DuplicateFilter, NackGenerator, PacketMeta, PacketStore, RateMeter,
    ReceiveStats, SequenceUnwrapper, StoredPacket,
};

/// How long a sender's first report is waited for, microseconds.
const REPORT_WAIT_US: u64 = 5_000_000;

/// A packet of media, whichever way it came.
pub(crate) struct MediaPacket<'a> {
    /// On the wire of the media stream; of RTX the original.
    pub(crate) sequence: u16,
    /// Padding is off.
    pub(crate) payload: &'a [u8],
    /// Index of the codec in the producer's list.
    pub(crate) codec_index: u8,
    pub(crate) codec: Codec,
    /// May be asked for again.
    pub(crate) nack: bool,
    /// Came by RTX.
    pub(crate) by_rtx: bool,
}

/// What came of a packet.
pub(crate) enum Received {
    /// A copy, a probe, or what nobody needs any more: dropped.
    Dropped,
    /// Nothing but padding: its sequence number is to be closed up.
    Padding {
        /// Extended.
        sequence: u64,
    },
    /// Media, now in the store under this extended number.
    Media {
        /// Extended.
        sequence: u64,
        /// A key frame begins with it; every packet of audio counts as one.
        starts_key_frame: bool,
        /// So much is missing that only a key frame helps.
        key_frame_needed: bool,
    },
}

/// The state of one received stream.
pub(crate) struct ProducerStream {
    pub(crate) ssrc: u32,
    /// Names this stream among all that its producer ever had.
    pub(crate) source: u32,
    kind: MediaKind,
    unwrapper: SequenceUnwrapper,
    duplicates: DuplicateFilter,
    pub(crate) reception: ReceiveStats,
    pub(crate) nacks: NackGenerator,
    store: PacketStore,
    describer: Describer,
    rate: RateMeter,
    /// From the sender's reports.
    pub(crate) clock: Option<ClockMapping>,
    pub(crate) last_received: Micros,
    /// RTP timestamp and arrival of the first packet.
    first: Option<(u32, Micros)>,
    clock_rate: u32,
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
            store: PacketStore::new(capacity),
            describer: Describer::new(Codec::Other),
            rate: RateMeter::new(),
            clock: None,
            last_received: Micros(0),
            first: None,
            clock_rate,
            stats: StreamStats {
                ssrc,
                rid,
                ..StreamStats::default()
            },
        }
    }

    /// Takes a packet in.
    pub(crate) fn receive(
        &mut self,
        now: Micros,
        packet: &RtpPacket<'_>,
        media: &MediaPacket<'_>,
        extensions: &IncomingExtensions,
    ) -> Received {
        // An RTX packet says nothing where the stream has not begun; it may be a probe.
        if media.by_rtx && (media.payload.is_empty() || self.unwrapper.highest().is_none()) {
            self.stats.dropped += 1;
            return Received::Dropped;
        }
        let sequence = self.unwrapper.extend(media.sequence);
        if !self.duplicates.first_sight(sequence) {
            self.stats.dropped += 1;
            return Received::Dropped;
        }
        self.last_received = now;
        self.first.get_or_insert((packet.timestamp(), now));
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
            return Received::Padding { sequence };
        }
        self.keep(now, packet, media, extensions, sequence, key_frame_needed)
    }

    fn keep(
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
        let starts_key_frame =
            self.kind == MediaKind::Audio || self.starts_key_frame(packet, media, extensions);
        if starts_key_frame && self.kind == MediaKind::Video {
            self.stats.key_frames += 1;
            self.nacks.key_frame(sequence);
        }
        let meta = PacketMeta {
            sequence,
            timestamp: packet.timestamp(),
            received: now,
            codec: media.codec_index,
            marker: packet.marker(),
        };
        match self
            .store
            .insert(meta, extensions.copied(packet), media.payload)
        {
            Some(_) => Received::Media {
                sequence,
                starts_key_frame,
                key_frame_needed,
            },
            None => Received::Dropped,
        }
    }

    fn starts_key_frame(
        &mut self,
        packet: &RtpPacket<'_>,
        media: &MediaPacket<'_>,
        extensions: &IncomingExtensions,
    ) -> bool {
        if self.describer.codec() != media.codec {
            self.describer = Describer::new(media.codec);
        }
        let descriptor = extensions
            .dependency_descriptor
            .and_then(|id| packet.extension(id));
        // What cannot be read begins nothing.
        self.describer
            .describe(media.payload, packet.marker(), descriptor)
            .is_ok_and(|info| info.key_frame)
    }

    /// A packet that is still kept, by its extended number.
    pub(crate) fn packet(&self, sequence: u64, now: Micros) -> Option<&StoredPacket> {
        self.store.get(sequence, now)
    }

    /// What consumers' sender reports are made from: the sender's own reports, so that its streams stay in step; our
    /// clock (`wall_clock_us`: Unix time at `Micros(0)`) when none has come in the first five seconds.
    pub(crate) fn clock_for_reports(
        &self,
        now: Micros,
        wall_clock_us: u64,
    ) -> Option<ClockMapping> {
        self.clock.or_else(|| {
            let (timestamp, at) = self
                .first
                .filter(|(_, at)| now.since(*at) >= REPORT_WAIT_US)?;
            let ntp = NtpTime::from_unix_micros(wall_clock_us.wrapping_add(at.0));
            Some(ClockMapping::new(ntp.0, timestamp, at, self.clock_rate))
        })
    }

    /// The sender has reported: NTP (32.32) and RTP timestamp of one moment.
    pub(crate) fn sender_report(&mut self, now: Micros, ntp: NtpTime, rtp: u32) {
        self.reception.sender_report(ntp.0, now);
        self.clock = Some(ClockMapping::new(ntp.0, rtp, now, self.clock_rate));
    }

    /// Interarrival jitter in microseconds, of `jitter` in timestamp units.
    pub(crate) fn jitter_us(&self, jitter: u32) -> u64 {
        jitter_us(jitter, self.clock_rate)
    }

    /// Packets that were asked for.
    pub(crate) fn nacked(&mut self, count: usize) {
        self.stats.nacked += count as u64;
    }

    /// Bits per second over the last second.
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
