//! Clients, and another node, that send mutated captures, RTCP and STUN over SRTP, while the control plane changes everything:
//! the worker does not panic, and no SRTP nonce protects two packets.
//!
//! `PROPTEST_CASES=10000 cargo test -p hubbub-core --test core mutated_sessions` runs for longer.

use hubbub_wire::testdata::replay_corpus;
use proptest::prelude::*;

/// Each takes some 30 milliseconds.
const CASES: u32 = 64;

fn cases() -> u32 {
    let set = std::env::var("PROPTEST_CASES").ok();
    set.and_then(|cases| cases.parse().ok()).unwrap_or(CASES)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 500, ..ProptestConfig::default() })]

    #[test]
    fn the_worker_survives_mutated_sessions(script in prop::collection::vec(any::<u8>(), 0..8_000)) {
        crate::targets::session(&script);
    }

    #[test]
    fn the_worker_survives_a_hostile_node(script in prop::collection::vec(any::<u8>(), 0..8_000)) {
        crate::targets::node_link(&script);
    }
}

#[test]
fn the_worker_survives_the_sessions_of_the_corpus() {
    replay_corpus(&[
        ("session", crate::targets::session),
        ("node_link", crate::targets::node_link),
    ]);
}
