//! `recvmmsg`.

use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsFd, AsRawFd};
use std::ptr::null_mut;

use hubbub_core::api::Path;
use libc::{iovec, mmsghdr, socklen_t};

use super::control::Local;
use super::name::{Name, from_name};
use crate::LONGEST_DATAGRAM;
use crate::socket::{WorkerSocket, canonical};

/// Datagrams that one `recvmmsg` brings at most.
const RECEIVE_BATCH: usize = 64;

/// What [`ReceiveBatch::receive`] brought, and the buffers for it.
pub(crate) struct ReceiveBatch {
    buffers: Vec<[u8; LONGEST_DATAGRAM]>,
    /// Length of each datagram and what it came over; none for one to be skipped.
    received: Vec<Option<(usize, Path)>>,
}

impl ReceiveBatch {
    pub(crate) fn new() -> Self {
        Self {
            buffers: vec![[0; LONGEST_DATAGRAM]; RECEIVE_BATCH],
            received: Vec::with_capacity(RECEIVE_BATCH),
        }
    }

    /// Takes what waits in the socket, at most [`RECEIVE_BATCH`] datagrams, and tells how many there were; datagrams
    /// that did not fit are among them but not in [`ReceiveBatch::datagrams`].
    ///
    /// # Errors
    /// Those of `recvmmsg`, `WouldBlock` when there is nothing.
    pub(crate) fn receive(&mut self, socket: &WorkerSocket) -> io::Result<usize> {
        self.received.clear();
        // SAFETY: all four are C structures for which zero bytes are a value.
        let (mut names, mut locals, mut vectors, mut headers) = unsafe {
            (
                zeroed::<[Name; RECEIVE_BATCH]>(),
                zeroed::<[Local; RECEIVE_BATCH]>(),
                zeroed::<[iovec; RECEIVE_BATCH]>(),
                zeroed::<[mmsghdr; RECEIVE_BATCH]>(),
            )
        };
        let parts = self
            .buffers
            .iter_mut()
            .zip(&mut names)
            .zip(&mut locals)
            .zip(&mut vectors)
            .zip(&mut headers);
        for ((((buffer, name), local), vector), header) in parts {
            *vector = iovec {
                iov_base: buffer.as_mut_ptr().cast(),
                iov_len: LONGEST_DATAGRAM,
            };
            header.msg_hdr.msg_name = (&raw mut *name).cast();
            header.msg_hdr.msg_namelen = size_of::<Name>() as socklen_t;
            header.msg_hdr.msg_iov = vector;
            header.msg_hdr.msg_iovlen = 1;
            if socket.is_any() {
                header.msg_hdr.msg_control = (&raw mut *local).cast();
                header.msg_hdr.msg_controllen = size_of::<Local>() as _;
            }
        }
        // SAFETY: the headers are as many as the call is told; each points to a name, a control message and a vector
        // of this frame and through it to a buffer of `self`, with their sizes; all outlive the call.
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
        for ((header, name), local) in headers.iter().zip(&names).zip(&locals).take(count) {
            let whole = header.msg_hdr.msg_flags & libc::MSG_TRUNC == 0;
            let remote = from_name(name, header.msg_hdr.msg_namelen).filter(|_| whole);
            let local = local.read(&header.msg_hdr).unwrap_or(socket.address().ip());
            self.received.push(remote.map(|remote| {
                let path = Path::udp(local.to_canonical(), canonical(remote));
                (header.msg_len as usize, path)
            }));
        }
        Ok(count)
    }

    /// The datagrams of the last [`ReceiveBatch::receive`], with what they came over.
    pub(crate) fn datagrams(&mut self) -> impl Iterator<Item = (Path, &mut [u8])> {
        self.buffers
            .iter_mut()
            .zip(&self.received)
            .filter_map(|(buffer, received)| {
                let (len, path) = (*received)?;
                Some((path, buffer.get_mut(..len)?))
            })
    }
}
