//! A table of entities.

use std::marker::PhantomData;

use super::keys::{DanglingKey, Key};

/// The generation is next to the first fields of the entity in memory: most lookups read these, too.
#[repr(C)]
struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

/// A table of entities `T` with ids of type `Id`. Slots of removed entities are reused under another generation, so a
/// stale [`Key`] finds nothing.
pub(crate) struct Slab<Id, T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    id: PhantomData<fn() -> Id>,
}

impl<Id, T> Default for Slab<Id, T> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            id: PhantomData,
        }
    }
}

impl<Id, T> Slab<Id, T> {
    /// Number of entities.
    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Number of slots, used or free: the upper bound for [`Self::key_at`].
    pub(crate) fn slot_count(&self) -> usize {
        self.slots.len()
    }

    /// The key of the entity in a slot. Allows iterating over the table while changing it.
    pub(crate) fn key_at(&self, index: usize) -> Option<Key<Id>> {
        let slot = self.slots.get(index)?;
        slot.value.as_ref()?;
        Some(Key::new(u32::try_from(index).ok()?, slot.generation))
    }

    /// Adds an entity.
    pub(crate) fn insert(&mut self, value: T) -> Key<Id> {
        if let Some(index) = self.free.pop()
            && let Some(slot) = self.slots.get_mut(index as usize)
        {
            slot.value = Some(value);
            return Key::new(index, slot.generation);
        }
        self.slots.push(Slot {
            generation: 0,
            value: Some(value),
        });
        // More than u32::MAX entities do not fit into memory.
        Key::new((self.slots.len() - 1) as u32, 0)
    }

    pub(crate) fn get(&self, key: Key<Id>) -> Result<&T, DanglingKey> {
        self.slots
            .get(key.index as usize)
            .filter(|slot| slot.generation == key.generation)
            .and_then(|slot| slot.value.as_ref())
            .ok_or(DanglingKey)
    }

    pub(crate) fn get_mut(&mut self, key: Key<Id>) -> Result<&mut T, DanglingKey> {
        self.slots
            .get_mut(key.index as usize)
            .filter(|slot| slot.generation == key.generation)
            .and_then(|slot| slot.value.as_mut())
            .ok_or(DanglingKey)
    }

    /// Removes an entity; its key is no longer valid.
    pub(crate) fn remove(&mut self, key: Key<Id>) -> Result<T, DanglingKey> {
        let slot = self.slots.get_mut(key.index as usize).ok_or(DanglingKey)?;
        if slot.generation != key.generation {
            return Err(DanglingKey);
        }
        let value = slot.value.take().ok_or(DanglingKey)?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(key.index);
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_key_does_not_find_the_next_entity_in_its_slot() {
        let mut slab: Slab<u64, _> = Slab::default();
        let first = slab.insert("first");
        assert_eq!(slab.remove(first), Ok("first"));
        let second = slab.insert("second");
        assert_eq!(slab.get(first), Err(DanglingKey));
        assert_eq!(slab.get_mut(first), Err(DanglingKey));
        assert_eq!(slab.remove(first), Err(DanglingKey));
        assert_eq!(slab.get(second), Ok(&"second"));
        assert_eq!((slab.len(), slab.slot_count()), (1, 1));
    }
}
