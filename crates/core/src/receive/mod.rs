//! The parts of a received stream. Each is pure: no I/O, and time is an argument.
//!
//! One set per producer stream: [`SequenceUnwrapper`], [`DuplicateFilter`], [`ReceiveStats`], [`RateMeter`],
//! [`NackGenerator`], [`ClockMapping`], [`PacketStore`]. One [`KeyFrameRequests`] per producer. Per transport: one
//! [`ArrivalLog`], and one [`RembEstimate`] for clients without transport-cc.
//!
//! Sequence numbers are *extended* to 64 bits: the low 16 bits are the number on the wire (`ext as u16`).

mod arrival_log;
mod clock_mapping;
mod duplicate_filter;
mod kept_group;
mod key_frame_requests;
mod nack_generator;
mod packet_store;
mod rate_meter;
mod receive_stats;
mod remb_estimate;
mod rtp_clock;
mod rtx_payload;
mod sequence_unwrapper;

pub(crate) use arrival_log::ArrivalLog;
pub(crate) use clock_mapping::ClockMapping;
pub(crate) use duplicate_filter::DuplicateFilter;
pub(crate) use kept_group::KeptGroup;
pub(crate) use key_frame_requests::KeyFrameRequests;
pub(crate) use nack_generator::{Arrival, NackGenerator};
pub(crate) use packet_store::{PacketMeta, PacketStore, StoredPacket};
pub(crate) use rate_meter::RateMeter;
pub(crate) use receive_stats::{Loss, ReceiveStats, ReceptionReport};
pub(crate) use remb_estimate::RembEstimate;
pub(crate) use rtp_clock::{RtpMoment, micros_to_ticks, ticks_to_micros};
pub(crate) use rtx_payload::RtxPayload;
pub(crate) use sequence_unwrapper::SequenceUnwrapper;
