//! What a quota counts by: the parts of a key, found in a call.

use super::bucket::Fingerprint;
use super::siphash::{Secret, SipHash};
use crate::access::{Call, Circumstances};
use crate::catalog::{Catalog, Operation};
use crate::config::quota_values::Part;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Bytes of one part that are looked at. What is longer is told apart by its first bytes and its length:
/// a client that can write more can write others too, and gains nothing.
const PART_BYTES_MAX: usize = 1024;

/// A key: for each part of its quota a value, or that there is none.
///
/// Each part is a 0, or a 1 with the value's length in four bytes and the value, at most its first
/// `PART_BYTES_MAX` bytes: so two keys of different parts never have the same bytes, and a missing
/// value is like no value that can be sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Key(Vec<u8>);

/// What a key is made from.
pub(crate) struct Source<'a> {
    pub(crate) call: &'a Call<'a>,
    pub(crate) operation: &'a Operation,
    pub(crate) catalog: &'a Catalog,
}

// === impl Key ===

impl Key {
    pub(crate) fn new(parts: &[Part], from: &Source<'_>) -> Self {
        let mut key = Self::default();
        for part in parts {
            key.push_part(part, from);
        }
        key
    }

    /// Adds what the body has: for each part that is a field of it a keyed fingerprint of the value, so that
    /// no value outlives its reading.
    pub fn read_body(&mut self, parts: &[Part], body: Option<&[u8]>, secret: &Secret) {
        for part in parts {
            if let Part::Body(path) = part {
                let print = body.and_then(|body| path.find(body)).map(|value| {
                    let mut hash = SipHash::new(secret);
                    hash.text(value.as_bytes());
                    hash.finish().to_le_bytes()
                });
                self.push(print.as_ref().map(|print| &print[..]));
            }
        }
    }

    /// Its hash under a secret.
    #[must_use]
    pub fn fingerprint(&self, secret: &Secret) -> Fingerprint {
        let mut hash = SipHash::new(secret);
        self.0.iter().for_each(|byte| hash.byte(*byte));
        Fingerprint(hash.finish())
    }

    /// Its values; `None` where there is none.
    pub fn values(&self) -> impl Iterator<Item = Option<&[u8]>> {
        let mut rest = &self.0[..];
        std::iter::from_fn(move || {
            let (is_there, after) = rest.split_first()?;
            if *is_there == 0 {
                rest = after;
                return Some(None);
            }
            let (len, after) = after.split_first_chunk::<4>()?;
            let len = usize::try_from(u32::from_le_bytes(*len)).ok()?.min(PART_BYTES_MAX);
            let (value, after) = after.split_at_checked(len)?;
            rest = after;
            Some(Some(value))
        })
    }

    fn push_part(&mut self, part: &Part, from: &Source<'_>) {
        let around = from.call.around;
        match part {
            Part::Address { v4, v6 } => match around.address() {
                Some(address) => self.push(Some(network(address, *v4, *v6).as_bytes())),
                None => self.push(None),
            },
            Part::Caller => self.push(around.caller().identities().first().map(|identity| identity.id.as_bytes())),
            Part::Role => {
                let mut roles: Vec<&str> = around.caller().roles().iter().map(|role| &**role).collect();
                crate::order::sort(&mut roles, |a, b| a < b);
                self.push(Some(roles.join(",").as_bytes()).filter(|roles| !roles.is_empty()));
            }
            Part::Api => self.push(from.call.api.and_then(|api| from.catalog.api_name(api)).map(str::as_bytes)),
            Part::Operation => {
                let host = from.operation.host_pattern(from.catalog);
                let template = from.operation.template(from.catalog);
                self.push(Some(format!("{} {host}{template}", from.operation.method).as_bytes()));
            }
            Part::Host => self.push(Some(from.call.host.as_bytes())),
            Part::Country => self.push(around.country().as_ref().map(|country| &country[..])),
            Part::Header(name) => self.push_all(own_lines(around, name).map(<[u8]>::to_vec)),
            Part::Query(name) => {
                let own = around
                    .parameters()
                    .iter()
                    .filter(|parameter| !parameter.doubtful && *parameter.name == *name.as_bytes());
                self.push_all(own.map(|parameter| parameter.value.to_vec()));
            }
            Part::Path(name) => self.push(path_parameter(name, from).map(str::as_bytes)),
            // Comes later, behind all others: see `read_body`.
            Part::Body(_) => {}
        }
    }

    /// Several values of one name are one value: whoever sends one more begins no new count by
    /// choosing which of them is looked at, but by choosing them all, as with any value.
    fn push_all(&mut self, values: impl Iterator<Item = Vec<u8>>) {
        let all: Vec<Vec<u8>> = values.collect();
        self.push(Some(&all.join(&b","[..])[..]).filter(|_| !all.is_empty()));
    }

    fn push(&mut self, value: Option<&[u8]>) {
        let Some(value) = value else { return self.0.push(0) };
        let kept = value.get(..PART_BYTES_MAX).unwrap_or(value);
        self.0.push(1);
        self.0.extend_from_slice(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.0.extend_from_slice(kept);
    }
}

/// The lines of a header under its own name: of those that only some readers take for it, none.
pub(crate) fn own_lines<'a>(around: &'a Circumstances<'_>, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
    around.header(name).filter(|(_, doubtful)| !doubtful).map(|(value, _)| value)
}

/// The network that holds an address.
fn network(address: IpAddr, v4: u8, v6: u8) -> String {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(u32::from(32 - v4.min(32))).unwrap_or(0);
            let network = Ipv4Addr::from_bits(address.to_bits() & mask);
            if v4 == 32 { network.to_string() } else { format!("{network}/{v4}") }
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(u32::from(128 - v6.min(128))).unwrap_or(0);
            let network = Ipv6Addr::from_bits(address.to_bits() & mask);
            if v6 == 128 { network.to_string() } else { format!("{network}/{v6}") }
        }
    }
}

/// The segment of the path that a declared template names.
fn path_parameter<'a>(name: &str, from: &'a Source<'_>) -> Option<&'a str> {
    let template = from.operation.declared_template(from.catalog)?;
    let segments = crate::path::segments(template).zip(from.call.path.segments());
    let wanted = |segment: &str| segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) == Some(name);
    segments.into_iter().find(|(segment, _)| wanted(segment)).map(|(_, value)| value)
}
