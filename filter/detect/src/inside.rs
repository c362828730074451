//! Whether a text is a URL that leads inside: to the machine itself, its networks, or what its cloud tells it
//! alone. Whoever fetches such a URL for a stranger reads for the stranger what the stranger cannot (SSRF).
//!
//! Readers of URLs differ in where a host begins and ends and in how a number is an address. So a text is read
//! the ways that are in use: as browsers do (WHATWG URL), by RFC 3986, decoded once more and twice. What all of
//! them would fetch from inside is [`Leads::Inside`]; what some of them would is [`Leads::Unclear`]. A public
//! name that resolves to a private address is not seen: names are not resolved here.

mod host;

use std::borrow::Cow;

/// Bytes of a text that are read; no client sends a longer URL that a server would fetch.
pub const URL_MAX: usize = 4096;

/// How often a text is decoded beyond what its carrier did.
const DECODINGS: usize = 3;

/// Schemes within schemes, such as `jar:http://…`.
const NESTED_MAX: usize = 4;

/// Parts by `@` of an authority.
const PARTS_MAX: usize = 8;

/// Where a text leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Leads {
    /// Nowhere, because it is no URL, or to where everybody may go.
    #[default]
    Elsewhere,
    /// Inside for some readers.
    Unclear,
    /// Inside.
    Inside,
}

impl Leads {
    /// What is so for some readers only.
    fn doubted(self) -> Self {
        self.min(Self::Unclear)
    }
}

/// Schemes that read what is on the machine, whatever host they name.
const LOCAL: [&[u8]; 8] = [b"file", b"netdoc", b"unix", b"php", b"phar", b"expect", b"zip", b"compress.zlib"];

/// Schemes that need no slashes before their host.
const SPECIAL: [&[u8]; 6] = [b"http", b"https", b"ws", b"wss", b"ftp", b"gopher"];

/// Ends of names, in lower case without separators, of parameters whose value is a URL or a host.
const NAMES: [&[u8]; 24] = [
    b"url",
    b"uri",
    b"link",
    b"href",
    b"src",
    b"host",
    b"hostname",
    b"domain",
    b"callback",
    b"webhook",
    b"endpoint",
    b"redirect",
    b"redirectto",
    b"returnto",
    b"proxy",
    b"server",
    b"feed",
    b"dest",
    b"destination",
    b"target",
    b"continue",
    b"goto",
    b"site",
    b"upstream",
];

/// Whether the name of a parameter or field says that its value is a URL or a host: then a host without a
/// scheme is one too.
#[must_use]
pub fn is_named(name: &[u8]) -> bool {
    let plain = name.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase);
    let plain: Vec<u8> = plain.take(128).collect();
    NAMES.iter().any(|end| plain.ends_with(end))
}

/// Where a text leads. `named` says that its name calls it a URL or a host, see [`is_named`].
#[must_use]
pub fn leads(text: &[u8], named: bool) -> Leads {
    let cut = text.get(..URL_MAX).unwrap_or(text);
    if !named && !may_be_url(cut) {
        return Leads::Elsewhere;
    }
    let mut text = Cow::Borrowed(cut);
    let mut worst = Leads::Elsewhere;
    for _ in 0..DECODINGS {
        worst = worst.max(reading(&text, named, NESTED_MAX));
        let next = decoded(&text, false);
        match next {
            Some(next) if worst < Leads::Inside => text = Cow::Owned(next),
            Some(_) | None => return worst,
        }
    }
    // Escapes within escapes within escapes have one purpose.
    worst.max(Leads::Unclear)
}

/// Whether a text may be a URL: a test that costs little and that every URL passes.
fn may_be_url(text: &[u8]) -> bool {
    let slash = |byte: &u8| matches!(byte, b'/' | b'\\');
    let first = text.iter().find(|byte| **byte > b' ');
    first.is_some_and(slash) || text.iter().any(|byte| matches!(byte, b':' | b'%'))
}

