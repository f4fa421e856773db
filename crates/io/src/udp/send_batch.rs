//! Sends a batch of messages with `sendmmsg`.
#![allow(unsafe_code)]

use std::io;
use std::mem::zeroed;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::{AsFd, AsRawFd};

use hubbub_core::api::Path;
use libc::{iovec, mmsghdr};

use super::WorkerSocket;
use super::control_message::SendControl;
use super::socket_address::{SocketAddress, socket_address_len, to_socket_address};
use crate::send_plan::{Message, Outgoing};

/// Maximum number of messages per `sendmmsg`.
const SEND_BATCH: usize = 256;

/// The path of a message without datagrams, which no plan contains.
const NO_PATH: Path = Path::udp(
    IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0)),
);

/// The headers of a batch in the kernel's representation. Kept to reuse the allocations: every field is written before
/// it is read.
#[derive(Default)]
pub(crate) struct SendBatch {
    names: Vec<SocketAddress>,
    vectors: Vec<iovec>,
    controls: Vec<SendControl>,
    headers: Vec<mmsghdr>,
}

// SAFETY: only `send` dereferences the pointers, and it creates them itself. Between calls they are unused.
unsafe impl Send for SendBatch {}

impl SendBatch {
    /// Sends messages from the front of `messages`, whose datagrams are `entries` in the order of `order`. Returns how
    /// many the kernel accepted: at least one, at most 256.
    ///
    /// # Errors
    /// The errors of `sendmmsg` for the first message; no message was sent.
    pub(crate) fn send(
        &mut self,
        socket: &WorkerSocket,
        entries: &[Outgoing<'_>],
        order: &[usize],
        messages: &[Message],
    ) -> io::Result<usize> {
        self.names.clear();
        self.vectors.clear();
        self.controls.clear();
        self.headers.clear();
        let messages = messages.get(..SEND_BATCH).unwrap_or(messages);
        for message in messages {
            let datagrams = order
                .get(message.first..)
                .unwrap_or_default()
                .iter()
                .take(message.count);
            let mut path = NO_PATH;
            for entry in datagrams.filter_map(|&index| entries.get(index)) {
                path = entry.path;
                let base: *const u8 = entry.bytes.as_ptr();
                // The kernel only reads through the vectors of a sent message.
                self.vectors.push(iovec {
                    iov_base: base.cast_mut().cast(),
                    iov_len: entry.bytes.len(),
                });
            }
            let remote = match socket.mapped(path.remote.ip()) {
                ip if ip == path.remote.ip() => path.remote,
                mapped => SocketAddr::new(mapped, path.remote.port()),
            };
            self.names.push(to_socket_address(remote));
            self.controls.push(SendControl::new(
                (message.count > 1).then_some(message.segment_bytes),
                socket.is_unspecified().then(|| socket.mapped(path.local)),
            ));
            // SAFETY: a C structure for which zero bytes are a value.
            self.headers.push(unsafe { zeroed() });
        }
        let mut rest = self.vectors.as_mut_slice();
        let parts = self
            .headers
            .iter_mut()
            .zip(&mut self.names)
            .zip(&mut self.controls)
            .zip(messages);
        for (((header, name), control), message) in parts {
            let (own, others) = rest.split_at_mut(message.count.min(rest.len()));
            rest = others;
            header.msg_hdr.msg_namelen = socket_address_len(name);
            header.msg_hdr.msg_name = (&raw mut *name).cast();
            header.msg_hdr.msg_iov = own.as_mut_ptr();
            header.msg_hdr.msg_iovlen = own.len() as _;
            control.attach(&mut header.msg_hdr);
        }
        // SAFETY: the call gets the number of headers. Each points to an address, vectors and control messages in
        // `self`, which are not moved after the loops above, and through the vectors to `entries`. All outlive the
        // call.
        let sent = unsafe {
            libc::sendmmsg(
                socket.as_fd().as_raw_fd(),
                self.headers.as_mut_ptr(),
                self.headers.len() as u32,
                libc::MSG_DONTWAIT,
            )
        };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }
}
