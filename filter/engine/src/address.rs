//! Addresses of clients, and sets of networks to hold them against.
//!
//! A set keeps sorted, merged ranges (8 bytes an IPv4 range, 32 an IPv6 range) and is read from
//! the configuration element by element, because a list of 100,000 networks that passes through a
//! tree of JSON values takes twelve times its size, and a guest's memory never shrinks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Reads an address as Envoy writes it: `192.0.2.1:1234`, `[2001:db8::1]:1234`, or without a port.
/// An IPv4-mapped IPv6 address is the IPv4 address. `None` for anything else (a pipe's path).
#[must_use]
pub fn parse(text: &str) -> Option<IpAddr> {
    let address = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        // One colon ends an IPv4 address; more than one are an IPv6 address without brackets.
        None => match text.split_once(':') {
            Some((host, port)) if !port.contains(':') => host,
            _ => text,
        },
    };
    // A zone (`fe80::1%eth0`) says where the address was heard, not which it is.
    let address = address.split('%').next()?;
    address.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// A network as written: `192.0.2.0/24`, `2001:db8::/32`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Range {
    V4(u32, u32),
    V6(u128, u128),
}

/// Why a text is no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidCidr {
    /// The address does not parse.
    Address,
    /// The prefix length is no number or longer than the address.
    Prefix,
    /// Bits are set beyond the prefix: the author meant another network than was written.
    HostBits,
}

impl std::fmt::Display for InvalidCidr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Address => "no address: write `192.0.2.0/24`, `2001:db8::/32` or one address",
            Self::Prefix => "prefix length: 0 to 32 for ipv4, 0 to 128 for ipv6",
            Self::HostBits => "bits are set beyond the prefix: write the network's first address, or a longer prefix",
        })
    }
}

pub(crate) fn range(text: &str) -> Result<Range, InvalidCidr> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let prefix = prefix.map(|digits| {
        let plain = !digits.is_empty() && digits.len() <= 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<u32>().ok().filter(|_| plain).ok_or(InvalidCidr::Prefix)
    });
    let prefix = prefix.transpose()?;
    match address.parse::<IpAddr>().map_err(|_| InvalidCidr::Address)? {
        IpAddr::V4(address) => v4(address, prefix.unwrap_or(32)),
        IpAddr::V6(address) => match (address.to_ipv4_mapped(), prefix.unwrap_or(128)) {
            // `::ffff:192.0.2.0/120` is `192.0.2.0/24`.
            (Some(mapped), prefix @ 96..) => v4(mapped, prefix - 96),
            (_, prefix) => v6(address, prefix),
        },
    }
}

fn v4(address: Ipv4Addr, prefix: u32) -> Result<Range, InvalidCidr> {
    let host_bits = 32_u32.checked_sub(prefix).ok_or(InvalidCidr::Prefix)?;
    let first = u32::from(address);
    let mask = u32::MAX.checked_shr(prefix).unwrap_or(0);
    debug_assert_eq!(mask.count_ones(), host_bits);
    if first & mask != 0 { Err(InvalidCidr::HostBits) } else { Ok(Range::V4(first, first | mask)) }
}

fn v6(address: Ipv6Addr, prefix: u32) -> Result<Range, InvalidCidr> {
    if prefix > 128 {
        return Err(InvalidCidr::Prefix);
    }
    let first = u128::from(address);
    let mask = u128::MAX.checked_shr(prefix).unwrap_or(0);
    if first & mask != 0 { Err(InvalidCidr::HostBits) } else { Ok(Range::V6(first, first | mask)) }
}

/// A set of networks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CidrSet {
    v4: Vec<(u32, u32)>,
    v6: Vec<(u128, u128)>,
}

