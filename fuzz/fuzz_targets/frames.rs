//! The frame protocol's decoder and the JSON reader.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| aip_fuzz::frames(data));
