//! Receives a batch of datagrams with `recvmmsg`.
#![allow(unsafe_code)]

use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsFd, AsRawFd};
use std::ptr::null_mut;
use std::time::Duration;

use hubbub_core::api::Path;
use libc::{iovec, mmsghdr, socklen_t};

use super::WorkerSocket;
use super::control_message::{ReceivedControl, Reported};
use super::socket_address::{SocketAddress, from_socket_address};
use crate::LONGEST_DATAGRAM;
use crate::socket::canonical;

/// Maximum number of datagrams per `recvmmsg`.
const RECEIVE_BATCH: usize = 64;

/// The datagrams of the last [`ReceiveBatch::receive`] and their buffers.
pub(crate) struct ReceiveBatch {
    buffers: Vec<[u8; LONGEST_DATAGRAM]>,
    /// Each datagram; `None` for one to be skipped.
    received: Vec<Option<Datagram>>,
}

#[derive(Debug, Clone, Copy)]
struct Datagram {
    len: usize,
    path: Path,
    /// When the kernel received it, since the Unix epoch.
    time: Option<Duration>,
}

impl ReceiveBatch {
    pub(crate) fn new() -> Self {
        Self {
            buffers: vec![[0; LONGEST_DATAGRAM]; RECEIVE_BATCH],
            received: Vec::with_capacity(RECEIVE_BATCH),
        }
    }

    /// Receives up to [`RECEIVE_BATCH`] queued datagrams and returns their number. It includes truncated datagrams,
    /// which [`ReceiveBatch::datagrams`] skips.
    ///
    /// # Errors
    /// The errors of `recvmmsg`: `WouldBlock` when the socket is empty.
    pub(crate) fn receive(&mut self, socket: &WorkerSocket) -> io::Result<usize> {
        self.received.clear();
        // SAFETY: all four are C structures for which zero bytes are a value.
        let (mut names, mut controls, mut vectors, mut headers) = unsafe {
            (
                zeroed::<[SocketAddress; RECEIVE_BATCH]>(),
                zeroed::<[ReceivedControl; RECEIVE_BATCH]>(),
                zeroed::<[iovec; RECEIVE_BATCH]>(),
                zeroed::<[mmsghdr; RECEIVE_BATCH]>(),
            )
        };
        let parts = self
            .buffers
            .iter_mut()
            .zip(&mut names)
            .zip(&mut controls)
            .zip(&mut vectors)
            .zip(&mut headers);
        for ((((buffer, name), control), vector), header) in parts {
            *vector = iovec {
                iov_base: buffer.as_mut_ptr().cast(),
                iov_len: LONGEST_DATAGRAM,
            };
            header.msg_hdr.msg_name = (&raw mut *name).cast();
            header.msg_hdr.msg_namelen = size_of::<SocketAddress>() as socklen_t;
            header.msg_hdr.msg_iov = vector;
            header.msg_hdr.msg_iovlen = 1;
            control.attach(&mut header.msg_hdr);
        }
        // SAFETY: the call gets the number of headers. Each points to an address, control messages and a vector of this stack frame, and through the vector to a buffer of `self`, with their sizes. All outlive the call.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_fd().as_raw_fd(),
                headers.as_mut_ptr(),
                RECEIVE_BATCH as u32,
                libc::MSG_DONTWAIT,
                null_mut(),
            )
        };
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        for (header, name) in headers.iter().zip(&names).take(count) {
            let whole = header.msg_hdr.msg_flags & libc::MSG_TRUNC == 0;
            let remote = from_socket_address(name, header.msg_hdr.msg_namelen).filter(|_| whole);
            // SAFETY: the kernel has written the control fields, which point to `controls` of this stack frame.
            let Reported { local, time } = unsafe { Reported::read(&header.msg_hdr) };
            let local = local.unwrap_or(socket.address().ip());
            self.received.push(remote.map(|remote| Datagram {
                len: header.msg_len as usize,
                path: Path {
                    local: local.to_canonical(),
                    remote: canonical(remote),
                    protocol: socket.protocol(),
                },
                time,
            }));
        }
        Ok(count)
    }

    /// The datagrams of the last [`ReceiveBatch::receive`], with their paths and the times at which the kernel received
    /// them, since the Unix epoch.
    pub(crate) fn datagrams(
        &mut self,
    ) -> impl Iterator<Item = (Path, Option<Duration>, &mut [u8])> {
        self.buffers
            .iter_mut()
            .zip(&self.received)
            .filter_map(|(buffer, received)| {
                let Datagram { len, path, time } = (*received)?;
                Some((path, time, buffer.get_mut(..len)?))
            })
    }
}
