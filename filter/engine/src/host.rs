//! The canonical form of a host, and the patterns that a policy matches it with.
//!
//! `Shop.Example.:443` and `shop.example` are one host to every client and must be one to a rule
//! (Envoy's CVE-2021-39155 was a matter of case). Port and one trailing dot are cut, letters are
//! lower-cased, an IPv6 literal keeps its brackets. What no host can hold is refused.
//!
//! Sources: RFC 3986 section 3.2.2, RFC 9110 section 4.2.3.

use std::borrow::Cow;

/// The longest host in bytes: the limit of DNS names, and more than any address literal.
pub const BYTES_MAX: usize = 253;

/// The value of `:authority` is no host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidHost;

/// Brings the value of `:authority` into canonical form; empty when there is none.
///
/// # Errors
/// [`InvalidHost`] when it holds what no host can hold (RFC 3986 `reg-name` without escapes, or an
/// address literal), a port that is no number, or user information.
pub fn canonical(authority: &[u8]) -> Result<Cow<'_, str>, InvalidHost> {
    let text = std::str::from_utf8(authority).map_err(|_| InvalidHost)?;
    let host = without_port(text)?;
    let host = host.strip_suffix('.').unwrap_or(host);
    // After one trailing dot another would make a second name of the same host.
    if host.len() > BYTES_MAX || host.ends_with('.') {
        return Err(InvalidHost);
    }
    let literal = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if let Some(address) = literal {
        let address = address.parse::<std::net::Ipv6Addr>().map_err(|_| InvalidHost)?;
        // One address has many spellings; RFC 5952 has one.
        let form = format!("[{address}]");
        return Ok(if form == host { Cow::Borrowed(host) } else { Cow::Owned(form) });
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let valid = host.bytes().all(plain) && !host.contains("..") && !host.starts_with('.');
    if !valid {
        return Err(InvalidHost);
    }
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Ok(Cow::Owned(host.to_ascii_lowercase()));
    }
    Ok(Cow::Borrowed(host))
}

fn without_port(text: &str) -> Result<&str, InvalidHost> {
    let search_from = text.rfind(']').unwrap_or(0);
    let Some(colon) = text.get(search_from..).and_then(|tail| tail.find(':')).map(|at| at + search_from) else {
        return Ok(text);
    };
    let (host, port) = text.split_at(colon);
    let digits = port.get(1..).unwrap_or("");
    let valid = digits.is_empty() || (digits.len() <= 5 && digits.parse::<u16>().is_ok() && !digits.starts_with('+'));
    if valid { Ok(host) } else { Err(InvalidHost) }
}

/// What a policy writes for hosts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostPattern {
    /// Exactly this host.
    Exact(Box<str>),
    /// Any host below this suffix, which begins with a dot: `*.shop.example` holds `.shop.example`
    /// and matches `a.shop.example` and `a.b.shop.example`, not `shop.example`.
    Below(Box<str>),
    /// Every host: `*`.
    Any,
}

impl HostPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const HINT: &str =
            "write a host without port such as `shop.example`, `*.shop.example` for those below it, or `*`";
        if text == "*" {
            return Ok(Self::Any);
        }
        let (below, host) = match text.strip_prefix("*.") {
            Some(host) => (true, host),
            None => (false, text),
        };
        let form = canonical(host.as_bytes()).map_err(|InvalidHost| HINT)?;
        // A port or a trailing dot would never match what requests are reduced to.
        let whole = form.len() == host.len() || host.ends_with(']');
        if form.is_empty() || !whole {
            return Err(HINT);
        }
        Ok(if below { Self::Below(format!(".{form}").into()) } else { Self::Exact(form.into()) })
    }

    /// The pattern as a policy writes it.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Exact(host) => Cow::Borrowed(host),
            Self::Below(suffix) => Cow::Owned(format!("*{suffix}")),
            Self::Any => Cow::Borrowed("*"),
        }
    }

    /// Whether a canonical host matches.
    #[must_use]
    pub fn matches(&self, host: &str) -> bool {
        match self {
            Self::Exact(exact) => **exact == *host,
            Self::Below(suffix) => host.len() > suffix.len() && host.ends_with(&**suffix),
            Self::Any => true,
        }
    }
}

impl std::fmt::Display for HostPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::{HostPattern, InvalidHost, canonical};

    #[test]
    fn hosts_have_one_form() {
        for (authority, host) in [
            ("shop.example", "shop.example"),
            ("Shop.Example:443", "shop.example"),
            ("shop.example.", "shop.example"),
            ("shop.example.:80", "shop.example"),
            ("shop.example:", "shop.example"),
            ("127.0.0.1:10000", "127.0.0.1"),
            ("[2001:DB8::1]:443", "[2001:db8::1]"),
            ("[2001:db8:0:0:0:0:0:1]", "[2001:db8::1]"),
            ("under_score.example", "under_score.example"),
            ("", ""),
        ] {
            assert_eq!(canonical(authority.as_bytes()).as_deref(), Ok(host), "{authority}");
        }
        for bad in [
            "user@shop.example",
            "a/b",
            "a b",
            "a\\b",
            "a%2e",
            "[::1",
            "[zz]",
            "a:b",
            "a:99999",
            "a:80:80",
            "::1",
            "a..b",
            "a..",
            ".a",
            "..",
            "\u{e9}",
            "a,b",
        ] {
            assert_eq!(canonical(bad.as_bytes()), Err(InvalidHost), "{bad}");
        }
        assert_eq!(canonical(&[b'a'; 254]), Err(InvalidHost));
        assert_eq!(canonical(b"a\xff"), Err(InvalidHost));
    }

    #[test]
    fn patterns_match_what_they_say() {
        let below = HostPattern::parse("*.Shop.example").unwrap();
        assert_eq!(below.to_string(), "*.shop.example");
        assert!(below.matches("a.shop.example") && below.matches("a.b.shop.example"));
        assert!(!below.matches("shop.example") && !below.matches("xshop.example"));
        assert!(HostPattern::parse("*").unwrap().matches(""));
        for bad in ["", "shop.example:443", "a.*.example", "*shop", "shop.example.", "*."] {
            assert!(HostPattern::parse(bad).is_err(), "{bad}");
        }
    }
}
