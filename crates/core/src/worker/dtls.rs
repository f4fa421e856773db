//! DTLS passes through: its endpoint is above (RFC 5764 section 5.1.2).

use crate::api::{Event, Micros};
use crate::outbox::{MAX_DATAGRAM, Priority};
use crate::tables::TransportKey;

use super::Worker;

/// Datagrams that may wait for a pair to be selected: more than the largest flight of a handshake.
const MAX_PENDING_OUT: usize = 16;

impl Worker {
    /// A datagram over a valid pair of this transport.
    pub(super) fn handle_dtls(&mut self, now: Micros, key: TransportKey, datagram: &[u8]) {
        let Some(transport) = self.tables.transports.get_mut(key) else {
            return;
        };
        if !transport.dtls_allowance.take(now) {
            self.counters.dropped_dtls += 1;
            return;
        }
        let transport = transport.id;
        self.emit(Event::DtlsReceived {
            transport,
            datagram: datagram.to_vec(),
        });
    }

    /// Sends over the selected pair, or keeps the datagram until there is one.
    pub(super) fn send_dtls(&mut self, key: TransportKey, datagram: Vec<u8>) {
        let Some(transport) = self.tables.transports.get_mut(key) else {
            return;
        };
        if datagram.len() > MAX_DATAGRAM {
            self.counters.dropped_dtls += 1;
        } else if let Some(path) = transport.ice.selected() {
            if self.outbox.push(&datagram, path, Priority::Control) {
                transport.stats.sent(datagram.len());
            }
        } else if transport.dtls_waiting.len() < MAX_PENDING_OUT {
            transport.dtls_waiting.push(datagram);
        } else {
            self.counters.dropped_dtls += 1;
        }
    }

    /// A pair has been selected: sends what has waited for it.
    pub(super) fn flush_dtls(&mut self, key: TransportKey) {
        let Some(transport) = self.tables.transports.get_mut(key) else {
            return;
        };
        for datagram in std::mem::take(&mut transport.dtls_waiting) {
            self.send_dtls(key, datagram);
        }
    }
}
