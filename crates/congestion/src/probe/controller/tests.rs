use super::*;

fn rates(probing: &mut ProbeController) -> Vec<u32> {
    let next = || {
        let has_next = probing.has_next();
        let probe = probing.next();
        assert_eq!(has_next, probe.is_some());
        probe
    };
    std::iter::from_fn(next)
        .map(|probe| (probe.rate / 1_000.0).round() as u32)
        .collect()
}

fn second(n: u64) -> Micros {
    Micros(n * SECOND)
}

/// Past the initial probes, with an estimate of 1 Mbit/s.
fn settled() -> ProbeController {
    let mut probing = ProbeController::new(1_000_000.0);
    probing.set_wanted(second(0), 4_000_000.0);
    rates(&mut probing);
    probing.tick(second(2));
    probing
}

#[test]
fn the_initial_probes_are_three_and_six_times_the_start() {
    let mut probing = ProbeController::new(300_000.0);
    assert_eq!(rates(&mut probing), []);
    probing.set_wanted(second(0), 4_000_000.0);
    assert_eq!(rates(&mut probing), [900, 1_800]);
    probing.set_estimate(second(0), 1_300_000.0, Limit::Delay);
    assert_eq!(rates(&mut probing), [2_600]);
    probing.set_estimate(second(0), 1_700_000.0, Limit::Delay);
    assert_eq!(rates(&mut probing), []);
}

#[test]
fn probes_stay_below_twice_what_is_wanted() {
    let mut probing = ProbeController::new(300_000.0);
    probing.set_wanted(second(0), 500_000.0);
    assert_eq!(rates(&mut probing), [900, 1_000]);
    probing.set_estimate(second(0), 990_000.0, Limit::Delay);
    assert_eq!(rates(&mut probing), []);
}

#[test]
fn limited_senders_probe_every_5_s_while_more_is_wanted() {
    let mut probing = settled();
    probing.set_limited(second(2), true);
    probing.tick(second(4));
    assert_eq!(rates(&mut probing), []);
    probing.tick(second(5));
    assert_eq!(rates(&mut probing), [2_000]);
    probing.set_wanted(second(6), 900_000.0);
    probing.tick(second(20));
    assert_eq!(rates(&mut probing), []);
}

#[test]
fn after_a_large_drop_the_old_rate_is_probed_once() {
    let mut probing = settled();
    probing.set_limited(second(2), true);
    probing.set_estimate(second(3), 400_000.0, Limit::Congestion);
    probing.set_estimate(second(3), 400_000.0, Limit::Delay);
    probing.recovered(second(4));
    assert_eq!(rates(&mut probing), [850]);
    probing.recovered(second(4));
    assert_eq!(rates(&mut probing), []);
}

#[test]
fn nothing_is_probed_while_the_link_is_congested() {
    let mut probing = settled();
    probing.set_limited(second(2), true);
    probing.set_estimate(second(3), 900_000.0, Limit::Congestion);
    probing.tick(second(9));
    assert_eq!(rates(&mut probing), []);
    probing.set_estimate(second(9), 900_000.0, Limit::Loss);
    probing.tick(second(9));
    assert_eq!(rates(&mut probing), [1_350]);
}