impl CidrSet {
    /// Whether the set holds the address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(address) => holds(&self.v4, u32::from(address)),
            IpAddr::V6(address) => holds(&self.v6, u128::from(address)),
        }
    }

    /// Whether the set holds no address at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// Whether another set holds every address that this one holds.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        within(&self.v4, &other.v4, |address| address.checked_add(1))
            && within(&self.v6, &other.v6, |address| address.checked_add(1))
    }

    /// Whether no address is in both sets.
    #[must_use]
    pub fn is_disjoint_from(&self, other: &Self) -> bool {
        are_disjoint(&self.v4, &other.v4) && are_disjoint(&self.v6, &other.v6)
    }

    /// How many ranges it holds: networks that overlap are one.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.v4.len() + self.v6.len()
    }

    /// Bytes that the ranges take.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        size_of_val(self.v4.as_slice()) + size_of_val(self.v6.as_slice())
    }
}

fn holds<T: Ord + Copy>(ranges: &[(T, T)], address: T) -> bool {
    let after = ranges.partition_point(|(first, _)| *first <= address);
    after.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|(_, last)| address <= *last)
}

/// Whether each inner range lies in outer ranges. These are merged where they overlap but not where one
/// begins right after another, so an inner range may go on in the next.
fn within<T: Ord + Copy>(inner: &[(T, T)], outer: &[(T, T)], next: impl Fn(T) -> Option<T>) -> bool {
    inner.iter().all(|(first, last)| {
        let after = outer.partition_point(|(begin, _)| begin <= first);
        let mut reached = Some(*first);
        for (begin, end) in outer.iter().skip(after.saturating_sub(1)) {
            match reached {
                Some(address) if *begin <= address && address <= *end => {}
                Some(_) | None => return false,
            }
            if last <= end {
                return true;
            }
            reached = next(*end);
        }
        false
    })
}

fn are_disjoint<T: Ord + Copy>(one: &[(T, T)], other: &[(T, T)]) -> bool {
    one.iter().all(|(first, last)| {
        // The last of the others that begins in time is the one that reaches furthest.
        let before = other.partition_point(|(begin, _)| begin <= last);
        before.checked_sub(1).and_then(|at| other.get(at)).is_none_or(|(_, end)| end < first)
    })
}

/// Builds a [`CidrSet`] one network at a time.
#[derive(Debug, Default)]
pub struct CidrSetBuilder {
    set: CidrSet,
}

impl CidrSetBuilder {
    /// Adds a network as written.
    ///
    /// # Errors
    /// [`InvalidCidr`] says what is wrong with the text.
    pub fn add(&mut self, text: &str) -> Result<(), InvalidCidr> {
        self.push(range(text)?);
        Ok(())
    }

    pub(crate) fn push(&mut self, range: Range) {
        match range {
            Range::V4(first, last) => self.set.v4.push((first, last)),
            Range::V6(first, last) => self.set.v6.push((first, last)),
        }
    }

    /// The set: sorted, and merged where networks overlap.
    #[must_use]
    pub fn build(mut self) -> CidrSet {
        merge(&mut self.set.v4);
        merge(&mut self.set.v6);
        self.set
    }
}

fn merge<T: Ord + Copy>(ranges: &mut Vec<(T, T)>) {
    crate::order::sort(ranges, |a, b| a < b);
    ranges.dedup_by(|next, kept| {
        let overlap = next.0 <= kept.1;
        if overlap {
            kept.1 = kept.1.max(next.1);
        }
        overlap
    });
    ranges.shrink_to_fit();
}

#[cfg(test)]
mod tests {
    use super::{CidrSetBuilder, InvalidCidr, parse};
    use proptest::prelude::*;
    use std::net::{IpAddr, Ipv4Addr};

