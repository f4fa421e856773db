use super::*;

fn credentials(ufrag: &str) -> IceCredentials {
    IceCredentials {
        ufrag: ufrag.into(),
        pwd: format!("pwd of {ufrag}"),
    }
}

fn path(port: u16) -> Path {
    Path::udp([127, 0, 0, 1].into(), ([127, 0, 0, 1], port).into())
}

const fn second(n: u64) -> Micros {
    Micros(n * 1_000_000)
}

#[test]
fn the_first_valid_pair_is_selected_and_use_candidate_moves_it() {
    let mut agent = IceAgent::new(credentials("a"));
    assert!(
        agent
            .on_binding_request(second(0), path(1), "a", false)
            .selected
    );
    assert!(
        !agent
            .on_binding_request(second(0), path(2), "a", false)
            .selected
    );
    assert_eq!(agent.selected(), Some(path(1)));
    assert!(
        agent
            .on_binding_request(second(1), path(2), "a", true)
            .selected
    );
    assert_eq!(agent.selected(), Some(path(2)));
}

#[test]
fn a_restart_keeps_the_former_ufrag_until_the_new_one_is_used() {
    let mut agent = IceAgent::new(credentials("a"));
    agent.on_binding_request(second(0), path(1), "a", true);
    assert_eq!(agent.restart(credentials("b")), None);
    assert!(agent.key("a").is_some() && agent.key("b").is_some());
    assert_eq!(
        agent
            .on_binding_request(second(1), path(1), "a", true)
            .retired_ufrag,
        None
    );
    let outcome = agent.on_binding_request(second(2), path(2), "b", true);
    assert_eq!(
        (outcome.selected, outcome.retired_ufrag.as_deref()),
        (true, Some("a"))
    );
    assert!(agent.key("a").is_none());
}

#[test]
fn a_second_restart_replaces_the_unused_credentials_and_keeps_those_in_use() {
    let mut agent = IceAgent::new(credentials("a"));
    agent.restart(credentials("b"));
    assert_eq!(agent.restart(credentials("c")).as_deref(), Some("b"));
    assert_eq!(agent.ufrags().collect::<Vec<_>>(), ["c", "a"]);
}

#[test]
fn the_number_of_pairs_is_limited_and_the_selected_one_is_not_evicted() {
    let mut agent = IceAgent::new(credentials("a"));
    agent.on_binding_request(second(0), path(1), "a", true);
    let evicted: Vec<_> = (2..100)
        .filter_map(|port| {
            agent
                .on_binding_request(second(u64::from(port)), path(port), "a", false)
                .evicted
        })
        .collect();
    assert_eq!(agent.paths().count(), MAX_PAIRS);
    assert_eq!(evicted.len(), 99 - MAX_PAIRS);
    assert_eq!(evicted[0], path(2));
    assert_eq!(agent.selected(), Some(path(1)));
}

#[test]
fn another_live_pair_replaces_a_silent_selected_pair() {
    let mut agent = IceAgent::new(credentials("a"));
    agent.on_binding_request(second(0), path(1), "a", true);
    agent.on_binding_request(second(5), path(2), "a", false);
    assert_eq!(agent.tick(second(6)), None);
    assert_eq!(agent.tick(second(7)), Some(path(1)));
    assert_eq!(agent.selected(), Some(path(2)));
}

#[test]
fn a_silent_client_is_disconnected_until_its_next_packet() {
    let mut agent = IceAgent::new(credentials("a"));
    agent.on_binding_request(second(0), path(1), "a", true);
    assert_eq!(agent.tick(second(0)), None);
    agent.on_authentic_packet(second(2), path(1));
    assert_eq!(agent.tick(second(10)), None);
    assert_eq!(agent.tick(second(11)), Some(path(1)));
    assert_eq!(agent.state(), IceState::Disconnected);
    assert_eq!(agent.tick(second(20)), None);
    agent.on_authentic_packet(second(21), path(1));
    assert_eq!(agent.tick(second(21)), Some(path(1)));
    assert_eq!(agent.state(), IceState::Connected);
    assert_eq!(agent.tick(second(29)), None);
    assert_eq!(agent.tick(second(30)), Some(path(1)));
}

#[test]
fn a_request_over_another_pair_replaces_one_that_was_silent_before() {
    let mut agent = IceAgent::new(credentials("a"));
    agent.on_binding_request(second(0), path(1), "a", true);
    agent.on_authentic_packet(second(7), path(1));
    assert_eq!(agent.tick(second(7)), None);
    agent.on_binding_request(second(8), path(2), "a", false);
    assert_eq!(agent.tick(second(8)), Some(path(1)));
    assert_eq!(agent.selected(), Some(path(2)));
}

#[test]
fn the_most_recent_pair_replaces_a_removed_selected_pair() {
    let mut agent = IceAgent::new(credentials("a"));
    agent.on_binding_request(second(0), path(1), "a", true);
    agent.on_binding_request(second(1), path(2), "a", false);
    assert!(agent.remove_pair(path(1)));
    assert_eq!(agent.selected(), Some(path(2)));
    assert!(!agent.remove_pair(path(2)));
    assert_eq!(agent.selected(), None);
}
