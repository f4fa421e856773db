#![no_main]

#[path = "../../codec/tests/targets/mod.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|input: &[u8]| targets::av1(input));
