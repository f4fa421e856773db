//! Control messages: ancillary data of a datagram (`cmsg(3)`).
//!
//! The kernel reports the time at which it received each datagram (`SO_TIMESTAMPNS`, `socket(7)`), because many are read
//! at once, and some after waiting.
//!
//! A socket bound to the unspecified address answers from the address of the route to the client, which may differ from
//! the address that the client sent to. Such a socket therefore asks the kernel for the destination of each received
//! datagram (`IP_PKTINFO`, `ip(7)`; `IPV6_PKTINFO`, RFC 3542 section 6) and sets the source of each sent one.
#![allow(unsafe_code)]

use std::io;
use std::mem::{size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

use libc::{
    c_int, cmsghdr, in_addr, in_pktinfo, in6_addr, in6_pktinfo, msghdr, socklen_t, timespec,
};

/// One control message. Its size is `CMSG_SPACE` of the size of its value.
#[derive(Clone, Copy)]
#[repr(C)]
struct ControlMessage<T> {
    header: cmsghdr,
    value: T,
}

impl<T> ControlMessage<T> {
    /// `CMSG_LEN` of the size of the value.
    // SAFETY: arithmetic on sizes.
    const LEN: usize = unsafe { libc::CMSG_LEN(size_of::<T>() as u32) } as usize;

    fn new(level: c_int, kind: c_int, value: T) -> Self {
        const {
            // SAFETY: arithmetic on sizes.
            assert!(
                size_of::<Self>() == unsafe { libc::CMSG_SPACE(size_of::<T>() as u32) } as usize
            );
        }
        // SAFETY: a C structure for which zero bytes are a value.
        let mut header: cmsghdr = unsafe { zeroed() };
        header.cmsg_level = level;
        header.cmsg_type = kind;
        header.cmsg_len = Self::LEN as _;
        Self { header, value }
    }
}

/// A local address of either family: the source of a sent datagram.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) union LocalAddress {
    v4: ControlMessage<in_pktinfo>,
    v6: ControlMessage<in6_pktinfo>,
}

impl LocalAddress {
    fn new(address: IpAddr) -> Self {
        // Interface index 0: the route chooses the interface.
        match address {
            IpAddr::V4(ip) => {
                let any = in_addr { s_addr: 0 };
                let value = in_pktinfo {
                    ipi_ifindex: 0,
                    ipi_spec_dst: in_addr {
                        s_addr: u32::from(ip).to_be(),
                    },
                    ipi_addr: any,
                };
                Self {
                    v4: ControlMessage::new(libc::IPPROTO_IP, libc::IP_PKTINFO, value),
                }
            }
            IpAddr::V6(ip) => {
                let value = in6_pktinfo {
                    ipi6_addr: in6_addr {
                        s6_addr: ip.octets(),
                    },
                    ipi6_ifindex: 0,
                };
                Self {
                    v6: ControlMessage::new(libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, value),
                }
            }
        }
    }

    /// Size in bytes of the message that [`Self::new`] creates.
    fn bytes(address: IpAddr) -> usize {
        match address {
            IpAddr::V4(_) => size_of::<ControlMessage<in_pktinfo>>(),
            IpAddr::V6(_) => size_of::<ControlMessage<in6_pktinfo>>(),
        }
    }
}

/// Room for the control messages of a received datagram: a time stamp and a destination.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) union ReceivedControl {
    /// Aligns the buffer.
    header: cmsghdr,
    bytes: [u8; Self::BYTES],
}

impl ReceivedControl {
    const BYTES: usize =
        size_of::<ControlMessage<timespec>>() + size_of::<ControlMessage<in6_pktinfo>>();

    /// Sets the control fields of the message header to this room.
    pub(super) fn attach(&mut self, header: &mut msghdr) {
        header.msg_control = (&raw mut *self).cast();
        header.msg_controllen = Self::BYTES as _;
    }
}

/// The kernel's report about a received datagram.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Reported {
    /// The address that the datagram was sent to.
    pub(super) local: Option<IpAddr>,
    /// When it was received, since the Unix epoch.
    pub(super) time: Option<Duration>,
}

