//! Socket addresses in the kernel's representation.
#![allow(unsafe_code)]

use std::mem::{size_of, zeroed};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use libc::{c_int, sockaddr_in, sockaddr_in6, socklen_t};

/// An address of either family.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) union SocketAddress {
    v4: sockaddr_in,
    v6: sockaddr_in6,
}

pub(super) fn to_socket_address(address: SocketAddr) -> SocketAddress {
    // SAFETY: a union of C structures for which zero bytes are a value.
    let mut name: SocketAddress = unsafe { zeroed() };
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

fn family(name: &SocketAddress) -> c_int {
    // SAFETY: both variants begin with the family, and every `SocketAddress` was zeroed or written in full.
    c_int::from(unsafe { name.v4.sin_family })
}

pub(super) fn socket_address_len(name: &SocketAddress) -> socklen_t {
    if family(name) == libc::AF_INET6 {
        size_of::<sockaddr_in6>() as _
    } else {
        size_of::<sockaddr_in>() as _
    }
}

/// `None` for a family that UDP sockets do not use.
pub(super) fn from_socket_address(name: &SocketAddress, len: socklen_t) -> Option<SocketAddr> {
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
