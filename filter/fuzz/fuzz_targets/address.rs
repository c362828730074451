//! Addresses and networks: an address survives being written and read, and a network holds what it
//! begins with and nothing that a wider reading would add.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ostiary_engine::address::{CidrSetBuilder, parse};
use std::net::IpAddr;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(address) = parse(text) {
        assert_eq!(parse(&address.to_string()), Some(address), "{text:?}");
        let mut only = CidrSetBuilder::default();
        only.add(&address.to_string()).expect("one address is a network");
        assert!(only.build().contains(address), "{text:?}");
    }
    let mut set = CidrSetBuilder::default();
    for network in text.split_ascii_whitespace() {
        let Ok(()) = set.add(network) else { continue };
        let mut alone = CidrSetBuilder::default();
        alone.add(network).expect("what was added once is added again");
        let (first, _) = network.split_once('/').unwrap_or((network, ""));
        let first: IpAddr = first.parse().expect("a network begins with its address");
        assert!(alone.build().contains(first), "{network:?}");
    }
    let _ = set.build().is_empty();
});
