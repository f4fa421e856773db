//! Maps for keys that nobody can choose at will in number: ids that the control plane minted, pairs that have
//! authenticated, SSRCs of one transport (bounded). Keys from strangers belong into `std`'s keyed maps.

pub(crate) use rustc_hash::{FxHashMap as FastMap, FxHashSet as FastSet};
