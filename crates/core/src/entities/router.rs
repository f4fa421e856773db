//! A router: consumers consume only producers of the same router.

use super::event_queue::LatestEvent;
use super::keys::{ProducerKey, TransportKey, remove_first};
use crate::api::{Micros, RouterId};
use crate::speech::{AudioSelection, DominantSpeaker};

/// The transports of a router, and who speaks in it.
pub(crate) struct Router {
    pub(crate) id: RouterId,
    pub(crate) transports: Vec<TransportKey>,
    pub(crate) speakers: Speakers,
}

/// The microphones of a router.
pub(crate) struct Speakers {
    pub(crate) microphones: Vec<ProducerKey>,
    /// `None`: all are forwarded.
    pub(crate) selection: Option<AudioSelection<ProducerKey>>,
    pub(crate) dominant: DominantSpeaker<ProducerKey>,
    /// Those that the last `AudioLevels` event named.
    pub(crate) reported: Vec<ProducerKey>,
    pub(crate) reported_at: Micros,
    /// The last `AudioLevels` event.
    pub(crate) levels_event: LatestEvent,
    /// The last `ActiveSpeaker` event.
    pub(crate) speaker_event: LatestEvent,
}

impl Router {
    /// `last_n_audio`: microphones to forward; 0 for all.
    pub(crate) fn new(id: RouterId, last_n_audio: usize) -> Self {
        Self {
            id,
            transports: Vec::new(),
            speakers: Speakers {
                microphones: Vec::new(),
                selection: (last_n_audio > 0).then(|| AudioSelection::new(last_n_audio)),
                dominant: DominantSpeaker::new(),
                reported: Vec::new(),
                reported_at: Micros(0),
                levels_event: LatestEvent::default(),
                speaker_event: LatestEvent::default(),
            },
        }
    }
}

impl Speakers {
    /// A microphone was closed.
    pub(crate) fn remove(&mut self, key: ProducerKey) {
        remove_first(&mut self.microphones, key);
        self.pause(key);
        self.dominant.remove(key);
    }

    /// A microphone was replaced by another one of the list: who spoke there speaks here.
    pub(crate) fn replace(&mut self, former: ProducerKey, successor: ProducerKey) {
        remove_first(&mut self.microphones, former);
        if let Some(selection) = &mut self.selection {
            selection.replace(former, successor);
        }
        self.dominant.replace(former, successor);
        for key in &mut self.reported {
            if *key == former {
                *key = successor;
            }
        }
    }

    /// A microphone was paused.
    pub(crate) fn pause(&mut self, key: ProducerKey) {
        if let Some(selection) = &mut self.selection {
            selection.remove(key);
        }
    }
}
