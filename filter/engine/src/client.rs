//! The client's address and country, found where the policy says that they can be believed.

use crate::address::{self, CidrSet};
use crate::attributes::Attributes;
use crate::config::clients::AddressSource;
use crate::config::read::Problems;
use crate::config::{ClientAddress, ClientCountry};
use crate::pairs::Pairs;
use std::net::IpAddr;

/// Entries of a forwarding header that are looked at; with more, the client is unknown.
pub const HOPS_MAX: usize = 64;

/// A country's ISO 3166 code.
pub type Country = [u8; 2];

#[derive(Debug, Default)]
enum Source {
    #[default]
    Envoy,
    ForwardedFor {
        header: Box<str>,
        trusted: CidrSet,
    },
    FilterState {
        key: Box<str>,
    },
}

/// Where a policy finds client and country.
#[derive(Debug, Default)]
pub struct ClientRules {
    source: Source,
    country_header: Option<Box<str>>,
}

impl ClientRules {
    /// Compiles what was written; `decides` says that a rule asks for addresses.
    pub(crate) fn compile(
        address: Option<&ClientAddress>,
        country: Option<&ClientCountry>,
        decides: bool,
        problems: &mut Problems,
        warnings: &mut Problems,
    ) -> Self {
        let source = address.and_then(|written| written.from).unwrap_or(AddressSource::Envoy);
        check_keys(source, address, problems);
        if decides {
            warn_of_listener(source, address.and_then(|written| written.use_remote_address), warnings);
        }
        let source = match (source, address) {
            (AddressSource::Envoy, _) | (_, None) => Source::Envoy,
            (AddressSource::ForwardedFor, Some(written)) => Source::ForwardedFor {
                header: written.header.as_ref().map_or("x-forwarded-for", |name| name.as_str()).into(),
                trusted: written.trusted_proxies.clone().unwrap_or_default(),
            },
            (AddressSource::FilterState, Some(written)) => {
                Source::FilterState { key: written.key.as_ref().map_or("", |key| key.as_str()).into() }
            }
        };
        Self { source, country_header: country.map(|country| country.header.as_str().into()) }
    }

    /// Whether the client's address is what Envoy says it is.
    #[must_use]
    pub const fn is_envoys(&self) -> bool {
        matches!(self.source, Source::Envoy)
    }

    /// Whether the policy says where a country is found.
    #[must_use]
    pub const fn knows_countries(&self) -> bool {
        self.country_header.is_some()
    }

    /// The client's address; `None` when it is unknown.
    #[must_use]
    pub fn address(&self, lines: Pairs<'_>, attributes: &dyn Attributes) -> Option<IpAddr> {
        let of = |path: &[&str]| {
            let bytes = attributes.get(path).ok()??;
            address::parse(std::str::from_utf8(&bytes).ok()?)
        };
        match &self.source {
            Source::Envoy => of(&["source", "address"]),
            Source::FilterState { key } => of(&["filter_state", key]),
            Source::ForwardedFor { header, trusted } => forwarded_for(lines, header, trusted),
        }
    }

    /// The client's country; `None` when it is unknown. Two headers are none: one may be the client's.
    #[must_use]
    pub fn country(&self, lines: Pairs<'_>) -> Option<Country> {
        let header = self.country_header.as_ref()?;
        let mut values = lines.named(header);
        let (Some(value), None) = (values.next(), values.next()) else { return None };
        let code: Country = value.to_ascii_uppercase().try_into().ok()?;
        code.iter().all(u8::is_ascii_uppercase).then_some(code)
    }
}

/// The last entry, from the right, that is no trusted proxy's: every proxy appends the address of
/// its peer, so what stands to the left of an untrusted entry is that peer's own word.
fn forwarded_for(lines: Pairs<'_>, header: &str, trusted: &CidrSet) -> Option<IpAddr> {
    let mut entries: Vec<&[u8]> = Vec::new();
    for line in lines.named(header) {
        for entry in line.split(|byte| *byte == b',') {
            if entries.len() == HOPS_MAX {
                return None;
            }
            entries.push(entry);
        }
    }
    let mut last = None;
    for entry in entries.into_iter().rev() {
        let address = address::parse(std::str::from_utf8(entry).ok()?.trim())?;
        last = Some(address);
        if !trusted.contains(address) {
            break;
        }
    }
    last
}

