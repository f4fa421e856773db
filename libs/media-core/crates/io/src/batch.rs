//! `recvmmsg` and `sendmmsg`: many datagrams with one system call. The only unsafe code of the media core.
//!
//! Rules: every pointer that is handed to the kernel is made in the function that makes the call, from memory that
//! this function borrows for longer than the call, and is used by nobody afterwards.
#![allow(unsafe_code)]

use std::io;
use std::mem::{size_of, zeroed};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::null_mut;

use libc::{c_int, c_void, cmsghdr, iovec, mmsghdr, sockaddr_in, sockaddr_in6, socklen_t};

use crate::gso::{Message, Outgoing};

/// Datagrams that one `recvmmsg` brings at most.
pub(crate) const RECEIVE_BATCH: usize = 64;

/// Messages that one `sendmmsg` takes at most.
const SEND_BATCH: usize = 256;

/// Larger datagrams are none of WebRTC's (its packets fit an Ethernet frame); they are dropped as truncated.
const BUFFER_BYTES: usize = 2_048;

/// Room for the address of either family.
#[derive(Clone, Copy)]
#[repr(C)]
union Name {
    v4: sockaddr_in,
    v6: sockaddr_in6,
}

/// The one control message that is sent: the size of a segment, a `u16` (`CMSG_SPACE(2)` bytes).
#[derive(Clone, Copy)]
#[repr(C)]
struct SegmentControl {
    header: cmsghdr,
    segment_bytes: u16,
    padding: [u16; 3],
}

const SEGMENT_BYTES_LEN: u32 = size_of::<u16>() as u32;

/// What [`ReceiveBatch::receive`] brought, and the buffers for it.
pub(crate) struct ReceiveBatch {
    buffers: Vec<[u8; BUFFER_BYTES]>,
    /// Length and source of each datagram; none for one to be skipped.
    received: Vec<Option<(usize, SocketAddr)>>,
}

impl ReceiveBatch {
    pub(crate) fn new() -> Self {
        Self {
            buffers: vec![[0; BUFFER_BYTES]; RECEIVE_BATCH],
            received: Vec::with_capacity(RECEIVE_BATCH),
        }
    }

    /// Takes what waits in the socket, at most [`RECEIVE_BATCH`] datagrams, and tells how many there were; datagrams
    /// that did not fit are among them but not in [`ReceiveBatch::datagrams`].
    ///
    /// # Errors
    /// Those of `recvmmsg`, `WouldBlock` when there is nothing.
    pub(crate) fn receive(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        self.received.clear();
        // SAFETY: all three are C structures for which zero bytes are a value.
        let (mut names, mut vectors, mut headers) = unsafe {
            (
                zeroed::<[Name; RECEIVE_BATCH]>(),
                zeroed::<[iovec; RECEIVE_BATCH]>(),
                zeroed::<[mmsghdr; RECEIVE_BATCH]>(),
            )
        };
        let parts = self
            .buffers
            .iter_mut()
            .zip(&mut names)
            .zip(&mut vectors)
            .zip(&mut headers);
        for (((buffer, name), vector), header) in parts {
            *vector = iovec {
                iov_base: buffer.as_mut_ptr().cast(),
                iov_len: BUFFER_BYTES,
            };
            header.msg_hdr.msg_name = (name as *mut Name).cast();
            header.msg_hdr.msg_namelen = size_of::<Name>() as socklen_t;
            header.msg_hdr.msg_iov = vector;
            header.msg_hdr.msg_iovlen = 1;
        }
        // SAFETY: the headers are as many as the call is told; each points to a name and a vector of this frame and
        // through it to a buffer of `self`, with their sizes; all outlive the call.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                headers.as_mut_ptr(),
                RECEIVE_BATCH as u32,
                libc::MSG_DONTWAIT,
                null_mut(),
            )
        };
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        for (header, name) in headers.iter().zip(&names).take(count) {
            let whole = header.msg_hdr.msg_flags & libc::MSG_TRUNC == 0;
            let from = from_name(name, header.msg_hdr.msg_namelen).filter(|_| whole);
            self.received
                .push(from.map(|from| (header.msg_len as usize, from)));
        }
        Ok(count)
    }

    /// The datagrams of the last [`ReceiveBatch::receive`], with their sources.
    pub(crate) fn datagrams(&mut self) -> impl Iterator<Item = (SocketAddr, &mut [u8])> {
        self.buffers
            .iter_mut()
            .zip(&self.received)
            .filter_map(|(buffer, received)| {
                let (len, from) = (*received)?;
                Some((from, buffer.get_mut(..len)?))
            })
    }
}

