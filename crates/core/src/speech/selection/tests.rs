use super::*;

const fn ms(n: u64) -> Micros {
    Micros(n * 1000)
}

/// A selection with the place of each stream.
struct Room {
    selection: AudioSelection<usize>,
    places: [Option<usize>; 8],
}

impl Room {
    fn new(limit: usize) -> Self {
        Self {
            selection: AudioSelection::new(limit),
            places: [None; 8],
        }
    }

    fn packet(&mut self, at: u64, id: usize, is_loud: bool, decibels: u16) {
        let loudness = PacketLoudness {
            is_loud,
            smoothed: decibels * 16,
        };
        match self.selection.offer(ms(at), id, self.places[id], loudness) {
            Offer::Selected(place) => self.places[id] = Some(place),
            Offer::Taken(place, former) => {
                assert_eq!(self.places[former], Some(place));
                self.places[former] = None;
                self.places[id] = Some(place);
            }
            Offer::Refused => assert_eq!(self.places[id], None),
        }
    }

    fn loud(&mut self, at: u64, id: usize) {
        self.packet(at, id, true, 90);
    }

    fn quiet(&mut self, at: u64, id: usize) {
        self.packet(at, id, false, 20);
    }

    fn selected(&self) -> Vec<usize> {
        (0..8).filter(|&id| self.places[id].is_some()).collect()
    }
}

#[test]
fn everybody_is_selected_while_there_are_places() {
    let mut room = Room::new(3);
    for id in 0..4 {
        room.quiet(0, id);
    }
    assert_eq!(room.selected(), [0, 1, 2]);
}

#[test]
fn a_loud_stream_takes_the_place_of_the_one_that_is_quiet_for_longest() {
    let mut room = Room::new(3);
    for id in 0..4 {
        room.quiet(0, id);
    }
    room.loud(1000, 0);
    room.loud(2000, 1);
    room.loud(3000, 2);
    room.loud(3000, 3);
    assert_eq!(room.selected(), [1, 2, 3]);
}

#[test]
fn a_quiet_stream_takes_no_place() {
    let mut room = Room::new(1);
    room.quiet(0, 0);
    room.quiet(5000, 1);
    assert_eq!(room.selected(), [0]);
}

#[test]
fn among_loud_streams_only_a_much_louder_one_takes_a_place() {
    let mut room = Room::new(2);
    room.packet(0, 0, true, 80);
    room.packet(0, 1, true, 90);
    room.packet(20, 2, true, 85);
    assert_eq!(room.selected(), [0, 1]);
    room.packet(30, 2, true, 86);
    assert_eq!(room.selected(), [1, 2]);
}

#[test]
fn when_all_speak_at_most_n_change_in_half_a_second() {
    let mut room = Room::new(2);
    let mut changes = 0;
    for at in (0..10_000).step_by(20) {
        let before = room.selected();
        for id in 0..4 {
            // Words of 300 ms with pauses of 100 ms, at other times for each.
            let speaks = (at + id as u64 * 130) % 400 < 300;
            room.packet(at, id, speaks, 90);
        }
        let after = room.selected();
        changes += after.iter().filter(|id| !before.contains(id)).count();
    }
    assert!(changes <= 2 * 10_000 / 500 + 2, "{changes} changes");
}

#[test]
fn the_place_of_a_removed_stream_is_free() {
    let mut room = Room::new(2);
    for id in 0..3 {
        room.loud(0, id);
    }
    room.selection.remove(1);
    room.places[1] = None;
    room.quiet(20, 2);
    assert_eq!(room.selected(), [0, 2]);
}