/// A key that belongs to another source would be believed to do something.
fn check_keys(source: AddressSource, written: Option<&ClientAddress>, problems: &mut Problems) {
    let Some(written) = written else { return };
    for (given, key, of) in [
        (written.header.is_some(), "header", AddressSource::ForwardedFor),
        (written.trusted_proxies.is_some(), "trusted_proxies", AddressSource::ForwardedFor),
        (written.key.is_some(), "key", AddressSource::FilterState),
    ] {
        if given && source != of {
            problems.push(format!("client_address.{key}"), format!("belongs to `from: {}`", of.word()));
        }
    }
    if source == AddressSource::FilterState && written.key.is_none() {
        problems.push("client_address.key", "this key is required with `from: filter_state`");
    }
}

fn warn_of_listener(source: AddressSource, use_remote_address: Option<bool>, warnings: &mut Problems) {
    let text = match (source, use_remote_address) {
        (AddressSource::FilterState, _) | (_, Some(true)) => return,
        (AddressSource::Envoy, None) => {
            "rules ask for addresses, and whether `source.address` can be forged depends on the listener: state its `use_remote_address` here"
        }
        (AddressSource::Envoy, Some(false)) => {
            "with `use_remote_address: false` envoy takes the client's address from `x-forwarded-for`, which a client that reaches this listener can write: use `filter_state`, or `forwarded_for` behind a proxy that appends"
        }
        (AddressSource::ForwardedFor, _) => {
            "the last entry of the header must be written by this listener (`use_remote_address: true`, to be stated here) or by a proxy that alone can reach it"
        }
    };
    warnings.push("client_address", text);
}

#[cfg(test)]
mod tests {
    use super::{ClientRules, Source};
    use crate::address::CidrSetBuilder;
    use crate::attributes::Stated;
    use crate::pairs::{Pairs, serialized};

    /// Whatever a client writes on the left never becomes its address.
    #[test]
    fn the_last_untrusted_entry_is_the_client() {
        let mut trusted = CidrSetBuilder::default();
        trusted.add("10.0.0.0/8").unwrap();
        let rules = ClientRules {
            source: Source::ForwardedFor { header: "x-forwarded-for".into(), trusted: trusted.build() },
            country_header: Some("x-country".into()),
        };
        let many = ["10.0.0.1"; 65].join(",");
        for (lines, address) in [
            (&["203.0.113.9"][..], Some("203.0.113.9")),
            (&["192.0.2.1, 203.0.113.9"], Some("203.0.113.9")),
            (&["192.0.2.1, 203.0.113.9,10.1.1.1 , 10.2.2.2"], Some("203.0.113.9")),
            (&["192.0.2.1", "203.0.113.9, 10.1.1.1"], Some("203.0.113.9")),
            (&["[2001:db8::1]:443, 10.1.1.1"], Some("2001:db8::1")),
            (&["10.3.3.3, 10.1.1.1"], Some("10.3.3.3")),
            (&["192.0.2.1, unknown, 10.1.1.1"], None),
            (&["192.0.2.1,"], None),
            (&[&many], None),
            (&[], None),
        ] {
            let map: Vec<_> = lines.iter().map(|line| ("x-forwarded-for", *line)).collect();
            let map = serialized(&map);
            assert_eq!(
                rules.address(Pairs::new(&map), &Stated::default()),
                address.map(|a| a.parse().unwrap()),
                "{lines:?}"
            );
        }
        for (lines, country) in
            [(&["cn"][..], Some(*b"CN")), (&["CN", "DE"], None), (&["CHN"], None), (&["c1"], None), (&[], None)]
        {
            let map: Vec<_> = lines.iter().map(|line| ("x-country", *line)).collect();
            assert_eq!(rules.country(Pairs::new(&serialized(&map))), country, "{lines:?}");
        }
    }
}