    #[test]
    fn envoys_spellings_are_read() {
        for (text, address) in [
            ("192.0.2.1:1234", Some("192.0.2.1")),
            ("192.0.2.1", Some("192.0.2.1")),
            ("[2001:db8::1]:1234", Some("2001:db8::1")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("[fe80::1%eth0]:1", Some("fe80::1")),
            ("[::ffff:192.0.2.1]:1", Some("192.0.2.1")),
            ("/var/run/envoy.sock", None),
            ("", None),
            ("[::1", None),
            ("1.2.3", None),
        ] {
            assert_eq!(parse(text), address.map(|a| a.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn networks_are_read_or_refused_with_a_reason() {
        let mut builder = CidrSetBuilder::default();
        for text in
            ["192.0.2.0/24", "10.0.0.0/8", "10.1.0.0/16", "2001:db8::/32", "::ffff:198.51.100.0/120", "0.0.0.0/32"]
        {
            builder.add(text).unwrap();
        }
        for (text, why) in [
            ("192.0.2.1/24", InvalidCidr::HostBits),
            ("192.0.2.0/33", InvalidCidr::Prefix),
            ("192.0.2.0/", InvalidCidr::Prefix),
            ("192.0.2.0/+8", InvalidCidr::Prefix),
            ("2001:db8::/129", InvalidCidr::Prefix),
            ("2001:db8::1/64", InvalidCidr::HostBits),
            ("office", InvalidCidr::Address),
            ("", InvalidCidr::Address),
        ] {
            assert_eq!(builder.add(text), Err(why), "{text}");
        }
        let set = builder.build();
        assert_eq!(set.bytes(), 4 * 8 + 32);
        for (address, held) in [
            ("192.0.2.255", true),
            ("192.0.3.0", false),
            ("10.1.2.3", true),
            ("10.255.255.255", true),
            ("11.0.0.0", false),
            ("::ffff:192.0.2.7", true),
            ("198.51.100.9", true),
            ("2001:db8:ffff::", true),
            ("2001:db9::", false),
            ("0.0.0.0", true),
        ] {
            assert_eq!(set.contains(address.parse().unwrap()), held, "{address}");
        }
        let mut all = CidrSetBuilder::default();
        all.add("0.0.0.0/0").unwrap();
        assert!(all.build().contains("255.255.255.255".parse().unwrap()));
    }

    proptest! {
        /// Merged ranges hold what the plain list of networks holds.
        #[test]
        fn merging_changes_nothing(networks in prop::collection::vec((any::<u32>(), 20_u32..=32), 0..40), probes in prop::collection::vec(any::<u32>(), 20)) {
            let mut builder = CidrSetBuilder::default();
            let mut plain = Vec::new();
            for (address, prefix) in networks {
                let first = address & !u32::MAX.checked_shr(prefix).unwrap_or(0);
                builder.add(&format!("{}/{prefix}", Ipv4Addr::from(first))).unwrap();
                plain.push((first, prefix));
            }
            let set = builder.build();
            let near = plain.iter().flat_map(|(first, _)| [first.wrapping_sub(1), *first, first | 0xf]);
            for probe in near.clone().chain(probes) {
                let expected = plain.iter().any(|(first, prefix)| probe & !u32::MAX.checked_shr(*prefix).unwrap_or(0) == *first);
                prop_assert_eq!(set.contains(IpAddr::V4(Ipv4Addr::from(probe))), expected);
            }
        }

        /// Whether a set is within another, or has nothing in common with it, is what each of all addresses says.
        #[test]
        fn sets_are_compared_as_their_addresses_are(sets in prop::array::uniform2(prop::collection::vec((0_u32..16, prop::sample::select(vec![28_u32, 29, 29, 29, 30, 32]), prop::bool::weighted(0.2)), 0..7))) {
            let both = sets.map(|networks| {
                let mut builder = CidrSetBuilder::default();
                for (address, prefix, is_v6) in networks {
                    let first = address & (u32::MAX << (32 - prefix));
                    let text = if is_v6 { format!("2001:db8::{first:x}/{}", prefix + 96) } else { format!("255.255.255.{}/{prefix}", 240 + first) };
                    builder.add(&text).unwrap();
                }
                builder.build()
            });
            let [one, other] = &both;
            let v4 = (240..=255_u8).map(|last| IpAddr::V4(Ipv4Addr::new(255, 255, 255, last)));
            let v6 = (0..16_u16).map(|last| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, last]));
            let all: Vec<IpAddr> = v4.chain(v6).collect();
            prop_assert_eq!(one.is_within(other), all.iter().all(|address| !one.contains(*address) || other.contains(*address)));
            prop_assert_eq!(one.is_disjoint_from(other), !all.iter().any(|address| one.contains(*address) && other.contains(*address)));
        }
    }
}
