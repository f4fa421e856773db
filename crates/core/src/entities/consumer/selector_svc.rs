//! The choice of the layers within the forwarded stream: spatial and temporal layers of one encoding.
//!
//! | the client is to receive     | then                                                                            |
//! |------------------------------|---------------------------------------------------------------------------------|
//! | what it can decode           | it gets that from the next frame on                                             |
//! | more temporal layers         | it gets them from a frame on that needs nothing the client has not received     |
//! | another spatial layer        | likewise; such a frame starts a key frame, so one is requested                  |
//! | a lower spatial layer that it| until then it gets the lowest temporal layer of the higher one                  |
//! | cannot decode                |                                                                                 |
//!
//! A client *can decode* a decode target if it has received every frame that the target needs since the last key frame.
//! So in the K-SVC modes, a client gets no frames of lower spatial layers but those of key frames, and cannot go to a lower one
//! without a key frame.
//! A frame is forwarded as a whole or not at all, and the choice for a packet depends on its number only, so a late packet
//! and a retransmission get that of their frame.

use hubbub_codec::{DecodeTargets, FrameInfo, Layer};

/// Changes of the target that are remembered. They span seconds: a client is not switched at every frame.
const HISTORY: usize = 8;

/// From this number on, this decode target is forwarded.
#[derive(Debug, Clone, Copy)]
struct Change {
    from: u64,
    target: Layer,
    /// This target, or one before it since the start, is not the highest.
    is_limited: bool,
}

/// The layers that a consumer forwards of its stream. At [`Layer::TOP`], it forwards what the highest layers need.
#[derive(Debug, Clone)]
pub(crate) struct SvcSelector {
    wanted: Layer,
    /// The highest spatial layer that has not stopped.
    live: u8,
    /// The last changes, newest first.
    changes: [Option<Change>; HISTORY],
    target: Layer,
    /// The decode targets that the client can decode.
    decodable: DecodeTargets,
    /// The highest number of a packet.
    newest: u64,
}

impl SvcSelector {
    /// Forwards what the highest layers need.
    pub(crate) const fn new() -> Self {
        Self {
            wanted: Layer::TOP,
            live: u8::MAX,
            changes: [None; HISTORY],
            target: Layer::TOP,
            decodable: DecodeTargets::ALL,
            newest: 0,
        }
    }

    /// Sets the layers that the client is to receive at most.
    pub(crate) fn want(&mut self, wanted: Layer) {
        self.wanted = wanted.on_grid();
    }

    /// Starts with the packet of this number, which starts a key frame.
    pub(crate) fn start(&mut self, sequence: u64) {
        self.changes = [None; HISTORY];
        self.decodable = DecodeTargets::ALL;
        self.newest = sequence.saturating_sub(1);
        self.change(sequence, self.wanted);
    }

    /// The forwarded decode target.
    pub(crate) const fn target(&self) -> Layer {
        self.target
    }

    /// Whether only a key frame lets the client have the spatial layer that it is to receive.
    pub(crate) fn awaits_key_frame(&self) -> bool {
        !self.has_all() && self.target.spatial != self.wanted_spatial()
    }

    /// A client that received a layer which has stopped would see nothing.
    fn wanted_spatial(&self) -> u8 {
        self.wanted.spatial.min(self.live)
    }

    /// Whether to forward this packet. `live` is the highest spatial layer that has not stopped.
    pub(crate) fn select(&mut self, sequence: u64, frame: &FrameInfo, live: u8) -> bool {
        self.live = live;
        let is_newest = sequence > self.newest;
        self.newest = self.newest.max(sequence);
        let needs_all = self.has_all() && self.wanted == Layer::TOP;
        if needs_all && frame.targets.contains(Layer::TOP) {
            return true;
        }
        if is_newest && frame.start_of_frame() {
            self.start_frame(sequence, frame);
        }
        let target = self.target_at(sequence).unwrap_or(self.target);
        let is_needed = frame.targets.contains(target);
        if !is_needed {
            self.decodable = self.decodable.without(frame.targets);
        }
        is_needed
    }

    /// The decode target that the packet of this number was forwarded for; `None` if that is no longer known.
    pub(crate) fn target_at(&self, sequence: u64) -> Option<Layer> {
        self.change_at(sequence).map(|change| change.target)
    }

    /// Whether fewer layers than all were forwarded since the start.
    pub(crate) const fn was_limited(&self) -> bool {
        matches!(
            self.changes,
            [
                Some(Change {
                    is_limited: true,
                    ..
                }),
                ..
            ]
        )
    }

    /// As [`Self::target_at`]; `None` also if all packets were forwarded from the start until then.
    pub(crate) fn limit_at(&self, sequence: u64) -> Option<Layer> {
        let change = self.change_at(sequence)?;
        change.is_limited.then_some(change.target)
    }

    fn change_at(&self, sequence: u64) -> Option<Change> {
        let mut changes = self.changes.iter().flatten();
        changes.find(|change| change.from <= sequence).copied()
    }

    /// Without anything dropped since the last key frame, there is nothing that the client could not decode.
    fn has_all(&self) -> bool {
        self.target == Layer::TOP && self.decodable == DecodeTargets::ALL
    }

    fn start_frame(&mut self, sequence: u64, frame: &FrameInfo) {
        let gained = if frame.key_frame() {
            DecodeTargets::ALL
        } else if frame.layer_sync() {
            // One temporal layer at a time: later frames of a lower one may refer to frames that were dropped.
            frame.switches.intersection(self.decodable.next_temporal())
        } else if frame.targets.intersection(self.decodable) != DecodeTargets::NONE {
            frame.switches
        } else {
            DecodeTargets::NONE
        };
        self.decodable = self.decodable.union(gained);
        if let Some(target) = self.best().filter(|best| *best != self.target) {
            self.change(sequence, target);
        }
    }

    /// The decodable target that is nearest to the wanted one: with the spatial layer wanted, else with a lower one, else
    /// with a higher one, of which only the lowest temporal layer may fit.
    fn best(&self) -> Option<Layer> {
        let (spatial, temporal) = (self.wanted_spatial(), self.wanted.temporal);
        let lower = (0..=spatial).rev().flat_map(|spatial| {
            let temporals = (0..=temporal).rev();
            temporals.map(move |temporal| Layer { spatial, temporal })
        });
        let higher = (spatial + 1..=Layer::TOP.spatial)
            .flat_map(|spatial| (0..=temporal).map(move |temporal| Layer { spatial, temporal }));
        lower
            .chain(higher)
            .find(|target| self.decodable.contains(*target))
    }

    fn change(&mut self, from: u64, target: Layer) {
        self.target = target;
        let was_limited = self.was_limited();
        self.changes.rotate_right(1);
        if let Some(newest) = self.changes.first_mut() {
            *newest = Some(Change {
                from,
                target,
                is_limited: was_limited || target != Layer::TOP,
            });
        }
    }
}

#[cfg(test)]
mod decoder_model;
#[cfg(test)]
mod tests;
