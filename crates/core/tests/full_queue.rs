//! While packets wait in a long queue, nothing is sent that only makes it longer.

use hubbub_core::api::Command;

use crate::common::call::OUT_SSRC;
use crate::common::network::NetworkCall;

const SEEDS: [u64; 4] = [1, 2, 3, 4];

impl NetworkCall {
    /// The receiver asks for a key frame.
    fn ask(&mut self) {
        self.receiver.send_pli(&mut self.world, OUT_SSRC);
    }
}

#[test]
fn an_encoding_that_is_too_high_makes_room_for_the_key_frame_of_a_lower_one() {
    // kbit/s that are left of 4,000, and the longest time without a new frame in milliseconds.
    for (rate, longest) in [(1_000, 300.0), (600, 700.0)] {
        for seed in SEEDS {
            let mut call = NetworkCall::new(&[(0, 4_000), (20, rate)], 0.0, seed);
            call.run(30);
            let gaps = call.between(20.0, 25.0).map(|sample| sample.gap);
            let gap = gaps.fold(0.0, f64::max);
            assert!(gap <= longest, "{rate} kbit/s, seed {seed}: {gap} ms");
        }
    }
}

#[test]
fn a_client_gets_no_second_key_frame_while_the_first_is_under_way() {
    let mut requested = 0;
    for seed in SEEDS {
        let mut call = NetworkCall::new(&[(0, 1_000), (20, 200)], 0.0, seed);
        call.run(20);
        call.run_for(500);
        let before = call.publisher.requests;
        for _ in 0..10 {
            call.ask();
            call.run_for(100);
        }
        requested += call.publisher.requests - before;
    }
    // Four a second would be within the limit of the sender.
    assert!(requested <= 14, "{requested}");
}

#[test]
fn a_request_that_waits_for_a_key_frame_under_way_is_followed_afterwards() {
    for seed in SEEDS {
        let mut call = NetworkCall::new(&[(0, 180)], 0.0, seed);
        call.asks = false;
        call.run(20);
        call.ask();
        call.run_for(200);
        call.ask();
        call.run_for(1_000);
        assert_eq!(call.publisher.requests, 2, "seed {seed}");
    }
}

#[test]
fn a_request_that_waits_ends_with_a_pause() {
    let mut call = NetworkCall::new(&[(0, 180)], 0.0, 1);
    call.asks = false;
    call.run(20);
    call.ask();
    call.run_for(200);
    call.ask();
    call.world.execute(Command::PauseConsumer {
        consumer: call.consumer,
    });
    call.run_for(1_000);
    assert_eq!(call.publisher.requests, 1);
}
