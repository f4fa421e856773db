//! DTLS records pass through the worker unread: the control plane terminates DTLS (RFC 5764 section 5.1.2).

use crate::api::{Event, Micros};
use crate::entities::{DanglingKey, Link, TransportKey};
use crate::send::{MAX_DATAGRAM, Priority};

use super::Worker;

/// Datagrams that wait for a selected pair: more than the largest flight of a handshake.
const MAX_PENDING: usize = 16;

impl Worker {
    /// Passes a datagram from a valid pair to the control plane, within the transport's rate limit.
    pub(super) fn handle_dtls(
        &mut self,
        now: Micros,
        key: TransportKey,
        datagram: &[u8],
    ) -> Result<(), DanglingKey> {
        let transport = self.tables.transports.get_mut(key)?;
        let Link::WebRtc(link) = &mut transport.link else {
            return Ok(());
        };
        if !link.dtls_allowance.take(now, 1) {
            self.counters.dropped_dtls += 1;
            return Ok(());
        }
        let transport = transport.id;
        self.events.push(Event::DtlsReceived {
            transport,
            datagram: datagram.to_vec(),
        });
        Ok(())
    }

    /// Sends a datagram over the selected pair, or queues it until a pair is selected.
    pub(super) fn send_dtls(
        &mut self,
        key: TransportKey,
        datagram: Vec<u8>,
    ) -> Result<(), DanglingKey> {
        let transport = self.tables.transports.get_mut(key)?;
        let Link::WebRtc(link) = &mut transport.link else {
            return Ok(());
        };
        if datagram.len() > MAX_DATAGRAM {
            self.counters.dropped_dtls += 1;
        } else if let Some(path) = link.ice.selected() {
            if self.outbox.push(&datagram, path, Priority::Control) {
                transport.stats.count_sent(datagram.len());
            }
        } else if link.pending_dtls.len() < MAX_PENDING {
            link.pending_dtls.push(datagram);
        } else {
            self.counters.dropped_dtls += 1;
        }
        Ok(())
    }

    /// Sends the queued datagrams after a pair has been selected.
    pub(super) fn flush_dtls(&mut self, key: TransportKey) -> Result<(), DanglingKey> {
        let transport = self.tables.transports.get_mut(key)?;
        let Link::WebRtc(link) = &mut transport.link else {
            return Ok(());
        };
        for datagram in std::mem::take(&mut link.pending_dtls) {
            self.send_dtls(key, datagram)?;
        }
        Ok(())
    }
}
