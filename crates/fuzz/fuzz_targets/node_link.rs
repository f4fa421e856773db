#![no_main]

#[path = "../../core/tests/common/mod.rs"]
mod common;
#[path = "../../core/tests/targets/mod.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|input: &[u8]| targets::node_link(input));