impl Reported {
    /// Reads the control messages of a received datagram.
    ///
    /// # Safety
    /// The control fields of `datagram` were set by [`ReceivedControl::attach`] and then by the kernel, and that
    /// [`ReceivedControl`] is still alive and was zeroed before.
    pub(super) unsafe fn read(datagram: &msghdr) -> Self {
        let mut reported = Self::default();
        // SAFETY: the caller guarantees valid control fields. `CMSG_NXTHDR` stays within them.
        let mut next = unsafe { libc::CMSG_FIRSTHDR(datagram) };
        // SAFETY: a pointer that is not null points to a header within the control fields.
        while let Some(header) = unsafe { next.as_ref() } {
            // SAFETY: `value` checks the length that the kernel wrote, and reads what the type of the message says.
            unsafe {
                match (header.cmsg_level, header.cmsg_type) {
                    (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => {
                        reported.time = value::<timespec>(header).map(|time| {
                            Duration::new(time.tv_sec.max(0) as u64, time.tv_nsec as u32)
                        });
                    }
                    (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                        reported.local = value::<in_pktinfo>(header)
                            .map(|info| Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr)).into());
                    }
                    (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                        reported.local = value::<in6_pktinfo>(header)
                            .map(|info| Ipv6Addr::from(info.ipi6_addr.s6_addr).into());
                    }
                    _ => {}
                }
                next = libc::CMSG_NXTHDR(datagram, header);
            }
        }
        reported
    }
}

/// The value of a control message; `None` when it is shorter than a `T`.
///
/// # Safety
/// As many bytes as the header says follow it, and any bytes are a `T`.
unsafe fn value<T>(header: &cmsghdr) -> Option<T> {
    let len: usize = header.cmsg_len as _;
    // SAFETY: the value follows the header and is at least as long as a `T`.
    (len >= ControlMessage::<T>::LEN)
        .then(|| unsafe { libc::CMSG_DATA(header).cast::<T>().read_unaligned() })
}

/// The ancillary data of a sent message: the segment size, then the source address. Without a segment size, the data
/// starts at the source address.
#[repr(C)]
pub(super) struct SendControl {
    segment: ControlMessage<u16>,
    source: LocalAddress,
    segmented: bool,
    source_bytes: usize,
}

impl SendControl {
    /// `segment_bytes` is given for a message of several datagrams; `source` unless the kernel chooses it.
    pub(super) fn new(segment_bytes: Option<u16>, source: Option<IpAddr>) -> Self {
        Self {
            segment: ControlMessage::new(
                libc::SOL_UDP,
                libc::UDP_SEGMENT,
                segment_bytes.unwrap_or_default(),
            ),
            source: LocalAddress::new(source.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))),
            segmented: segment_bytes.is_some(),
            source_bytes: source.map_or(0, LocalAddress::bytes),
        }
    }

    /// Sets the control fields of the message header to this data.
    pub(super) fn attach(&mut self, header: &mut msghdr) {
        if self.segmented {
            header.msg_control = (&raw mut *self).cast();
            header.msg_controllen = (size_of::<ControlMessage<u16>>() + self.source_bytes) as _;
        } else if self.source_bytes > 0 {
            header.msg_control = (&raw mut self.source).cast();
            header.msg_controllen = self.source_bytes as _;
        }
    }
}

/// Makes the kernel report the destination of each datagram that `socket`, an IPv6 or IPv4 socket, receives.
///
/// # Errors
/// The errors of `setsockopt`.
pub(super) fn report_destinations(socket: BorrowedFd<'_>, is_ipv6: bool) -> io::Result<()> {
    if is_ipv6 {
        switch_on(socket, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO)
    } else {
        switch_on(socket, libc::IPPROTO_IP, libc::IP_PKTINFO)
    }
}

/// Makes the kernel report the time at which it received each datagram.
///
/// # Errors
/// The errors of `setsockopt`.
pub(super) fn report_times(socket: BorrowedFd<'_>) -> io::Result<()> {
    switch_on(socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS)
}

fn switch_on(socket: BorrowedFd<'_>, level: c_int, option: c_int) -> io::Result<()> {
    let on: c_int = 1;
    // SAFETY: the pointer is to an integer of this stack frame, passed with its size.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            (&raw const on).cast(),
            size_of::<c_int>() as socklen_t,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
