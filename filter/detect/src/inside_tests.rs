//! What reading URLs guarantees: every notation of every private address is found, and public ones are not.

use super::{Leads, is_named, leads};
use proptest::prelude::*;
use std::net::Ipv4Addr;

/// Notations that reach inside with some reader or other, each as it has been used.
#[rustfmt::skip]
const HOSTILE: &[&str] = &[
     "http://127.0.0.1", "http://127.1", "http://127.0.1:80/x", "http://2130706433/", "http://0x7f000001",
    "http://0x7f.1", "http://0177.0.0.1", "http://017700000001", "http://0x7F.0.0.0x1", "http://0/", "http://0.0.0.0:22",
    "http://00000177.0.0.01", "http://[::1]", "http://[::]", "http://[0:0:0:0:0:0:0:1]:80", "http://[::ffff:127.0.0.1]",
    "http://[::ffff:7f00:1]", "http://[::127.0.0.1]", "http://[64:ff9b::a00:1]", "http://[64:ff9b:1::a00:1]",
    "http://[2002:7f00:1::]", "http://[fe80::1%25eth0]", "http://[fd00:ec2::254]/latest", "http://[fec0::1]",
    "http://[2001:0:c000:221:0:0:80ff:fffe]", "http://169.254.169.254/latest/meta-data", "http://2852039166/",
    "http://100.100.100.200/", "http://168.63.129.16/", "http://metadata.google.internal/computeMetadata/v1",
    "http://metadata/", "http://localhost", "http://LOCALHOST.:8080", "http://a.localhost/", "http://db.internal",
    "http://printer.local", "http://redis:6379", "http://api.default.svc", "http://api.default.svc.cluster.local",
    "http://127.0.0.1.nip.io", "http://app.10-0-0-1.sslip.io", "http://7f000001.nip.io", "http://a.10.1.2.3.example.com",
    "http://7f000001.c0a80001.rbndr.us", "http://localtest.me", "http://public.example@127.0.0.1/", "http://a:b@10.0.0.1",
    "http:127.0.0.1", "http:/127.0.0.1", "http:\\\\127.0.0.1", "http:///127.0.0.1", "//10.0.0.1/x", "\\\\10.0.0.1\\share",
    "/\\10.0.0.1", " http://127.0.0.1", "ht\ntp://127.0.0.1", "http://127.0.0.\t1", "HTTP://127.0.0.1",
    "http://127.0.0.1%00", "http://%31%32%37.0.0.1", "http%3A%2F%2F127.0.0.1", "http%253A%252F%252F127.0.0.1",
    "http://127%2e0%2e0%2e1", "http://①②⑦.⓪.⓪.①", "http://１２７.０.０.１", "http://127。0。0。1", "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "http://loc\u{ad}alhost", "file:///etc/passwd", "FILE:/etc/passwd", "netdoc:///etc/passwd",
    "gopher://127.0.0.1:6379/_x", "dict://127.0.0.1:11211", "jar:http://127.0.0.1!/x", "url:http://127.0.0.1",
    "http://kubernetes.default.svc/", "ftp://10.0.0.1", "http://public.example 127.0.0.1/", "http://127.0.0.1./",
    "http://127.0.0.1../", "http://0x7f000001./",
];

#[test]
fn hostile_notations_are_found() {
    for url in HOSTILE {
        assert_eq!(leads(url.as_bytes(), false), Leads::Inside, "{url}");
    }
}

/// What only some readers fetch from inside.
#[test]
fn what_readers_differ_on_is_unclear() {
    for url in [
        "http://127.0.0.1@public.example/",
        "http://public.example\\@127.0.0.1/",
        "http://public.example#@127.0.0.1/",
        "http://public.example?@10.0.0.1",
        "http://010.8.8.8/",
        "http://383.0.0.1",
        "http://4294967297/",
        "http://256.256.256.256",
        "http://1.2.3.4.5",
        "http://[nonsense]",
        "http://:80/",
        "http%25253A%25252F%25252Fx",
        "http://⑴27.0.0.1",
    ] {
        assert_eq!(leads(url.as_bytes(), false), Leads::Unclear, "{url}");
    }
}

/// What everybody may fetch, and what is no URL.
#[test]
fn public_urls_and_other_values_are_left_alone() {
    for (text, named) in [
        ("https://shop.example/a?b=http://127.0.0.1", false),
        ("https://8.8.8.8/", false),
        ("https://8.8.8.8", true),
        ("https://[2606:4700::1111]/", false),
        ("https://ann:pw@shop.example/", false),
        ("/orders/10.0.0.1", false),
        ("10.0.0.1", false),
        ("127.0.0.1", false),
        ("2130706433", false),
        ("time:12:30", false),
        ("urn:isbn:123", false),
        ("mailto:ann@shop.example", false),
        ("a%20b", false),
        ("100%", false),
        ("42", true),
        ("3.14", false),
        ("next", true),
        ("shop.example", true),
        ("https://münchen.example", false),
        ("", true),
        ("", false),
        ("data:text/plain,hello", false),
        ("https://internal.example/", false),
        ("https://mylocalhost.example", false),
        ("https://1-2-3-4.example.com", false),
        ("https://cdn.example/%E2%82%AC", false),
        ("2026-01-01T10:00:00Z", false),
    ] {
        assert_eq!(leads(text.as_bytes(), named), Leads::Elsewhere, "{text}");
    }
}

