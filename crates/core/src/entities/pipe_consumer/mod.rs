//! A pipe consumer: what one router sends of a producer to another router, encoding by encoding.
//!
//! | of a packet                    | is                                                                              |
//! |--------------------------------|---------------------------------------------------------------------------------|
//! | payload, marker, timestamp     | the producer's                                                                  |
//! | header extensions              | the producer's values, as far as they describe the media                        |
//! | payload type, ids, SSRC        | those of the pipe                                                               |
//! | sequence number                | the producer's plus a constant, which changes only when an encoding starts anew |
//!
//! So a packet that the origin has not received is a gap for the other side, too, and leaves as soon as it is repaired.
//! Both sides know it by one number, and no packet has two.

mod encoding;
mod numbers;
mod send;
mod state;

pub(crate) use encoding::PipeAdmission;
pub(crate) use send::PipeSender;
pub(crate) use state::PipeConsumer;
