//! Maps with a fast, unkeyed hasher.
//!
//! An attacker who chooses many keys can make such a map slow. Use it only where keys are limited in number or chosen
//! by us: ids of the control plane, authenticated pairs, SSRCs of one transport. Otherwise use the maps of `std`.

pub(crate) use rustc_hash::{FxHashMap as FastMap, FxHashSet as FastSet};
