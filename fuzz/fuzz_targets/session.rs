//! The session against its model. With `AIP_SPELL` set an input's steps are shown, to be read.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if std::env::var_os("AIP_SPELL").is_some() {
        for step in aip_fuzz::spelled(data) {
            eprintln!("{step}");
        }
    }
    aip_fuzz::session(data);
});
