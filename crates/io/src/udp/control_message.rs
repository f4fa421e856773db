//! Control messages: ancillary data of a datagram (`cmsg(3)`).
//!
//! A socket bound to the unspecified address answers from the address of the route to the client, which may differ from
//! the address that the client sent to. Such a socket therefore asks the kernel for the destination of each received
//! datagram (`IP_PKTINFO`, `ip(7)`; `IPV6_PKTINFO`, RFC 3542 section 6) and sets the source of each sent one.
#![allow(unsafe_code)]

use std::io;
use std::mem::{size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, BorrowedFd};

use libc::{c_int, cmsghdr, in_addr, in_pktinfo, in6_addr, in6_pktinfo, msghdr, socklen_t};

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

/// A local address of either family: the destination of a received datagram or the source of a sent one.
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

    /// The address that the kernel wrote for a received datagram; `None` when it wrote none.
    pub(super) fn read(&self, datagram: &msghdr) -> Option<IpAddr> {
        let written: usize = datagram.msg_controllen as _;
        if written < size_of::<cmsghdr>() {
            return None;
        }
        // SAFETY: both variants begin with the header, and every `LocalAddress` was zeroed or written in full.
        let header = unsafe { self.v4.header };
        let len: usize = header.cmsg_len as _;
        match (header.cmsg_level, header.cmsg_type) {
            (libc::IPPROTO_IP, libc::IP_PKTINFO) if len >= ControlMessage::<in_pktinfo>::LEN => {
                // SAFETY: the header says which variant the kernel has written.
                let info = unsafe { self.v4.value };
                Some(Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr)).into())
            }
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO)
                if len >= ControlMessage::<in6_pktinfo>::LEN =>
            {
                // SAFETY: the header says which variant the kernel has written.
                let info = unsafe { self.v6.value };
                Some(Ipv6Addr::from(info.ipi6_addr.s6_addr).into())
            }
            _ => None,
        }
    }
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
    let (level, option) = if is_ipv6 {
        (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO)
    } else {
        (libc::IPPROTO_IP, libc::IP_PKTINFO)
    };
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
