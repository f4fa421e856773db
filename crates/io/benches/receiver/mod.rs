//! A receiving client that returns transport-wide feedback as Chromium does.

use hubbub_netem::TransportCcReceiver;
use hubbub_srtp::MAX_OVERHEAD;
use hubbub_wire::Micros;
use hubbub_wire::rtp::RtpPacket;

use crate::common::Client;
use crate::common::media::TRANSPORT_CC;

/// A client and its feedback.
pub(crate) struct Receiver {
    pub(crate) client: Client,
    arrivals: TransportCcReceiver,
}

impl Receiver {
    /// A receiver that has received nothing.
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client,
            arrivals: TransportCcReceiver::new(Micros(0), None),
        }
    }

    /// Notes the arrival of a protected RTP packet, whose header extensions are not encrypted.
    pub(crate) fn arrived(&mut self, now: Micros, packet: &[u8]) {
        let number = RtpPacket::parse(packet)
            .ok()
            .and_then(|packet| packet.extension(TRANSPORT_CC)?.try_into().ok());
        if let Some(number) = number {
            self.arrivals.arrived(now, u16::from_be_bytes(number));
        }
    }

    /// Returns the feedback that is due.
    pub(crate) fn return_feedback(&mut self, now: Micros) {
        if now < self.arrivals.due() {
            return;
        }
        for packet in self.arrivals.feedback(now) {
            let mut buffer = packet.clone();
            buffer.resize(packet.len() + MAX_OVERHEAD, 0);
            let len = self
                .client
                .outbound
                .protect_rtcp(&mut buffer, packet.len())
                .expect("protected");
            self.client.socket.send(&buffer[..len]).expect("loopback");
        }
    }
}
