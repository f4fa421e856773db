//! The UDP socket of a worker, read with `recvmmsg` and written with `sendmmsg`: many datagrams per system call.
//!
//! The only unsafe code of the media core is in the submodules that allow it. Every pointer passed to the kernel is
//! created in the function that makes the call, from memory that this function borrows for longer than the call, and is
//! not used afterwards.

mod control_message;
mod receive_batch;
mod send_batch;
mod socket_address;
#[cfg(test)]
mod tests;
mod udp_sender;
mod worker_socket;

pub(crate) use receive_batch::ReceiveBatch;
pub(crate) use udp_sender::UdpSender;
pub(crate) use worker_socket::WorkerSocket;
