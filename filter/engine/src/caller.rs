//! Who calls: a credential becomes an id, roles and a kind, and is dropped.
//!
//! What Envoy's own filters verify is theirs, and only their result is read; keys are held here, as
//! digests. An id begins with its kind (`api_key:acme`), so that whoever can choose a name in one
//! place cannot be taken for a name from another. A request may carry several credentials: each
//! that is good gives its identity and its roles, so a second credential takes nothing away and
//! hides nothing from a deny rule.

mod api_key;
mod claims;
mod mtls;

use crate::attributes::Attributes;
use crate::config;
use crate::config::callers::{CallerHeader, CallerSetter};
use crate::config::read::Problems;
use crate::edit::Edits;
use crate::pairs::Pairs;
use api_key::ApiKeys;
use claims::Jwt;
use mtls::Mtls;
use std::sync::Arc;

/// The longest id, in bytes with its kind; a longer one is no caller.
pub const ID_BYTES_MAX: usize = 256;

/// Roles that a token gives at most; the rest does not count.
pub const ROLES_MAX: usize = 64;

/// What kind of credential stands behind an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A key that the policy holds.
    ApiKey,
    /// A token that Envoy's `jwt_authn` verified.
    Jwt,
    /// A client certificate that the listener verified.
    Mtls,
    /// A password that Envoy's `basic_auth` verified.
    BasicAuth,
    /// A key that Envoy's `api_key_auth` verified.
    ApiKeyAuth,
    /// What another filter verified.
    Filter,
}

impl Kind {
    /// Its name in ids and records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::Jwt => "jwt",
            Self::Mtls => "mtls",
            Self::BasicAuth => "basic_auth",
            Self::ApiKeyAuth => "api_key_auth",
            Self::Filter => "filter",
        }
    }
}

/// What became of the credentials of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Credential {
    /// None came that the policy knows of.
    #[default]
    None,
    /// One came, and it is not good: unknown, expired, doubled, or not verified.
    Invalid,
    /// One came and is good.
    Verified,
}

impl Credential {
    /// Its name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Invalid => "invalid",
            Self::Verified => "verified",
        }
    }
}

/// One good credential's caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// What kind of credential it was.
    pub kind: Kind,
    /// The id, with its kind before it.
    pub id: Arc<str>,
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Caller {
    identities: Vec<Identity>,
    roles: Vec<Arc<str>>,
    credential: Credential,
}

impl Caller {
    /// All identities; the first is the one that a record names.
    #[must_use]
    pub fn identities(&self) -> &[Identity] {
        &self.identities
    }

    /// What roles the caller has.
    #[must_use]
    pub fn roles(&self) -> &[Arc<str>] {
        &self.roles
    }

    /// What became of its credentials.
    #[must_use]
    pub const fn credential(&self) -> Credential {
        self.credential
    }

    /// Whether a good credential came.
    #[must_use]
    pub const fn is_authenticated(&self) -> bool {
        !self.identities.is_empty()
    }

    fn learn(&mut self, found: Found) {
        match found {
            Found::None => {}
            Found::Invalid if self.is_authenticated() => {}
            Found::Invalid => self.credential = Credential::Invalid,
            Found::Caller { identity, roles } => {
                self.credential = Credential::Verified;
                self.identities.push(identity);
                for role in roles {
                    if !self.roles.contains(&role) {
                        self.roles.push(role);
                    }
                }
            }
        }
    }
}

/// What one source of identities says.
enum Found {
    None,
    Invalid,
    Caller { identity: Identity, roles: Vec<Arc<str>> },
}

impl Found {
    /// A caller by a name that came from outside: no control may reach a log or a rule's glob by it.
    fn named(kind: Kind, name: &[u8], roles: Vec<Arc<str>>) -> Self {
        let id = std::str::from_utf8(name).ok().map(|name| format!("{}:{name}", kind.name()));
        match id.filter(|id| !name.is_empty() && id.len() <= ID_BYTES_MAX && !id.chars().any(char::is_control)) {
            Some(id) => Self::Caller { identity: Identity { kind, id: id.into() }, roles },
            None => Self::Invalid,
        }
    }
}

/// Where a policy finds its callers.
#[derive(Debug, Default)]
pub struct Callers {
    api_keys: Option<ApiKeys>,
    jwt: Option<Jwt>,
    mtls: Option<Mtls>,
    headers: Vec<CallerHeader>,
    challenge: Box<str>,
}

