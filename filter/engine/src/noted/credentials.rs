//! Which kinds of credentials came, verified or not, and what a token says of itself. Nothing here verifies, and
//! nothing of a credential is kept but names: of an algorithm, of an issuer.

use crate::caller::{self, Caller, Callers};
use crate::config::json::{self, Scalar};
use crate::config::read::{Broken, Item, Sink};
use crate::pairs::Pairs;
use crate::query::Parameter;

/// Bytes of a token that is read; a longer one is one of which nothing is known.
const TOKEN_MAX: usize = 16 * 1024;

/// Bytes of an issuer's name.
const ISSUER_MAX: usize = 128;

/// A kind of credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    ApiKey,
    Basic,
    BearerJwt,
    Bearer,
    Digest,
    Cookie,
    Mtls,
    HttpSignature,
    WsSecurity,
    Other,
}

/// The names of the kinds, in records.
const NAMES: [(Kind, &str); 10] = [
    (Kind::ApiKey, "api_key"),
    (Kind::Basic, "basic"),
    (Kind::BearerJwt, "bearer_jwt"),
    (Kind::Bearer, "bearer"),
    (Kind::Digest, "digest"),
    (Kind::Cookie, "session_cookie"),
    (Kind::Mtls, "mtls"),
    (Kind::HttpSignature, "http_signature"),
    (Kind::WsSecurity, "ws_security"),
    (Kind::Other, "other"),
];

/// The credentials of a request.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Credentials {
    came: u16,
    verified: u16,
    token: Option<Token>,
}

/// What a token says of itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Token {
    /// The algorithm of its signature by its registered name; `other` for one that is not.
    pub alg: &'static str,
    /// Who issued it, as it says.
    pub issuer: Option<Box<str>>,
    unsigned: bool,
    has_claims: bool,
    not_before_s: Option<f64>,
    expires_s: Option<f64>,
}

/// Names of signature algorithms (RFC 7518, 8037, 9053).
const ALGORITHMS: [&str; 16] = [
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512",
    "EdDSA", "ES256K", "Ed25519", "none",
];

/// Headers that carry keys, whatever separates their words.
const KEY_HEADERS: [&str; 8] = [
    "xapikey",
    "apikey",
    "xapitoken",
    "xauthtoken",
    "xaccesstoken",
    "xauthkey",
    "xgoogapikey",
    "ocpapimsubscriptionkey",
];

/// Ends of names of query parameters that carry secrets.
const SECRET_NAMES: [&str; 14] = [
    "apikey",
    "accesstoken",
    "authtoken",
    "idtoken",
    "refreshtoken",
    "token",
    "password",
    "passwd",
    "pwd",
    "secret",
    "sessionid",
    "jsessionid",
    "privatekey",
    "credentials",
];

/// Tokens that open nothing: of pages, and against forgery.
const HARMLESS: [&str; 6] = ["page", "next", "csrf", "xsrf", "continuation", "sync"];

/// Data types that are credentials.
const SECRET_TYPES: [&str; 10] = [
    "jwt",
    "private_key",
    "cloud_key",
    "github_token",
    "git_token",
    "service_token",
    "database_url",
    "url_with_password",
    "password_hash",
    "secret",
];

impl Token {
    /// Whether nothing vouches for it.
    #[must_use]
    pub fn is_unsigned(&self) -> bool {
        self.unsigned || self.alg == "none"
    }

    /// How it stands to its time, as it says: `valid`, `expired`, `not_yet`, `unlimited` where it has no end, or
    /// `unknown` where its claims cannot be read.
    #[must_use]
    pub fn expiry(&self, now_s: f64) -> &'static str {
        match (self.expires_s, self.not_before_s) {
            _ if !self.has_claims => "unknown",
            (Some(end), _) if end <= now_s => "expired",
            (_, Some(begin)) if begin > now_s => "not_yet",
            (Some(_), _) => "valid",
            (None, _) => "unlimited",
        }
    }
}

