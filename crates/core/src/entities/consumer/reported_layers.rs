//! The layers that the control plane was told a consumer receives.

use hubbub_codec::Layer;

/// What was reported last, and where the event is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ReportedLayers {
    layers: Option<Layer>,
    /// The last event: the number of drains before it, and its index among the events since then.
    event: Option<(u64, usize)>,
}

/// How to report new layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Report {
    /// They are those that were reported.
    Nothing,
    /// In place of the event with this index, which nobody has drained yet.
    Replace(usize),
    /// As the next event.
    Append,
}

impl ReportedLayers {
    /// Forgets what was reported: the client receives nothing any more.
    pub(crate) const fn forget(&mut self) {
        self.layers = None;
    }

    /// How to report `layers`, after this number of drains and of events since the last. A newer event replaces one that
    /// nobody has drained, so that frequent changes cannot fill the queue.
    pub(crate) fn update(&mut self, layers: Layer, drains: u64, events: usize) -> Report {
        if self.layers.replace(layers) == Some(layers) {
            return Report::Nothing;
        }
        match self.event {
            Some((drain, index)) if drain == drains => Report::Replace(index),
            _ => {
                self.event = Some((drains, events));
                Report::Append
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn layer(spatial: u8) -> Layer {
        Layer {
            spatial,
            temporal: 0,
        }
    }

    #[test]
    fn only_changes_are_reported() {
        let mut reported = ReportedLayers::default();
        assert_eq!(reported.update(layer(0), 1, 0), Report::Append);
        assert_eq!(reported.update(layer(0), 2, 0), Report::Nothing);
        reported.forget();
        assert_eq!(reported.update(layer(0), 3, 0), Report::Append);
    }

    #[test]
    fn a_newer_event_replaces_one_that_was_not_drained() {
        let mut reported = ReportedLayers::default();
        assert_eq!(reported.update(layer(0), 1, 5), Report::Append);
        assert_eq!(reported.update(layer(1), 1, 7), Report::Replace(5));
        assert_eq!(reported.update(layer(2), 2, 0), Report::Append);
    }
}
