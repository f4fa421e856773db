//! `sendmmsg`.

use std::io;
use std::mem::zeroed;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::{AsFd, AsRawFd};

use hubbub_core::api::Path;
use libc::{iovec, mmsghdr};

use super::control::SendControl;
use super::name::{Name, name_len, to_name};
use crate::gso::{Message, Outgoing};
use crate::socket::WorkerSocket;

/// Messages that one `sendmmsg` takes at most.
const SEND_BATCH: usize = 256;

/// Of a message without datagrams, which no plan has.
const NOWHERE: Path = Path::udp(
    IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0)),
);

/// The kernel's view of a batch to send. Kept for its memory; nothing in it is read before it is written anew.
#[derive(Default)]
pub(crate) struct SendBatch {
    names: Vec<Name>,
    vectors: Vec<iovec>,
    controls: Vec<SendControl>,
    headers: Vec<mmsghdr>,
}

// SAFETY: the pointers in it are followed in `send` alone, which makes them anew; between calls they are mere bytes.
unsafe impl Send for SendBatch {}

impl SendBatch {
    /// Sends messages from the front of `messages`, whose datagrams are `entries` in the order of `order`, and tells
    /// how many the kernel took: at least one, at most 256.
    ///
    /// # Errors
    /// Those of `sendmmsg` for the first message, none of which was sent then.
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
            let mut path = NOWHERE;
            for entry in datagrams.filter_map(|&index| entries.get(index)) {
                path = entry.path;
                let base: *const u8 = entry.bytes.as_ptr();
                // The kernel only reads through the vectors of a message that is sent.
                self.vectors.push(iovec {
                    iov_base: base.cast_mut().cast(),
                    iov_len: entry.bytes.len(),
                });
            }
            let remote = match socket.mapped(path.remote.ip()) {
                ip if ip == path.remote.ip() => path.remote,
                mapped => SocketAddr::new(mapped, path.remote.port()),
            };
            self.names.push(to_name(remote));
            self.controls.push(SendControl::new(
                (message.count > 1).then_some(message.segment_bytes),
                socket.is_any().then(|| socket.mapped(path.local)),
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
            header.msg_hdr.msg_namelen = name_len(name);
            header.msg_hdr.msg_name = (&raw mut *name).cast();
            header.msg_hdr.msg_iov = own.as_mut_ptr();
            header.msg_hdr.msg_iovlen = own.len() as _;
            control.attach(&mut header.msg_hdr);
        }
        // SAFETY: the headers are as many as the call is told; each points to a name, vectors and control messages in
        // `self`, which none of the loops above moves any more, and through the vectors to `entries`; all outlive the
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
