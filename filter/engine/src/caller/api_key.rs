//! API keys that the policy holds, as digests: whoever reads a policy learns no key, and a key is
//! found by its digest, so the time it takes tells nothing of the keys that are there.

use super::{Found, Identity, Kind};
use crate::attributes::Attributes;
use crate::config::callers;
use crate::config::read::Problems;
use crate::edit::{Edit, Edits};
use crate::hash::Table;
use crate::pairs::Pairs;
use crate::query;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The longest key, in bytes; a longer one is none.
pub const KEY_BYTES_MAX: usize = 4096;

#[derive(Debug)]
struct Key {
    id: Arc<str>,
    roles: Vec<Arc<str>>,
    not_before_s: i64,
    not_after_s: i64,
}

/// The keys, and where a request carries one.
#[derive(Debug)]
pub(super) struct ApiKeys {
    header: Option<Box<str>>,
    parameter: Option<Box<str>>,
    cookie: Option<Box<str>>,
    forward: bool,
    keys: Table<[u8; 32], Key>,
}

impl ApiKeys {
    pub(super) fn compile(written: callers::ApiKeys, problems: &mut Problems) -> Self {
        let mut keys = Table::default();
        for (index, key) in written.keys.0.into_iter().enumerate() {
            let compiled = Key {
                id: format!("{}:{}", Kind::ApiKey.name(), key.id.as_str()).into(),
                roles: key.roles.iter().map(|role| role.as_str().into()).collect(),
                not_before_s: key.not_before.map_or(i64::MIN, |instant| instant.unix_s()),
                not_after_s: key.not_after.map_or(i64::MAX, |instant| instant.unix_s()),
            };
            if compiled.not_before_s >= compiled.not_after_s {
                problems.push(format!("callers.api_keys.keys[{index}].not_after"), "is not after `not_before`");
            }
            // The same key twice would belong to whoever comes last.
            if keys.insert(key.sha256.bytes(), compiled).is_some() {
                problems.push(
                    format!("callers.api_keys.keys[{index}].sha256"),
                    "stands twice: a key belongs to one caller",
                );
            }
        }
        let text = |name: Option<&str>| name.map(Into::into);
        let keys = Self {
            header: text(written.header.as_ref().map(|name| name.as_str())),
            parameter: text(written.query.as_ref().map(|name| name.as_str())),
            cookie: text(written.cookie.as_ref().map(|name| name.as_str())),
            forward: written.forward.unwrap_or(false),
            keys,
        };
        if keys.header.is_none() && keys.parameter.is_none() && keys.cookie.is_none() {
            problems
                .push("callers.api_keys", "says nowhere to look: give a `header`, a `query` parameter or a `cookie`");
        }
        keys
    }

    pub(super) fn header(&self) -> Option<&str> {
        self.header.as_deref()
    }

    pub(super) fn parameter(&self) -> Option<&str> {
        self.parameter.as_deref()
    }

    /// Ids and roles that the keys give.
    pub(super) fn granted(&self) -> (Vec<&str>, Vec<&str>) {
        let ids = self.keys.values().map(|key| &*key.id).collect();
        (ids, self.keys.values().flat_map(|key| &key.roles).map(|role| &**role).collect())
    }

    /// Finds the key of a request and takes it off, good or not: what was meant for this door is no
    /// business of the upstream's.
    pub(super) fn find(
        &self,
        lines: Pairs<'_>,
        target: &[u8],
        attributes: &dyn Attributes,
        edits: &mut Edits,
    ) -> Found {
        let mut carried = Carried::default();
        if let Some(header) = &self.header {
            let before = carried.count;
            lines.named(header).for_each(|value| carried.take(value));
            if carried.count > before && !self.forward {
                edits.push(Edit::RemoveHeader(header.clone()));
            }
        }
        if let Some(name) = &self.parameter {
            let before = carried.count;
            for parameter in query::parameters(query::of(target)) {
                if *parameter.name == *name.as_bytes() {
                    carried.take(&parameter.value);
                }
            }
            if carried.count > before && !self.forward {
                edits.push(Edit::RemoveParameter(name.clone()));
            }
        }
        if let Some(name) = &self.cookie {
            let before = carried.count;
            for (_, value) in cookies(lines).filter(|(cookie, _)| *cookie == name.as_bytes()) {
                carried.take(value);
            }
            if carried.count > before && !self.forward {
                edits.push(Edit::SetCookies(cookies_without(lines, name.as_bytes())));
            }
        }
        carried.digest().map_or(Found::None, |digest| self.look_up(digest, attributes))
    }

    /// `digest` is `None` for two keys that differ.
    fn look_up(&self, digest: Option<[u8; 32]>, attributes: &dyn Attributes) -> Found {
        let Some(key) = digest.and_then(|digest| self.keys.get(&digest)) else { return Found::Invalid };
        let unlimited = key.not_before_s == i64::MIN && key.not_after_s == i64::MAX;
        // Without a clock a key that can expire is not known to be good.
        let now = if unlimited { Ok(0) } else { attributes.now_s() };
        match now {
            Ok(now) if key.not_before_s <= now && now < key.not_after_s => Found::Caller {
                identity: Identity { kind: Kind::ApiKey, id: Arc::clone(&key.id) },
                roles: key.roles.clone(),
            },
            Ok(_) | Err(_) => Found::Invalid,
        }
    }
}

/// The keys that a request carries.
#[derive(Default)]
struct Carried {
    count: usize,
    digest: Option<[u8; 32]>,
    differ: bool,
}

impl Carried {
    fn take(&mut self, key: &[u8]) {
        let digest: [u8; 32] = match key.len() {
            1..=KEY_BYTES_MAX => Sha256::digest(key).into(),
            // No key has this digest: it is no key.
            _ => [0; 32],
        };
        self.differ |= self.digest.is_some_and(|known| known != digest);
        self.digest = Some(digest);
        self.count += 1;
    }

    /// `None` when there is no key, `Some(None)` when there are two.
    fn digest(&self) -> Option<Option<[u8; 32]>> {
        self.digest.map(|digest| (!self.differ).then_some(digest))
    }
}

/// The cookies of a request (RFC 6265, section 5.4; over HTTP/2 they may come in several lines).
fn cookies(lines: Pairs<'_>) -> impl Iterator<Item = (&[u8], &[u8])> {
    lines.named("cookie").flat_map(|line| line.split(|byte| *byte == b';')).filter_map(|pair| {
        let pair = pair.trim_ascii();
        let at = pair.iter().position(|byte| *byte == b'=')?;
        let value = pair.get(at + 1..)?.trim_ascii();
        let unquoted = value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
        Some((pair.get(..at)?.trim_ascii(), unquoted.unwrap_or(value)))
    })
}

/// What is left of a request's cookies without one of them, on one line.
fn cookies_without(lines: Pairs<'_>, name: &[u8]) -> Box<[u8]> {
    let mut out = Vec::new();
    for pair in lines.named("cookie").flat_map(|line| line.split(|byte| *byte == b';')) {
        let pair = pair.trim_ascii();
        let own = pair.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii();
        if pair.is_empty() || own == name {
            continue;
        }
        if !out.is_empty() {
            out.extend_from_slice(b"; ");
        }
        out.extend_from_slice(pair);
    }
    out.into()
}
