//! `recvmmsg` and `sendmmsg`: many datagrams with one system call. The only unsafe code of the media core.
//!
//! Rules: every pointer that is handed to the kernel is made in the function that makes the call, from memory that
//! this function borrows for longer than the call, and is used by nobody afterwards.
#![allow(unsafe_code)]

mod control;
mod name;
mod receive;
mod send;
#[cfg(test)]
mod tests;

pub(crate) use control::report_destinations;
pub(crate) use receive::ReceiveBatch;
pub(crate) use send::SendBatch;
