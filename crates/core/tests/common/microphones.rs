//! A room of microphones, each with a transport that sends it and one that receives the others.

use hubbub_core::WorkerConfig;
use hubbub_core::api::{Command, EncodingSpec, Event, ProducerId, ProducerSpec};

use super::media::Packet;
use super::specs::{AUDIO_LEVEL, OPUS, audio, audio_consumer, consume_running, produce};
use super::{Client, Received, World};

/// Audio levels in -dBov.
pub const SILENCE: u8 = 127;
pub const NOISE: u8 = 80;
pub const SPEECH: u8 = 25;

/// The duration of a packet.
const PACKET_MS: u64 = 20;

pub struct Microphone {
    sender: Client,
    receiver: Client,
    pub producer: ProducerId,
    sequence: u16,
}

pub struct Room {
    pub world: World,
    pub microphones: Vec<Microphone>,
}

/// The SSRC of a microphone's packets.
fn ssrc_of(index: usize) -> u32 {
    1000 + index as u32
}

/// The SSRC of the packets of microphone `of` for another one.
pub fn out_ssrc(of: usize) -> u32 {
    5000 + of as u32
}

impl Room {
    /// `last_n`: microphones that are forwarded at the same time; 0 for all.
    pub fn new(last_n: usize, count: usize) -> Self {
        Self::with(last_n, count, |_, spec| spec)
    }

    /// As [`Self::new`]; `change` makes the parameters of each producer.
    pub fn with(
        last_n: usize,
        count: usize,
        change: impl Fn(usize, ProducerSpec) -> ProducerSpec,
    ) -> Self {
        let mut world = World::with(WorkerConfig {
            last_n_audio: last_n,
            ..WorkerConfig::default()
        });
        let mut microphones: Vec<Microphone> = (0..count)
            .map(|index| {
                let number = 2 * u8::try_from(index).expect("few microphones");
                let sender = Client::connected(&mut world, number + 1);
                let spec = ProducerSpec {
                    encodings: vec![EncodingSpec {
                        ssrc: Some(ssrc_of(index)),
                        ..EncodingSpec::default()
                    }],
                    ..audio()
                };
                let spec = change(index, spec);
                Microphone {
                    producer: produce(&mut world, sender.transport, index as u64 + 1, spec),
                    sender,
                    receiver: Client::connected(&mut world, number + 2),
                    sequence: 0,
                }
            })
            .collect();
        let producers: Vec<_> = microphones.iter().map(|one| one.producer).collect();
        let mut consumers = 0;
        for (index, microphone) in microphones.iter_mut().enumerate() {
            let transport = microphone.receiver.transport;
            for (of, producer) in producers.iter().enumerate().filter(|(of, _)| *of != index) {
                consumers += 1;
                let spec = audio_consumer(out_ssrc(of));
                consume_running(&mut world, transport, *producer, consumers, spec);
            }
        }
        Self { world, microphones }
    }

    /// Sends one packet of a microphone.
    pub fn send(&mut self, index: usize, level: u8) {
        self.send_with(index, &[(AUDIO_LEVEL, &[level])]);
    }

    /// Sends one packet of a microphone with these extensions.
    pub fn send_with(&mut self, index: usize, extensions: &[(u8, &[u8])]) {
        let microphone = &mut self.microphones[index];
        microphone.sequence += 1;
        let packet = Packet {
            ssrc: ssrc_of(index),
            payload_type: OPUS,
            sequence: microphone.sequence,
            timestamp: (self.world.now.0 / 1000 * 48) as u32,
            marker: false,
            extensions: extensions.to_vec(),
            payload: vec![0x78; 40],
            padding: 0,
        };
        microphone.sender.send(&mut self.world, &packet.bytes());
    }

    /// Lets every microphone send for this time. `level`: of a microphone, -dBov; `None` sends nothing.
    pub fn run(&mut self, milliseconds: u64, level: impl Fn(usize) -> Option<u8>) {
        for _ in 0..milliseconds / PACKET_MS {
            for index in 0..self.microphones.len() {
                if let Some(level) = level(index) {
                    self.send(index, level);
                }
            }
            self.world.advance(PACKET_MS);
        }
    }

    /// As [`Self::run`]: these microphones carry speech, the others noise.
    pub fn speak(&mut self, milliseconds: u64, speakers: &[usize]) {
        self.run(milliseconds, |index| {
            Some(if speakers.contains(&index) {
                SPEECH
            } else {
                NOISE
            })
        });
    }

    /// The packets that a microphone's client received since the last call.
    pub fn received(&mut self, by: usize) -> Vec<Received> {
        self.microphones[by].receiver.take_rtp(&mut self.world)
    }

    /// The microphones that a client received anything of since the last call.
    pub fn heard(&mut self, by: usize) -> Vec<usize> {
        let received = self.received(by);
        (0..self.microphones.len())
            .filter(|of| {
                received
                    .iter()
                    .any(|packet| packet.rtp().ssrc() == out_ssrc(*of))
            })
            .collect()
    }

    /// Forgets all packets received so far.
    pub fn forget_received(&mut self) {
        for index in 0..self.microphones.len() {
            self.received(index);
        }
    }

    pub fn pause(&mut self, index: usize) {
        let producer = self.microphones[index].producer;
        self.world.execute(Command::PauseProducer { producer });
    }

    pub fn resume(&mut self, index: usize) {
        let producer = self.microphones[index].producer;
        self.world.execute(Command::ResumeProducer { producer });
    }

    /// The active speakers since the last call, by number of the microphone.
    pub fn active_speakers(&mut self) -> Vec<usize> {
        let events = std::mem::take(&mut self.world.events);
        let speakers = events.iter().filter_map(|event| match event {
            Event::ActiveSpeaker { speaker, .. } => Some(speaker.producer.0 as usize - 1),
            _ => None,
        });
        speakers.collect()
    }

    /// The reported levels since the last call: microphone and dBov.
    pub fn levels(&mut self) -> Vec<Vec<(usize, i8)>> {
        let events = std::mem::take(&mut self.world.events);
        let reports = events.iter().filter_map(|event| match event {
            Event::AudioLevels { levels, .. } => Some(levels),
            _ => None,
        });
        reports
            .map(|levels| {
                levels
                    .iter()
                    .map(|level| (level.producer.0 as usize - 1, level.volume))
                    .collect()
            })
            .collect()
    }
}