impl Credentials {
    /// The names of the kinds that came; `mtls` says whether a client certificate did, `in_body` whether a header of
    /// WS-Security did.
    pub fn came(&self, mtls: bool, in_body: bool) -> impl Iterator<Item = &'static str> {
        names(self.came | (bit(Kind::Mtls) * u16::from(mtls)) | (bit(Kind::WsSecurity) * u16::from(in_body)))
    }

    /// Those that were verified, by us or by an earlier filter whose word the policy takes.
    pub fn verified(&self) -> impl Iterator<Item = &'static str> {
        names(self.verified)
    }

    /// What the first token says of itself.
    #[must_use]
    pub const fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// Whether none came in the request's head.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.came == 0
    }

    fn authorization(&mut self, value: &[u8]) {
        let value = value.trim_ascii();
        let end = value.iter().position(|byte| *byte == b' ').unwrap_or(value.len());
        let (scheme, rest) = value.split_at(end);
        let rest = rest.trim_ascii();
        let scheme = scheme.to_ascii_lowercase();
        self.add(match &*scheme {
            b"" => return,
            b"bearer" | b"dpop" => return self.bearer(rest),
            b"basic" => Kind::Basic,
            b"digest" => Kind::Digest,
            b"apikey" | b"key" | b"token" => Kind::ApiKey,
            b"signature" | b"hmac" | b"hawk" => Kind::HttpSignature,
            b"wsse" => Kind::WsSecurity,
            scheme if scheme.starts_with(b"aws4-") => Kind::HttpSignature,
            _ if rest.is_empty() => return self.bearer(value),
            _ => Kind::Other,
        });
    }

    fn bearer(&mut self, token: &[u8]) {
        match token_of(token) {
            Some(token) => {
                self.add(Kind::BearerJwt);
                self.token.get_or_insert(token);
            }
            None if token.is_empty() => {}
            None => self.add(Kind::Bearer),
        }
    }

    const fn add(&mut self, kind: Kind) {
        self.came |= bit(kind);
    }
}

const fn bit(kind: Kind) -> u16 {
    1 << kind as u16
}

fn names(set: u16) -> impl Iterator<Item = &'static str> {
    NAMES.iter().filter(move |(kind, _)| set & bit(*kind) != 0).map(|(_, name)| *name)
}

/// Whether a query parameter's name is that of a secret.
pub(super) fn is_secret_name(name: &[u8]) -> bool {
    let plain = plain(name);
    let is_harmless = HARMLESS.iter().any(|word| plain.starts_with(word));
    !is_harmless && SECRET_NAMES.iter().any(|end| plain.ends_with(end))
}

/// Whether a data type is a credential's.
pub(super) fn is_secret_type(name: &str) -> bool {
    SECRET_TYPES.contains(&name)
}

/// Whether a cookie's name is one that sessions go by.
pub(super) fn is_session_cookie(name: &[u8]) -> bool {
    let plain = plain(name);
    let ends = ["sid", "sess", "session", "sessionid", "sessid", "token", "jwt", "auth", "identity"];
    let guards = plain.as_bytes().windows(4).any(|word| matches!(word, b"csrf" | b"xsrf"));
    !guards && ends.iter().any(|end| plain.ends_with(end))
}

/// A name in lower case without what separates its words; a long one by its end.
fn plain(name: &[u8]) -> String {
    let name = name.get(name.len().saturating_sub(64)..).unwrap_or(name);
    name.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(|byte| char::from(byte.to_ascii_lowercase())).collect()
}