fn reading(text: &[u8], named: bool, nested: usize) -> Leads {
    // Blanks around a URL and line ends within it are nobody's (WHATWG URL, section 4.4).
    let text: Vec<u8> = text.iter().copied().filter(|byte| !matches!(byte, b'\t' | b'\r' | b'\n')).collect();
    let begin = text.iter().position(|byte| *byte > b' ').unwrap_or(text.len());
    let text = text.get(begin..).unwrap_or_default();
    let Some((scheme, rest)) = scheme(text) else {
        let (slashes, rest) = slashes(text);
        return match slashes {
            2.. => authority(rest, true),
            // A path by itself stays where it is.
            1 => Leads::Elsewhere,
            0 if named => authority(text, false),
            0 => Leads::Elsewhere,
        };
    };
    let (slashes, behind) = slashes(rest);
    if LOCAL.contains(&&*scheme) && slashes > 0 {
        return Leads::Inside;
    }
    if slashes > 1 || SPECIAL.contains(&&*scheme) {
        return authority(behind, true);
    }
    // `localhost:8080` has no scheme, though it looks so.
    let bare = if named { authority(text, false) } else { Leads::Elsewhere };
    bare.max(match nested.checked_sub(1) {
        Some(nested) => reading(rest, false, nested),
        None => Leads::Unclear,
    })
}

/// The scheme in lower case, and what follows its colon.
fn scheme(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let at = text.iter().position(|byte| *byte == b':')?;
    let (scheme, rest) = text.split_at_checked(at)?;
    let plain = scheme.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(byte));
    let is_scheme = scheme.first().is_some_and(u8::is_ascii_alphabetic) && plain && scheme.len() <= 32;
    is_scheme.then_some(())?;
    Some((scheme.to_ascii_lowercase(), rest.get(1..)?))
}

/// How many slashes of either kind a text begins with, and what follows them.
fn slashes(text: &[u8]) -> (usize, &[u8]) {
    let count = text.iter().take_while(|byte| matches!(byte, b'/' | b'\\')).count();
    (count, text.get(count..).unwrap_or_default())
}

/// Where an authority leads; `single` says that a name without a dot is a host, as in `http://redis`.
fn authority(rest: &[u8], single: bool) -> Leads {
    let mut worst = Leads::Elsewhere;
    let mut main = true;
    let mut before: &[u8] = b"";
    // Browsers end it at a backslash too; some readers, at a slash alone.
    for ends in [&b"/\\?#"[..], b"/?#", b"/"] {
        let authority = rest.split(|byte| ends.contains(byte)).next().unwrap_or_default();
        if !main && authority == before {
            continue;
        }
        before = authority;
        let mut parts = authority.rsplit(|byte| *byte == b'@' || *byte <= b' ');
        for part in parts.by_ref().take(PARTS_MAX) {
            let led = host::leads(part, single && main);
            // Behind the last `@` is the host (RFC 3986, section 3.2.1); what is before it only some take for it.
            worst = worst.max(if main { led } else { led.doubted() });
            main = false;
        }
        if parts.next().is_some() {
            worst = worst.max(Leads::Unclear);
        }
    }
    worst
}

/// A text with its percent-escapes decoded once, and `+` as a blank where `plus` says that a form wrote it; none if it has
/// nothing of both.
#[must_use]
pub fn decoded(text: &[u8], plus: bool) -> Option<Vec<u8>> {
    if !text.iter().any(|byte| *byte == b'%' || plus && *byte == b'+') {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut out = Vec::with_capacity(text.len());
    let mut found = false;
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        let escape = match (byte, after) {
            (b'+', _) if plus => Some((b' ', after)),
            (b'%', [high, low, after @ ..]) => {
                digit(*high).zip(digit(*low)).map(|(high, low)| (high << 4 | low, after))
            }
            _ => None,
        };
        found |= escape.is_some();
        let (value, after) = escape.unwrap_or((*byte, after));
        out.push(value);
        rest = after;
    }
    found.then_some(out)
}

#[cfg(test)]
#[path = "inside_tests.rs"]
mod tests;
