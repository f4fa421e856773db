#![no_main]

#[path = "../../srtp/tests/targets/mod.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|input: &[u8]| targets::unprotect(input));
