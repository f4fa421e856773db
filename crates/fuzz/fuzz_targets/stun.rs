#![no_main]

#[path = "../../wire/tests/targets/mod.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|input: &[u8]| targets::stun(input));
