//! Keys of the entity tables.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use crate::api::{CommandError, ConsumerId, ProducerId, RouterId, TransportId};

/// Addresses an entity whose public id has type `Id`: a slot of its table and the slot's generation. After the entity
/// is removed, its key is never valid again, even when another entity takes the slot.
pub(crate) struct Key<Id> {
    pub(super) index: u32,
    pub(super) generation: u32,
    id: PhantomData<fn() -> Id>,
}

pub(crate) type RouterKey = Key<RouterId>;
pub(crate) type TransportKey = Key<TransportId>;
pub(crate) type ProducerKey = Key<ProducerId>;
pub(crate) type ConsumerKey = Key<ConsumerId>;
pub(crate) type PipeConsumerKey = Key<Piped>;

/// Marks the keys of pipe consumers, whose ids are among those of the other consumers.
pub(crate) enum Piped {}

/// A key that must refer to an entity refers to none: a bug in the bookkeeping of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DanglingKey;

impl From<DanglingKey> for CommandError {
    fn from(_: DanglingKey) -> Self {
        Self::Internal
    }
}

impl<Id> Key<Id> {
    pub(super) const fn new(index: u32, generation: u32) -> Self {
        Self {
            index,
            generation,
            id: PhantomData,
        }
    }
}

/// Removes a key from a list that contains it at most once.
pub(crate) fn remove_first<Id>(keys: &mut Vec<Key<Id>>, key: Key<Id>) {
    if let Some(at) = keys.iter().position(|other| *other == key) {
        keys.remove(at);
    }
}

impl<Id> Clone for Key<Id> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<Id> Copy for Key<Id> {}
impl<Id> PartialEq for Key<Id> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index && self.generation == other.generation
    }
}
impl<Id> Eq for Key<Id> {}
impl<Id> Hash for Key<Id> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.index, self.generation).hash(state);
    }
}
impl<Id> fmt::Debug for Key<Id> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.index, self.generation)
    }
}