/// Finds out which credentials came.
pub(super) fn read(lines: Pairs<'_>, query: &[Parameter<'_>], callers: &Callers, caller: &Caller) -> Credentials {
    let mut found = Credentials::default();
    for (name, value) in lines {
        match name {
            b"authorization" | b"proxy-authorization" => found.authorization(value),
            b"cookie" => {
                let mut names =
                    value.split(|byte| *byte == b';').filter_map(|pair| pair.split(|byte| *byte == b'=').next());
                if names.any(|name| is_session_cookie(name.trim_ascii())) {
                    found.add(Kind::Cookie);
                }
            }
            b"signature-input" => found.add(Kind::HttpSignature),
            b"x-wsse" => found.add(Kind::WsSecurity),
            _ if value.is_empty() => {}
            _ if is_key_header(name, callers) => found.add(Kind::ApiKey),
            _ => {}
        }
    }
    for parameter in query.iter().filter(|parameter| !parameter.value.is_empty()) {
        let name = plain(&parameter.name);
        let is_own = std::str::from_utf8(&parameter.name).is_ok_and(|name| callers.is_credential_parameter(name));
        if is_own || name.ends_with("apikey") {
            found.add(Kind::ApiKey);
        } else if name == "accesstoken" {
            found.bearer(&parameter.value);
        }
    }
    for identity in caller.identities() {
        found.verified |= bit(match identity.kind {
            caller::Kind::ApiKey | caller::Kind::ApiKeyAuth => Kind::ApiKey,
            caller::Kind::Jwt => Kind::BearerJwt,
            caller::Kind::Mtls => Kind::Mtls,
            caller::Kind::BasicAuth => Kind::Basic,
            caller::Kind::Filter => Kind::Other,
        });
    }
    found
}

/// Whether a header carries a key.
pub(super) fn is_key_header(name: &[u8], callers: &Callers) -> bool {
    let is_likely = name.first() == Some(&b'x') || name.ends_with(b"key");
    let is_own = || std::str::from_utf8(name).is_ok_and(|name| callers.is_credential_header(name));
    is_likely && KEY_HEADERS.contains(&&*plain(name)) || !callers.is_empty() && is_own()
}

/// What a token says, if it is one in JSON (RFC 7519): two or four dots, and a header with an algorithm.
fn token_of(token: &[u8]) -> Option<Token> {
    if token.len() > TOKEN_MAX || !token.starts_with(b"ey") {
        return None;
    }
    let mut parts = token.split(|byte| *byte == b'.');
    let (header, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
    let mut picked = Picked::default();
    json::walk(&base64url(header)?, &mut picked).ok()?;
    let alg = picked.alg.take()?;
    let known = ALGORITHMS.iter().find(|known| known.eq_ignore_ascii_case(&alg));
    let mut read = Token { alg: known.unwrap_or(&"other"), unsigned: signature.is_empty(), ..Token::default() };
    let claims = base64url(claims).filter(|_| parts.next().is_none());
    if claims.is_some_and(|claims| json::walk(&claims, &mut picked).is_ok()) {
        read.has_claims = true;
        (read.expires_s, read.not_before_s) = (picked.exp, picked.nbf);
        read.issuer = picked.iss.filter(|issuer| is_name(issuer)).map(Into::into);
    }
    Some(read)
}

/// Whether an issuer is a name or an address of a service, which says nothing of a person.
fn is_name(issuer: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b":/._-".contains(&byte);
    let digits = issuer.split(['/', '.', '-']).any(|part| part.bytes().filter(u8::is_ascii_digit).count() > 8);
    (1..=ISSUER_MAX).contains(&issuer.len()) && issuer.bytes().all(plain) && !digits
}

/// The claims that matter.
#[derive(Default)]
struct Picked {
    alg: Option<String>,
    iss: Option<String>,
    exp: Option<f64>,
    nbf: Option<f64>,
}

impl Sink for Picked {
    fn take(&mut self, item: Item<'_>) -> Result<(), Broken> {
        let Item::Object(object) = item else { return Err(Broken("no object".to_owned())) };
        while let Some(key) = object.next_key()? {
            let mut value = Scalar::default();
            object.value(&mut value)?;
            match &*key {
                "alg" => self.alg = value.text,
                "iss" => self.iss = value.text,
                "exp" => self.exp = value.number,
                "nbf" => self.nbf = value.number,
                _ => {}
            }
        }
        Ok(())
    }
}

/// Decodes base64url without padding (RFC 4648, section 5).
fn base64url(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.iter().copied().filter(|byte| *byte != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' | b'+' => 62,
            b'_' | b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xff_ffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from(bits >> count & 0xff).unwrap_or_default());
        }
    }
    Some(out)
}