/// A host without a scheme counts where the name calls for one.
#[test]
fn bare_hosts_count_by_their_name() {
    for text in [
        "127.0.0.1",
        "127.1:80",
        "localhost:8080",
        "2130706433",
        "[::1]",
        "::1",
        "fe80::1%eth0",
        "db.internal",
        "0x7f000001",
    ] {
        assert_eq!(leads(text.as_bytes(), true), Leads::Inside, "{text}");
    }
    for (name, wanted) in [
        ("url", true),
        ("callback_url", true),
        ("imageURL", true),
        ("redirect-to", true),
        ("Host", true),
        ("q", false),
        ("curling", false),
    ] {
        assert_eq!(is_named(name.as_bytes()), wanted, "{name}");
    }
}

/// Every way to write an IPv4 address down in a URL.
fn notations(address: u32) -> Vec<String> {
    let [a, b, c, d] = address.to_be_bytes();
    let (cd, bcd) = (address & 0xffff, address & 0xff_ffff);
    let [ab_hex, cd_hex] = [address >> 16, cd];
    let hosts = [
        format!("{a}.{b}.{c}.{d}"),
        format!("{a}.{b}.{cd}"),
        format!("{a}.{bcd}"),
        format!("{address}"),
        format!("{address:#x}"),
        format!("0x{address:08X}"),
        format!("0{address:o}"),
        format!("000{address:o}"),
        format!("{a:#x}.{b:#x}.{c:#x}.{d:#x}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("{a:#x}.0{b:o}.{cd}"),
        format!("[::ffff:{a}.{b}.{c}.{d}]"),
        format!("[::ffff:{ab_hex:x}:{cd_hex:x}]"),
        format!("[64:ff9b::{a}.{b}.{c}.{d}]"),
        format!("[2002:{ab_hex:x}:{cd_hex:x}::1]"),
        format!("{a}.{b}.{c}.{d}."),
        format!("{a}。{b}。{c}。{d}"),
        format!("{a}.{b}.{c}.{d}.nip.io"),
        format!("x-{a}-{b}-{c}-{d}.sslip.io"),
        format!("{address:08x}.nip.io"),
        format!("user:pass@{a}.{b}.{c}.{d}"),
        format!("{a}%2e{b}%2e{c}%2e{d}"),
    ];
    let urls = hosts.iter().flat_map(|host| {
        [
            format!("http://{host}/x"),
            format!("https:\\\\{host}:8443"),
            format!("//{host}"),
            format!("gopher://{host}:70/1"),
        ]
    });
    urls.collect()
}

proptest! {
    /// Every notation of every private address is found.
    #[test]
    fn private_addresses_are_found_in_every_notation(
        network in prop::sample::select(vec![([10, 0, 0, 0], 8), ([127, 0, 0, 0], 8), ([169, 254, 0, 0], 16),
            ([172, 16, 0, 0], 12), ([192, 168, 0, 0], 16), ([100, 64, 0, 0], 10)]),
        host in any::<u32>(),
    ) {
        let (network, prefix) = network;
        let address = u32::from(Ipv4Addr::from(network)) | (host & (u32::MAX >> prefix));
        for url in notations(address) {
            prop_assert_eq!(leads(url.as_bytes(), false), Leads::Inside, "{}", url);
        }
    }

    /// No notation of a public one is taken for a private one by what all readers do; leading noughts alone are
    /// read in two ways.
    #[test]
    fn public_addresses_are_not_taken_for_private_ones(address in (1_u32 << 24)..(223 << 24)) {
        let ip = Ipv4Addr::from(address);
        let [a, b, c, _] = ip.octets();
        let special = ip.is_private() || ip.is_loopback() || ip.is_link_local() || a == 100 && b & 0xc0 == 64
            || (a, b, c) == (192, 0, 0) || a == 198 && b & 0xfe == 18 || a == 168 && b == 63;
        prop_assume!(!special);
        for url in notations(address) {
            prop_assert_ne!(leads(url.as_bytes(), false), Leads::Inside, "{}", url);
        }
    }

    /// Any bytes are survived, and an end beyond the bound is not looked at.
    #[test]
    fn any_bytes_are_survived(text in prop::collection::vec(any::<u8>(), 0..200), named in any::<bool>()) {
        let _ = leads(&text, named);
    }
}
