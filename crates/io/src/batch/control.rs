//! Control messages: what the kernel tells and is told beside a datagram (`cmsg(3)`).
//!
//! A socket that is bound to no address of its own answers from whichever address the route to the client has, which
//! need not be the one that the client asked. So it has the destination of each datagram reported (`IP_PKTINFO`,
//! `ip(7)`; `IPV6_PKTINFO`, RFC 3542 section 6) and names the source of each that it sends.

use std::io;
use std::mem::{size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, BorrowedFd};

use libc::{c_int, cmsghdr, in_addr, in_pktinfo, in6_addr, in6_pktinfo, msghdr, socklen_t};

/// One control message; its size is `CMSG_SPACE` of its value's.
#[derive(Clone, Copy)]
#[repr(C)]
struct Control<T> {
    header: cmsghdr,
    value: T,
}

impl<T> Control<T> {
    /// `CMSG_LEN` of the value's size.
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

/// An address of ours, of either family: the destination of what was received, the source of what is sent.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) union Local {
    v4: Control<in_pktinfo>,
    v6: Control<in6_pktinfo>,
}

impl Local {
    fn new(address: IpAddr) -> Self {
        // The interface (index 0) is the route's choice.
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
                    v4: Control::new(libc::IPPROTO_IP, libc::IP_PKTINFO, value),
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
                    v6: Control::new(libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, value),
                }
            }
        }
    }

    /// Bytes of the message that [`Self::new`] makes.
    fn bytes(address: IpAddr) -> usize {
        match address {
            IpAddr::V4(_) => size_of::<Control<in_pktinfo>>(),
            IpAddr::V6(_) => size_of::<Control<in6_pktinfo>>(),
        }
    }

    /// What the kernel has written for a datagram; `None` when that is not an address.
    pub(super) fn read(&self, datagram: &msghdr) -> Option<IpAddr> {
        let written: usize = datagram.msg_controllen as _;
        if written < size_of::<cmsghdr>() {
            return None;
        }
        // SAFETY: both variants begin with the header, and every `Local` was zeroed or written in full.
        let header = unsafe { self.v4.header };
        let len: usize = header.cmsg_len as _;
        match (header.cmsg_level, header.cmsg_type) {
            (libc::IPPROTO_IP, libc::IP_PKTINFO) if len >= Control::<in_pktinfo>::LEN => {
                // SAFETY: the header says which variant the kernel has written.
                let info = unsafe { self.v4.value };
                Some(Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr)).into())
            }
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) if len >= Control::<in6_pktinfo>::LEN => {
                // SAFETY: the header says which variant the kernel has written.
                let info = unsafe { self.v6.value };
                Some(Ipv6Addr::from(info.ipi6_addr.s6_addr).into())
            }
            _ => None,
        }
    }
}

/// What goes with a message: the size of its segments, then its source. Without the first one it begins at the second.
#[repr(C)]
pub(super) struct SendControl {
    segment: Control<u16>,
    source: Local,
    segmented: bool,
    source_bytes: usize,
}

impl SendControl {
    /// `segment_bytes` for a message of several datagrams; `source` where the kernel is not to choose it.
    pub(super) fn new(segment_bytes: Option<u16>, source: Option<IpAddr>) -> Self {
        Self {
            segment: Control::new(
                libc::SOL_UDP,
                libc::UDP_SEGMENT,
                segment_bytes.unwrap_or_default(),
            ),
            source: Local::new(source.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))),
            segmented: segment_bytes.is_some(),
            source_bytes: source.map_or(0, Local::bytes),
        }
    }

    /// Points the header of its message to it.
    pub(super) fn attach(&mut self, header: &mut msghdr) {
        if self.segmented {
            header.msg_control = (&raw mut *self).cast();
            header.msg_controllen = (size_of::<Control<u16>>() + self.source_bytes) as _;
        } else if self.source_bytes > 0 {
            header.msg_control = (&raw mut self.source).cast();
            header.msg_controllen = self.source_bytes as _;
        }
    }
}

/// Has the destination of each datagram reported that `socket`, of IPv6 or of IPv4, receives.
///
/// # Errors
/// Those of `setsockopt`.
pub(crate) fn report_destinations(socket: BorrowedFd<'_>, is_ipv6: bool) -> io::Result<()> {
    let (level, option) = if is_ipv6 {
        (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO)
    } else {
        (libc::IPPROTO_IP, libc::IP_PKTINFO)
    };
    let on: c_int = 1;
    // SAFETY: the pointer is to an integer of this frame, whose size is told.
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
