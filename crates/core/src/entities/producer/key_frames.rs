//! Key frame requests to the client that sends a producer's encodings.

use crate::api::{CodecMapping, Micros};
use crate::receive::KeyFrameRequests;

/// How to request a key frame from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyFrameRequestKind {
    /// RFC 4585 section 6.3.1.
    Pli,
    /// RFC 5104 section 4.3.1, with the command sequence number.
    Fir(u8),
}

impl KeyFrameRequestKind {
    /// Adds requests of this kind to the counter of their kind.
    pub(crate) const fn count(self, requests: u64, plis: &mut u64, firs: &mut u64) {
        let counter = match self {
            Self::Pli => plis,
            Self::Fir(_) => firs,
        };
        *counter += requests;
    }
}

/// The requests of each encoding.
#[derive(Debug)]
pub(crate) struct KeyFrames {
    /// By encoding.
    requests: Vec<KeyFrameRequests>,
    /// A request may be wanted.
    are_wanted: bool,
    plis: u64,
    firs: u64,
    fir_sequence: u8,
}

impl KeyFrames {
    /// For this number of encodings; none for audio.
    pub(crate) fn new(encodings: usize) -> Self {
        Self {
            requests: vec![KeyFrameRequests::new(); encodings],
            are_wanted: false,
            plis: 0,
            firs: 0,
            fir_sequence: 0,
        }
    }

    /// Notes that a consumer asks for a key frame of this encoding. [`Self::due`] tells when to request it.
    pub(crate) fn ask(&mut self, encoding: usize) {
        if let Some(requests) = self.requests.get_mut(encoding) {
            requests.request();
            self.are_wanted = true;
        }
    }

    /// Notes that packets of this encoding are useless until a key frame arrives.
    pub(crate) fn expect(&mut self, encoding: usize) {
        if let Some(requests) = self.requests.get_mut(encoding) {
            requests.wait();
            self.are_wanted = true;
        }
    }

    /// As [`Self::expect`], for a consumer that receives a higher encoding than it should.
    pub(crate) fn expect_less(&mut self, encoding: usize) {
        if let Some(requests) = self.requests.get_mut(encoding) {
            requests.wait_for_less();
            self.are_wanted = true;
        }
    }

    /// Whether [`Self::due`] has anything to do.
    pub(crate) const fn are_wanted(&self) -> bool {
        self.are_wanted
    }

    /// Ends the request: a key frame of this encoding has started.
    pub(crate) fn arrived(&mut self, encoding: usize) {
        if let Some(requests) = self.requests.get_mut(encoding) {
            requests.key_frame_arrived();
        }
    }

    /// Adds to `due` the SSRCs of which a key frame is to be requested now. `ssrcs` are those of the encodings; one without
    /// an SSRC yet uses up no request. `rtt`: to the client, microseconds.
    pub(crate) fn due(
        &mut self,
        now: Micros,
        rtt: u64,
        ssrcs: impl Iterator<Item = Option<u32>>,
        due: &mut Vec<u32>,
    ) {
        self.are_wanted = false;
        for (requests, ssrc) in self.requests.iter_mut().zip(ssrcs) {
            if let Some(ssrc) = ssrc
                && requests.poll(now, rtt)
            {
                due.push(ssrc);
            }
            self.are_wanted |= requests.is_wanted();
        }
    }

    /// How to request a key frame of this codec: by PLI if negotiated, else by FIR, else not at all.
    pub(crate) fn request_kind(&mut self, codec: &CodecMapping) -> Option<KeyFrameRequestKind> {
        if codec.pli {
            return Some(KeyFrameRequestKind::Pli);
        }
        codec.fir.then(|| {
            self.fir_sequence = self.fir_sequence.wrapping_add(1);
            KeyFrameRequestKind::Fir(self.fir_sequence)
        })
    }

    /// Counts requests that are sent.
    pub(crate) const fn count(&mut self, kind: KeyFrameRequestKind, requests: u64) {
        kind.count(requests, &mut self.plis, &mut self.firs);
    }

    /// PLIs and FIR entries sent so far.
    pub(crate) const fn sent(&self) -> (u64, u64) {
        (self.plis, self.firs)
    }
}