/// The kernel's view of a batch to send. Kept for its memory; nothing in it is read before it is written anew.
#[derive(Default)]
pub(crate) struct SendBatch {
    names: Vec<Name>,
    vectors: Vec<iovec>,
    controls: Vec<SegmentControl>,
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
        socket: BorrowedFd<'_>,
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
            let mut to = None;
            for entry in datagrams.filter_map(|&index| entries.get(index)) {
                to = Some(entry.to);
                let base: *const u8 = entry.bytes.as_ptr();
                // The kernel only reads through the vectors of a message that is sent.
                self.vectors.push(iovec {
                    iov_base: base.cast_mut().cast(),
                    iov_len: entry.bytes.len(),
                });
            }
            self.names.push(to_name(
                to.unwrap_or(SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0))),
            ));
            self.controls.push(segment_control(message.segment_bytes));
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
            header.msg_hdr.msg_name = (name as *mut Name).cast();
            header.msg_hdr.msg_iov = own.as_mut_ptr();
            header.msg_hdr.msg_iovlen = own.len() as _;
            if message.count > 1 {
                header.msg_hdr.msg_control = (control as *mut SegmentControl).cast::<c_void>();
                header.msg_hdr.msg_controllen = size_of::<SegmentControl>() as _;
            }
        }
        // SAFETY: the headers are as many as the call is told; each points to a name, vectors and a control message
        // in `self`, which none of the loops above moves any more, and through the vectors to `entries`; all outlive
        // the call.
        let sent = unsafe {
            libc::sendmmsg(
                socket.as_raw_fd(),
                self.headers.as_mut_ptr(),
                self.headers.len() as u32,
                libc::MSG_DONTWAIT,
            )
        };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }
}

fn segment_control(segment_bytes: u16) -> SegmentControl {
    const {
        // SAFETY: arithmetic on sizes.
        assert!(
            size_of::<SegmentControl>() == unsafe { libc::CMSG_SPACE(SEGMENT_BYTES_LEN) } as usize
        );
    }
    // SAFETY: a C structure for which zero bytes are a value.
    let mut header: cmsghdr = unsafe { zeroed() };
    header.cmsg_level = libc::SOL_UDP;
    header.cmsg_type = libc::UDP_SEGMENT as c_int;
    // SAFETY: arithmetic on sizes.
    header.cmsg_len = unsafe { libc::CMSG_LEN(SEGMENT_BYTES_LEN) } as _;
    SegmentControl {
        header,
        segment_bytes,
        padding: [0; 3],
    }
}

fn to_name(address: SocketAddr) -> Name {
    // SAFETY: a union of C structures for which zero bytes are a value.
    let mut name: Name = unsafe { zeroed() };
    match address {
        SocketAddr::V4(v4) => {
            name.v4 = sockaddr_in {
                sin_family: libc::AF_INET as libc::sa_family_t,
                sin_port: v4.port().to_be(),
                sin_addr: libc::in_addr {
                    s_addr: u32::from(*v4.ip()).to_be(),
                },
                sin_zero: [0; 8],
            };
        }
        SocketAddr::V6(v6) => {
            name.v6 = sockaddr_in6 {
                sin6_family: libc::AF_INET6 as libc::sa_family_t,
                sin6_port: v6.port().to_be(),
                sin6_flowinfo: v6.flowinfo(),
                sin6_addr: libc::in6_addr {
                    s6_addr: v6.ip().octets(),
                },
                sin6_scope_id: v6.scope_id(),
            };
        }
    }
    name
}

fn family(name: &Name) -> c_int {
    // SAFETY: both variants begin with the family, and every `Name` was zeroed or written in full.
    c_int::from(unsafe { name.v4.sin_family })
}

