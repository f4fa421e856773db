//! Last-N audio: the streams of a room that are forwarded.
//!
//! | a stream that is not selected | takes the place of                                                         |
//! |-------------------------------|----------------------------------------------------------------------------|
//! | sends anything                | nobody, if fewer than N are selected                                       |
//! | is loud                       | the one that has been quiet for longest, for at least 40 ms                |
//! | is loud, all are loud         | the least loud of them over a third of a second, if that is 6 dB less loud |
//!
//! A stream that got its place by being loud keeps it for half a second: when more than N speak, at most N change in that
//! time.

use super::levels::PacketLoudness;
use crate::api::Micros;

/// A selected stream that has been quiet for this long gives its place to one that is loud.
const QUIET_US: u64 = 40_000;

/// A stream that has taken a place keeps it for this long.
const PROTECTED_US: u64 = 500_000;

/// How much louder a stream must be than one that is loud, too: 6 dB in units of [`PacketLoudness::smoothed`].
const LOUDER: u16 = 6 * 16;

/// A selected stream.
#[derive(Debug, Clone, Copy)]
struct Place<Id> {
    id: Id,
    last_loud: Option<Micros>,
    smoothed: u16,
    protected_until: Micros,
}

/// The answer to a packet of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offer<Id> {
    /// The stream has this place.
    Selected(usize),
    /// The stream now has this place, which another one had.
    Taken(usize, Id),
    /// The stream is not selected.
    Refused,
}

/// The selected streams, at most N.
#[derive(Debug)]
pub(crate) struct AudioSelection<Id> {
    places: Vec<Option<Place<Id>>>,
}

impl<Id: Copy + PartialEq> AudioSelection<Id> {
    /// Selects up to `limit` streams.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            places: (0..limit).map(|_| None).collect(),
        }
    }

    /// Takes a packet of a stream into account. `place`: the one that the stream has.
    pub(crate) fn offer(
        &mut self,
        now: Micros,
        id: Id,
        place: Option<usize>,
        loudness: PacketLoudness,
    ) -> Offer<Id> {
        if let Some(index) = place
            && let Some(Some(place)) = self.places.get_mut(index)
        {
            if loudness.is_loud {
                place.last_loud = Some(now);
            }
            place.smoothed = loudness.smoothed;
            return Offer::Selected(index);
        }
        let mut taken = Place {
            id,
            last_loud: loudness.is_loud.then_some(now),
            smoothed: loudness.smoothed,
            protected_until: now,
        };
        if let Some(index) = self.places.iter().position(Option::is_none) {
            self.put(index, taken);
            return Offer::Selected(index);
        }
        if !loudness.is_loud {
            return Offer::Refused;
        }
        let Some((index, former)) = self.weakest(now, loudness.smoothed) else {
            return Offer::Refused;
        };
        taken.protected_until = now.plus(PROTECTED_US);
        self.put(index, taken);
        Offer::Taken(index, former)
    }

    /// Gives the place of a stream, if it has one, to another one that continues it.
    pub(crate) fn replace(&mut self, former: Id, successor: Id) {
        let has = |place: &Option<Place<Id>>| place.is_some_and(|place| place.id == former);
        let Some(index) = self.places.iter().position(has) else {
            return;
        };
        self.remove(successor);
        if let Some(Some(place)) = self.places.get_mut(index) {
            place.id = successor;
        }
    }

    /// Frees the place of a stream that has ended or is paused.
    pub(crate) fn remove(&mut self, id: Id) {
        for place in &mut self.places {
            place.take_if(|place| place.id == id);
        }
    }

    /// The stream that gives its place to one that is loud and has this smoothed loudness.
    fn weakest(&self, now: Micros, smoothed: u16) -> Option<(usize, Id)> {
        let open = || {
            self.places
                .iter()
                .enumerate()
                .filter_map(|(index, place)| Some((index, place.as_ref()?)))
                .filter(|(_, place)| place.protected_until <= now)
        };
        let quietest = open()
            .min_by_key(|(_, place)| place.last_loud)
            .filter(|(_, place)| place.last_loud.is_none_or(|at| now.since(at) >= QUIET_US));
        let (index, place) = quietest.or_else(|| {
            open()
                .min_by_key(|(_, place)| place.smoothed)
                .filter(|(_, place)| smoothed >= place.smoothed + LOUDER)
        })?;
        Some((index, place.id))
    }

    fn put(&mut self, index: usize, place: Place<Id>) {
        if let Some(slot) = self.places.get_mut(index) {
            *slot = Some(place);
        }
    }
}

#[cfg(test)]
mod tests;
