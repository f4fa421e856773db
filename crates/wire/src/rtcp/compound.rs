//! Compound RTCP packets: RFC 3550 section 6.1, including reduced-size RTCP of RFC 5506.

use super::header::{self, RawPacket};
use super::{
    Bye, ExtendedReport, Fir, Nack, Pli, ReceiverReport, Remb, Sdes, SenderReport,
    TransportFeedback,
};
use crate::WireError;

/// An RTCP packet of a known type.
#[derive(Debug, Clone)]
pub enum RtcpPacket<'a> {
    /// RFC 3550 section 6.4.1.
    SenderReport(SenderReport<'a>),
    /// RFC 3550 section 6.4.2.
    ReceiverReport(ReceiverReport<'a>),
    /// RFC 3550 section 6.5.
    Sdes(Sdes<'a>),
    /// RFC 3550 section 6.6.
    Bye(Bye<'a>),
    /// RFC 4585 section 6.2.1.
    Nack(Nack<'a>),
    /// RFC 4585 section 6.3.1.
    Pli(Pli),
    /// RFC 5104 section 4.3.1.
    Fir(Fir<'a>),
    /// draft-alvestrand-rmcat-remb-03.
    Remb(Remb<'a>),
    /// draft-holmer-rmcat-transport-wide-cc-extensions-01.
    TransportFeedback(TransportFeedback<'a>),
    /// RFC 3611.
    ExtendedReport(ExtendedReport<'a>),
}

impl<'a> RtcpPacket<'a> {
    /// `None` for an unknown packet type or format.
    fn parse(raw: RawPacket<'a>) -> Result<Option<Self>, WireError> {
        let RawPacket {
            packet_type,
            count,
            body,
        } = raw;
        Ok(Some(match (packet_type, count) {
            (header::SENDER_REPORT, _) => Self::SenderReport(SenderReport::parse(count, body)?),
            (header::RECEIVER_REPORT, _) => {
                Self::ReceiverReport(ReceiverReport::parse(count, body)?)
            }
            (header::SOURCE_DESCRIPTION, _) => Self::Sdes(Sdes::parse(count, body)?),
            (header::GOODBYE, _) => Self::Bye(Bye::parse(count, body)?),
            (header::TRANSPORT_LAYER_FEEDBACK, Nack::FORMAT) => Self::Nack(Nack::parse(body)?),
            (header::TRANSPORT_LAYER_FEEDBACK, TransportFeedback::FORMAT) => {
                Self::TransportFeedback(TransportFeedback::parse(body)?)
            }
            (header::PAYLOAD_SPECIFIC_FEEDBACK, Pli::FORMAT) => Self::Pli(Pli::parse(body)?),
            (header::PAYLOAD_SPECIFIC_FEEDBACK, Fir::FORMAT) => Self::Fir(Fir::parse(body)?),
            (header::PAYLOAD_SPECIFIC_FEEDBACK, Remb::FORMAT) => {
                return Ok(Remb::parse(body)?.map(Self::Remb));
            }
            (header::EXTENDED_REPORT, _) => Self::ExtendedReport(ExtendedReport::parse(body)?),
            _ => return Ok(None),
        }))
    }
}

/// Iterates over the packets of a compound. A malformed packet is an error item; an unknown packet is skipped.
#[derive(Debug, Clone)]
pub struct Compound<'a> {
    rest: &'a [u8],
}

impl<'a> Compound<'a> {
    /// Checks the version, length and padding of every packet in the compound.
    ///
    /// # Errors
    /// [`WireError::Truncated`] for an empty datagram, else the error of the first packet with an invalid header.
    pub fn parse(data: &'a [u8]) -> Result<Self, WireError> {
        let mut rest = data;
        loop {
            rest = RawPacket::split(rest)?.1;
            if rest.is_empty() {
                return Ok(Self { rest: data });
            }
        }
    }
}

impl<'a> Iterator for Compound<'a> {
    type Item = Result<RtcpPacket<'a>, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let (raw, rest) = RawPacket::split(self.rest).ok()?;
            self.rest = rest;
            if let Some(item) = RtcpPacket::parse(raw).transpose() {
                return Some(item);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLI: [u8; 12] = [0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2];
    /// An APP packet, which is not supported.
    const UNKNOWN: [u8; 12] = [0x80, 204, 0, 2, 0, 0, 0, 1, b'n', b'a', b'm', b'e'];
    /// A PLI that is too short for its fields.
    const SHORT_PLI: [u8; 8] = [0x81, 206, 0, 1, 0, 0, 0, 1];

    fn items(data: &[u8]) -> Vec<Result<RtcpPacket<'_>, WireError>> {
        Compound::parse(data).unwrap().collect()
    }

    #[test]
    fn unknown_packets_are_skipped() {
        let data = [&UNKNOWN[..], &PLI, &UNKNOWN].concat();
        assert!(matches!(items(&data)[..], [Ok(RtcpPacket::Pli(_))]));
    }

    #[test]
    fn a_malformed_packet_leaves_the_next_one_readable() {
        let data = [&SHORT_PLI[..], &PLI].concat();
        assert!(matches!(
            items(&data)[..],
            [Err(WireError::Truncated), Ok(RtcpPacket::Pli(_))]
        ));
    }

    #[test]
    fn a_compound_with_an_invalid_header_is_refused() {
        assert_eq!(Compound::parse(&[]).unwrap_err(), WireError::Truncated);
        assert_eq!(
            Compound::parse(&[&PLI[..], &PLI[..11]].concat()).unwrap_err(),
            WireError::BadLength
        );
        assert_eq!(
            Compound::parse(&[&PLI[..], &[0x41, 206, 0, 0]].concat()).unwrap_err(),
            WireError::BadVersion
        );
        assert_eq!(
            Compound::parse(&[0xA1, 206, 0, 1, 0, 0, 0, 0]).unwrap_err(),
            WireError::BadPadding
        );
        assert_eq!(
            Compound::parse(&[0xA1, 206, 0, 1, 0, 0, 0, 5]).unwrap_err(),
            WireError::BadPadding
        );
    }

    #[test]
    fn padding_is_removed_from_any_packet() {
        let padded = [0xA1, 206, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 4];
        let data = [&padded[..], &PLI].concat();
        assert!(matches!(
            items(&data)[..],
            [Ok(RtcpPacket::Pli(_)), Ok(RtcpPacket::Pli(_))]
        ));
    }
}
