//! The operation: the unit of the inventory and of every count.

use super::Catalog;
use crate::Protocol;
use crate::host::HostPattern;
use crate::protocol::Said;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fmt;

/// What of an operation's identity is the same for all requests of a stream of records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Surroundings {
    /// The deployment environment; empty when none is stated.
    pub environment: Box<str>,
    /// Which way the listener's traffic goes.
    pub direction: crate::Direction,
}

/// An opaque stable id, made from what identifies an operation and nothing else.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OperationId([u8; 16]);

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |nibble: u8| char::from(DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0'));
        let text: String = self.0.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
        f.write_str(&text)
    }
}

impl fmt::Debug for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OperationId({self})")
    }
}

/// How the template of an operation is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Declared: the number of the catalog's entry.
    Declared(u32),
    /// Inferred from this one request.
    Inferred(String),
}

/// An operation as one request showed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// What it speaks.
    pub protocol: Protocol,
    /// The method as counted: `_OTHER` when it is neither registered nor declared.
    pub method: Box<str>,
    /// The canonical host that was asked for.
    pub host: Box<str>,
    /// Its template.
    pub known: Known,
    /// What the body calls, where the protocol has it there and it was read.
    pub name: Option<Box<str>>,
}

impl Operation {
    /// Takes over what a body says: its protocol, and what it calls.
    pub(crate) fn take_said(&mut self, protocol: Option<Protocol>, said: Option<&Said>) {
        if self.protocol == Protocol::Rest
            && let Some(protocol) = said.map(|said| said.protocol).or(protocol)
        {
            self.protocol = protocol;
        }
        self.name = said.and_then(Said::name).map(Into::into);
    }

    /// The path template.
    #[must_use]
    pub fn template<'a>(&'a self, catalog: &'a Catalog) -> &'a str {
        match &self.known {
            Known::Declared(entry) => catalog.template(*entry),
            Known::Inferred(template) => template,
        }
    }

    /// The path template, if it is declared.
    pub(crate) fn declared_template<'a>(&self, catalog: &'a Catalog) -> Option<&'a str> {
        match &self.known {
            Known::Declared(entry) => Some(catalog.template(*entry)),
            Known::Inferred(_) => None,
        }
    }

    /// The declared API's name.
    #[must_use]
    pub fn api<'a>(&self, catalog: &'a Catalog) -> Option<&'a str> {
        match &self.known {
            Known::Declared(entry) => catalog.api_name(catalog.api_of(*entry)?),
            Known::Inferred(_) => None,
        }
    }

    /// The host pattern that it is declared for, else the host that was asked for.
    #[must_use]
    pub fn host_pattern<'a>(&'a self, catalog: &'a Catalog) -> Cow<'a, str> {
        match &self.known {
            Known::Declared(entry) => catalog.host_pattern(*entry).map_or(Cow::Borrowed(""), HostPattern::text),
            Known::Inferred(_) => Cow::Borrowed(&self.host),
        }
    }

    /// The operation's id: the first half of SHA-256 over its identity, each part with its length,
    /// so that no two identities share their bytes.
    #[must_use]
    pub fn id(&self, catalog: &Catalog, around: &Surroundings) -> OperationId {
        let host = self.host_pattern(catalog);
        let (direction, protocol) = (around.direction.name(), self.protocol.name());
        let identity = [&around.environment, direction, &host, protocol, &self.method, self.template(catalog)];
        OperationId::of(identity, self.name.as_deref())
    }
}

impl OperationId {
    /// The id of an identity: environment, direction, host pattern, protocol, method and template, and what the body calls. The
    /// collector makes it too, for templates that it refined.
    #[must_use]
    pub fn of(identity: [&str; 6], name: Option<&str>) -> Self {
        let mut hash = Sha256::new();
        for part in std::iter::once("ostiary.operation.1").chain(identity) {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        // An operation without a name keeps the id that it had before there were names.
        if let Some(name) = name {
            hash.update((name.len() as u64).to_le_bytes());
            hash.update(name.as_bytes());
        }
        let digest = hash.finalize();
        let mut id = [0; 16];
        for (to, from) in id.iter_mut().zip(digest) {
            *to = from;
        }
        Self(id)
    }

    /// Its bytes.
    #[must_use]
    pub const fn bytes(self) -> [u8; 16] {
        self.0
    }
}

/// The methods of RFC 9110, RFC 5789 and the HTTP method registry that a request is counted under
/// by name; OpenTelemetry names the rest `_OTHER`.
pub(crate) const REGISTERED: [&str; 10] =
    ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "CONNECT", "TRACE", "QUERY"];

/// What any other method is counted as, so that a client cannot invent operations.
pub(crate) const OTHER: &str = "_OTHER";
