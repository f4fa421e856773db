//! XOR-MAPPED-ADDRESS: RFC 8489 section 14.2.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{MAGIC_COOKIE, TransactionId, attribute};
use crate::WireError;
use crate::bytes::{self, Cursor};

const IPV4: u8 = 1;
const IPV6: u8 = 2;
const PORT_MASK: u16 = (MAGIC_COOKIE >> 16) as u16;

fn ipv6_mask(transaction_id: &TransactionId) -> u128 {
    transaction_id
        .iter()
        .fold(u128::from(MAGIC_COOKIE), |mask, byte| {
            (mask << 8) | u128::from(*byte)
        })
}

/// Appends the attribute. An IPv4-mapped IPv6 address is written as IPv4, as the client knows its address.
pub(super) fn append(
    out: &mut Cursor<'_>,
    id: &TransactionId,
    address: SocketAddr,
) -> Result<(), WireError> {
    let port = (address.port() ^ PORT_MASK).to_be_bytes();
    match address.ip().to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = (u32::from(ip) ^ MAGIC_COOKIE).to_be_bytes();
            let [high, low] = port;
            attribute::write(
                out,
                attribute::XOR_MAPPED_ADDRESS,
                &[0, IPV4, high, low, a, b, c, d],
            )
        }
        IpAddr::V6(ip) => {
            out.u16(attribute::XOR_MAPPED_ADDRESS)?;
            out.u16(20)?;
            out.bytes(&[0, IPV6])?;
            out.bytes(&port)?;
            out.bytes(&(u128::from(ip) ^ ipv6_mask(id)).to_be_bytes())
        }
    }
}

/// Reads the attribute's value.
pub(super) fn read(value: &[u8], id: &TransactionId) -> Result<SocketAddr, WireError> {
    let port = bytes::u16_at(value, 2)? ^ PORT_MASK;
    let ip = match (bytes::u8_at(value, 1)?, value.len()) {
        (IPV4, 8) => IpAddr::V4(Ipv4Addr::from(bytes::u32_at(value, 4)? ^ MAGIC_COOKIE)),
        (IPV6, 20) => IpAddr::V6(Ipv6Addr::from(
            u128::from_be_bytes(bytes::array(value, 4)?) ^ ipv6_mask(id),
        )),
        _ => return Err(WireError::InvalidField),
    };
    Ok(SocketAddr::new(ip, port))
}
