//! The canonical form of a host: made once it stays, and a pattern written from it matches it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ostiary_engine::host::{BYTES_MAX, HostPattern, canonical};

fuzz_target!(|authority: &[u8]| {
    if let Ok(text) = std::str::from_utf8(authority)
        && let Ok(pattern) = HostPattern::parse(text)
    {
        let again = HostPattern::parse(&pattern.to_string());
        assert_eq!(again, Ok(pattern));
    }
    let Ok(host) = canonical(authority) else { return };
    assert!(host.len() <= BYTES_MAX && !host.bytes().any(|byte| byte.is_ascii_uppercase()), "{host:?}");
    assert_eq!(canonical(host.as_bytes()).as_deref(), Ok(&*host));
    if !host.is_empty() {
        let pattern = HostPattern::parse(&host);
        assert!(pattern.as_ref().is_ok_and(|pattern| pattern.matches(&host)), "{host:?} {pattern:?}");
    }
});
