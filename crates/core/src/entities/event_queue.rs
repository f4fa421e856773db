//! The events that nobody has drained yet.

use crate::api::Event;

/// The events of a worker, oldest first.
#[derive(Debug, Default)]
pub(crate) struct EventQueue {
    events: Vec<Event>,
    is_urgent: bool,
    drains: u64,
}

/// Where the latest event of a kind about one entity is: the number of drains before it, and its index among the events
/// since then.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LatestEvent(Option<(u64, usize)>);

impl EventQueue {
    /// Appends an event.
    pub(crate) fn push(&mut self, event: Event) {
        self.is_urgent |= !matches!(
            event,
            Event::IceSelected { .. }
                | Event::LayersChanged { .. }
                | Event::LayersWanted { .. }
                | Event::ActiveSpeaker { .. }
                | Event::AudioLevels { .. }
                | Event::BandwidthPause { .. }
                | Event::ProducerScore { .. }
                | Event::ConsumerScore { .. }
                | Event::Fault { .. }
        );
        self.events.push(event);
    }

    /// Puts an event in place of the `latest`, or appends it if that has been drained: an entity that changes often
    /// cannot fill the queue.
    pub(crate) fn replace(&mut self, latest: &mut LatestEvent, event: Event) {
        match latest.0 {
            Some((drain, index)) if drain == self.drains => {
                if let Some(former) = self.events.get_mut(index) {
                    *former = event;
                }
            }
            _ => {
                latest.0 = Some((self.drains, self.events.len()));
                self.push(event);
            }
        }
    }

    /// Removes and returns all events.
    pub(crate) fn drain(&mut self) -> std::vec::Drain<'_, Event> {
        self.is_urgent = false;
        self.drains += 1;
        self.events.drain(..)
    }

    /// The number of events.
    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether one of the events should be delivered at once.
    pub(crate) fn is_urgent(&self) -> bool {
        self.is_urgent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ConsumerId;

    const fn event(spatial: u8) -> Event {
        Event::LayersChanged {
            consumer: ConsumerId(1),
            spatial,
            temporal: 0,
        }
    }

    #[test]
    fn a_newer_event_replaces_one_that_was_not_drained() {
        let mut queue = EventQueue::default();
        let mut latest = LatestEvent::default();
        queue.push(event(7));
        queue.replace(&mut latest, event(0));
        queue.push(event(8));
        queue.replace(&mut latest, event(1));
        assert_eq!(
            queue.drain().collect::<Vec<_>>(),
            [event(7), event(1), event(8)]
        );
        queue.replace(&mut latest, event(2));
        assert_eq!(queue.drain().collect::<Vec<_>>(), [event(2)]);
    }
}
