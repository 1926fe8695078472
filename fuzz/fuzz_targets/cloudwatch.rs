#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| timberline_fuzz::check("cloudwatch", data));
