//! The network that a client is in: what is kept of an address.

use std::net::{IpAddr, Ipv6Addr};

/// The network of a client's address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Prefix {
    /// The record had no address, or none that can be read.
    #[default]
    Unknown,
    /// The first 24 bits.
    V4([u8; 3]),
    /// The first 48 bits.
    V6([u8; 6]),
}

impl Prefix {
    /// The network of an address; an IPv4 address inside IPv6 is an IPv4 address.
    #[must_use]
    pub fn of(address: &str) -> Self {
        match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
            Ok(IpAddr::V4(address)) => {
                let [a, b, c, _] = address.octets();
                Self::V4([a, b, c])
            }
            Ok(IpAddr::V6(address)) => {
                let [a, b, c, d, e, f, ..] = address.octets();
                Self::V6([a, b, c, d, e, f])
            }
            Err(_) => Self::Unknown,
        }
    }

    /// `192.0.2.0/24`, `2001:db8:1::/48`, or nothing.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::Unknown => String::new(),
            Self::V4([a, b, c]) => format!("{a}.{b}.{c}.0/24"),
            Self::V6([a, b, c, d, e, f]) => {
                let address = Ipv6Addr::from([a, b, c, d, e, f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
                format!("{address}/48")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Prefix;

    #[test]
    fn addresses_fall_into_their_networks() {
        for (address, want) in [
            ("192.0.2.7", "192.0.2.0/24"),
            ("::ffff:192.0.2.7", "192.0.2.0/24"),
            ("2001:db8:1:2::3", "2001:db8:1::/48"),
            ("shop.example", ""),
            ("", ""),
        ] {
            assert_eq!(Prefix::of(address).text(), want, "{address}");
        }
    }
}