fn name_len(name: &Name) -> socklen_t {
    if family(name) == libc::AF_INET6 {
        size_of::<sockaddr_in6>() as _
    } else {
        size_of::<sockaddr_in>() as _
    }
}

/// `None` for a family that a UDP socket does not have.
fn from_name(name: &Name, len: socklen_t) -> Option<SocketAddr> {
    match family(name) {
        libc::AF_INET if len as usize >= size_of::<sockaddr_in>() => {
            // SAFETY: the family says which variant the kernel has written.
            let v4 = unsafe { name.v4 };
            let ip = Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr));
            Some(SocketAddr::V4(SocketAddrV4::new(
                ip,
                u16::from_be(v4.sin_port),
            )))
        }
        libc::AF_INET6 if len as usize >= size_of::<sockaddr_in6>() => {
            // SAFETY: the family says which variant the kernel has written.
            let v6 = unsafe { name.v6 };
            let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
            let port = u16::from_be(v6.sin6_port);
            Some(SocketAddr::V6(SocketAddrV6::new(
                ip,
                port,
                v6.sin6_flowinfo,
                v6.sin6_scope_id,
            )))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::os::fd::AsFd;

    use hubbub_core::Priority;

    use super::*;
    use crate::gso::{Limits, Plan};

    fn exchange(host: &str, datagrams: &[&[u8]], limits: Limits) -> (usize, Vec<Vec<u8>>) {
        let sender = UdpSocket::bind((host, 0)).unwrap();
        let receiver = UdpSocket::bind((host, 0)).unwrap();
        let to = receiver.local_addr().unwrap();
        let entries: Vec<_> = datagrams
            .iter()
            .map(|bytes| Outgoing {
                bytes,
                to,
                priority: Priority::Video,
            })
            .collect();
        let mut plan = Plan::default();
        plan.make(&entries, limits);
        let sent = SendBatch::default()
            .send(sender.as_fd(), &entries, plan.order(), plan.messages())
            .unwrap();

        let mut batch = ReceiveBatch::new();
        assert_eq!(batch.receive(receiver.as_fd()).unwrap(), datagrams.len());
        let received = batch.datagrams().map(|(from, bytes)| {
            assert_eq!(from, sender.local_addr().unwrap());
            bytes.to_vec()
        });
        (sent, received.collect())
    }

    #[test]
    fn a_segmented_message_arrives_as_the_datagrams_that_went_in() {
        let datagrams: [&[u8]; 4] = [&[1; 1100], &[2; 1100], &[3; 1100], &[4; 7]];
        let (messages, received) = exchange("127.0.0.1", &datagrams, Limits::default());
        assert_eq!(messages, 1);
        assert_eq!(received, datagrams);
    }

    #[test]
    fn without_segmentation_each_datagram_is_a_message_of_one_call() {
        let datagrams: [&[u8]; 3] = [&[1; 1100], &[2; 1100], &[3; 20]];
        let (messages, received) = exchange("127.0.0.1", &datagrams, Limits::OFF);
        assert_eq!(messages, 3);
        assert_eq!(received, datagrams);
    }

    #[test]
    fn addresses_of_ipv6_are_carried_too() {
        let datagrams: [&[u8]; 2] = [&[1; 100], &[2; 100]];
        assert_eq!(
            exchange("::1", &datagrams, Limits::default()),
            (1, datagrams.map(<[u8]>::to_vec).to_vec())
        );
    }

    #[test]
    fn a_datagram_that_does_not_fit_is_skipped() {
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        sender
            .send_to(&[0; BUFFER_BYTES + 1], receiver.local_addr().unwrap())
            .unwrap();
        sender
            .send_to(&[1; BUFFER_BYTES], receiver.local_addr().unwrap())
            .unwrap();
        let mut batch = ReceiveBatch::new();
        assert_eq!(batch.receive(receiver.as_fd()).unwrap(), 2);
        let received: Vec<_> = batch.datagrams().map(|(_, bytes)| bytes.to_vec()).collect();
        assert_eq!(received, [[1; BUFFER_BYTES]]);
    }

    #[test]
    fn an_empty_socket_says_that_it_would_block() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let error = ReceiveBatch::new().receive(socket.as_fd()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    }
}
