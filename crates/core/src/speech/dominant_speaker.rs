//! The dominant speaker of a room, after Volfin and Cohen (see [`super::activity`]).

use super::activity::SpeechActivity;

/// By how much a speaker must exceed the dominant one to replace it, as the logarithm of the ratio of scores, in the
/// immediate, medium and long window.
const THRESHOLDS: [f64; 3] = [3.0, 2.0, 0.0];

/// Decides who is the dominant speaker. A speaker stays dominant while nobody else speaks.
///
/// A decision needs nothing but the [`SpeechActivity`] of each stream, a few bytes that any node can measure.
#[derive(Debug)]
pub(crate) struct DominantSpeaker<Id> {
    current: Option<Id>,
}

impl<Id: Copy + PartialEq> DominantSpeaker<Id> {
    pub(crate) const fn new() -> Self {
        Self { current: None }
    }

    /// Compares the activities of all streams. Returns the dominant speaker if it is another one than before.
    pub(crate) fn decide(
        &mut self,
        streams: impl Iterator<Item = (Id, SpeechActivity)> + Clone,
    ) -> Option<(Id, SpeechActivity)> {
        let dominant = streams
            .clone()
            .find(|(id, _)| self.current == Some(*id))
            .map_or(SpeechActivity::SILENT, |(_, activity)| activity)
            .scores();
        let mut best = None;
        for (id, activity) in streams {
            if self.current == Some(id) || !activity.is_speaking {
                continue;
            }
            let scores = activity.scores();
            let mut ratios = [0.0; 3];
            for (ratio, (of, to)) in ratios.iter_mut().zip(scores.0.iter().zip(dominant.0)) {
                *ratio = (of / to).ln();
            }
            let exceeds = ratios
                .iter()
                .zip(THRESHOLDS)
                .all(|(ratio, min)| *ratio > min);
            let [_, medium, _] = ratios;
            if exceeds && best.is_none_or(|(_, _, other)| medium > other) {
                best = Some((id, activity, medium));
            }
        }
        let (id, activity, _) = best?;
        self.current = Some(id);
        Some((id, activity))
    }

    /// Another stream continues this one.
    pub(crate) fn replace(&mut self, former: Id, successor: Id) {
        if self.current == Some(former) {
            self.current = Some(successor);
        }
    }

    /// The stream has ended.
    pub(crate) fn remove(&mut self, id: Id) {
        self.current.take_if(|current| *current == id);
    }
}

#[cfg(test)]
mod tests;
