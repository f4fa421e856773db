//! A producer: one track that a client sends, as one stream or as several encodings of it.

mod encoding_switches;
mod key_frames;
mod layer_rates;
mod layer_steps;
mod learn;
mod liveness;
mod media_packet;
mod microphone;
mod origin;
mod payload_types;
mod piped_steps;
mod scores;
mod state;
mod stream;
mod stream_clock;
mod succession;
mod wanted_encodings;

pub(crate) use key_frames::KeyFrameRequestKind;
pub(crate) use layer_steps::LayerSteps;
pub(crate) use media_packet::Received;
pub(crate) use origin::Origin;
pub(crate) use piped_steps::PipedSteps;
pub(crate) use state::Producer;
pub(crate) use stream::ProducerStream;
pub(crate) use wanted_encodings::EncodingSet;