impl Callers {
    pub(crate) fn compile(written: Option<config::Callers>, problems: &mut Problems) -> Self {
        let Some(written) = written else { return Self::default() };
        let challenge = match &written.challenge {
            Some(challenge) => challenge.as_str().into(),
            None => challenge(&written).into(),
        };
        Self {
            api_keys: written.api_keys.map(|keys| ApiKeys::compile(keys, problems)),
            jwt: written.jwt.map(|jwt| Jwt::compile(&jwt)),
            mtls: written.mtls.map(|mtls| Mtls::compile(&mtls)),
            headers: written.headers,
            challenge,
        }
    }

    /// Whether the policy knows any callers at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.api_keys.is_none() && self.jwt.is_none() && self.mtls.is_none() && self.headers.is_empty()
    }

    /// The value of `www-authenticate` (RFC 9110, section 11.6.1) for want of a caller.
    #[must_use]
    pub fn challenge(&self) -> &str {
        &self.challenge
    }

    /// Whether a header carries a credential, whose value no condition may ask for.
    pub(crate) fn is_credential_header(&self, name: &str) -> bool {
        let ours = self.api_keys.as_ref().is_some_and(|keys| keys.header() == Some(name));
        ours || ["authorization", "proxy-authorization", "cookie"].contains(&name)
    }

    /// Whether a query parameter carries a credential.
    pub(crate) fn is_credential_parameter(&self, name: &str) -> bool {
        self.api_keys.as_ref().is_some_and(|keys| keys.parameter() == Some(name))
    }

    /// Ids and roles that the policy itself gives; `None` where others give some too.
    pub(crate) fn granted(&self) -> Option<(Vec<&str>, Vec<&str>)> {
        let only_keys = self.jwt.is_none() && self.mtls.is_none() && self.headers.is_empty();
        only_keys.then(|| self.api_keys.as_ref().map(ApiKeys::granted).unwrap_or_default())
    }

    /// Finds out who calls, and what has to be taken off before the upstream.
    #[must_use]
    pub fn identify(&self, lines: Pairs<'_>, target: &[u8], attributes: &dyn Attributes, edits: &mut Edits) -> Caller {
        let mut caller = Caller::default();
        if let Some(keys) = &self.api_keys {
            caller.learn(keys.find(lines, target, attributes, edits));
        }
        if let Some(jwt) = &self.jwt {
            caller.learn(jwt.find(attributes));
        }
        for header in &self.headers {
            caller.learn(named_by(header, lines));
        }
        if let Some(mtls) = &self.mtls {
            caller.learn(mtls.find(attributes));
        }
        caller
    }
}

/// The name that an earlier filter wrote. Two lines are none: that filter writes one.
fn named_by(header: &CallerHeader, lines: Pairs<'_>) -> Found {
    let kind = match header.set_by {
        CallerSetter::BasicAuth => Kind::BasicAuth,
        CallerSetter::ApiKeyAuth => Kind::ApiKeyAuth,
        CallerSetter::Filter => Kind::Filter,
    };
    let mut values = lines.named(header.header.as_str());
    match (values.next(), values.next()) {
        (None, _) => Found::None,
        (Some(name), None) => Found::named(kind, name, Vec::new()),
        (Some(_), Some(_)) => Found::Invalid,
    }
}

/// What a client may be asked for. API keys have no registered scheme: theirs says where the key goes.
fn challenge(written: &config::Callers) -> String {
    let mut schemes = Vec::new();
    if written.jwt.is_some() {
        schemes.push("Bearer".to_owned());
    }
    if written.headers.iter().any(|header| header.set_by == CallerSetter::BasicAuth) {
        schemes.push("Basic realm=\"api\"".to_owned());
    }
    if let Some(keys) = &written.api_keys {
        let places = [
            keys.header.as_ref().map(|name| format!("header=\"{}\"", name.as_str())),
            keys.query.as_ref().map(|name| format!("query=\"{}\"", quoted(name.as_str()))),
            keys.cookie.as_ref().map(|name| format!("cookie=\"{}\"", quoted(name.as_str()))),
        ];
        let places: Vec<String> = places.into_iter().flatten().collect();
        schemes.push(format!("ApiKey {}", places.join(", ")));
    }
    if schemes.is_empty() {
        schemes.push("Bearer".to_owned());
    }
    schemes.join(", ")
}

/// The inside of a quoted string (RFC 9110, section 5.6.4).
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
#[path = "caller_tests.rs"]
mod tests;
