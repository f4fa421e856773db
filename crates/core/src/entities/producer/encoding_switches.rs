//! Switches a producer's encodings on and off as its consumers want them.
//!
//! The lowest encoding stays on, also without a consumer: the first one sees a picture at once, while higher encodings
//! start. A client may never send the lowest one, so the lowest that it sends stays on, too. Through a pipe comes only what
//! somebody receives.

use super::origin::Origin;
use super::state::Producer;
use super::wanted_encodings::{EncodingSet, MAX_ENCODINGS};
use crate::api::Micros;

impl Producer {
    /// The encodings of which packets have arrived.
    pub(crate) fn seen_encodings(&self) -> EncodingSet {
        let seen = self.streams.iter().map(Option::is_some).enumerate();
        seen.fold(0, |set, (encoding, is_seen)| {
            set | EncodingSet::from(is_seen) << encoding
        })
    }

    /// Adopts the encodings that its consumers want. Returns whether the client is to be asked for others than before.
    pub(crate) fn want_encodings(&mut self, now: Micros, wanted: EncodingSet) -> bool {
        let kept = match self.origin {
            Origin::Client => 1 << self.layers.target(0),
            // Speakers are detected in each router.
            Origin::Pipe => EncodingSet::from(self.microphone.is_some()),
        };
        let existing = EncodingSet::MAX >> MAX_ENCODINGS.saturating_sub(self.encodings.len());
        let switched = self.wanted.update(now, (wanted | kept) & existing);
        for (encoding, stream) in self.streams.iter_mut().enumerate() {
            if switched >> encoding & 1 == 0 {
                continue;
            }
            let is_on = self.wanted.is_on(encoding);
            self.layers.switch(encoding, is_on, now);
            let Some(stream) = stream else {
                continue;
            };
            if is_on {
                stream.layer_rates.restart();
            } else if self.origin == Origin::Pipe {
                // It goes on elsewhere, and starts here again with what is seen there by then.
                stream.forget_group();
            }
        }
        switched != 0
    }
}
