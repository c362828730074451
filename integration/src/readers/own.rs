//! Ways of reading a path that real servers have and that none of the servers at hand has: each is a function from a request's head to
//! what the reader takes it for.
//!
//! They are lenient on purpose. A reader that refuses is no danger; these are the worst that stands behind a proxy somewhere.

use super::reading::{
    best_fit, decoded, dotless, folded, lenient_utf8, origin, resolved, unescaped_u, until, without_controls,
};
use crate::http1::Message;

/// What a reader takes a request for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// Whether that is a closed resource.
    pub closed: bool,
    /// The path as the reader understands it.
    pub path: Vec<u8>,
}

/// A way of reading.
pub type Reading = fn(&Message) -> Read;

/// Every one, with its name.
pub const OWN: &[(&str, Reading)] = &[
    ("parameters", parameters),
    ("late-parameters", late_parameters),
    ("twice", twice),
    ("windows", windows),
    ("late-cut", late_cut),
    ("c-string", c_string),
    ("lax-utf8", lax_utf8),
    ("dropping", dropping),
    ("nocase", nocase),
    ("original-url", original_url),
    ("override", overridden),
];

/// Cuts `;parameters` of each segment and then resolves dot segments, as servlet containers do.
fn parameters(head: &Message) -> Read {
    let target = origin(target(head));
    let segments: Vec<Vec<u8>> =
        until(&target, b"?").split(|byte| *byte == b'/').map(|segment| decoded(until(segment, b";"))).collect();
    read(resolved(&segments.join(&b'/')))
}

/// The same after decoding, so that `%3b` cuts as well.
fn late_parameters(head: &Message) -> Read {
    let path = decoded(until(&origin(target(head)), b"?"));
    let segments: Vec<&[u8]> = path.split(|byte| *byte == b'/').map(|segment| until(segment, b";")).collect();
    read(resolved(&segments.join(&b'/')))
}

/// Decodes twice, as a proxy and the server behind it do, and that server is lenient: it takes `\` for `/`, cuts `;parameters` and drops what
/// cannot be printed.
fn twice(head: &Message) -> Read {
    let path = decoded(&decoded(until(&origin(target(head)), b"?")));
    let path: Vec<u8> = path.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect();
    let segments: Vec<&[u8]> = path.split(|byte| *byte == b'/').map(|segment| until(segment, b";")).collect();
    read(resolved(&without_controls(&segments.join(&b'/'))))
}

/// Takes `\` for `/`, knows `%uXXXX`, fits foreign characters to its code page, drops dots and blanks at a segment's end and does not mind
/// the case, as servers on Windows file names do.
fn windows(head: &Message) -> Read {
    let path = decoded(&unescaped_u(until(&origin(target(head)), b"?")));
    let path = best_fit(&path).replace('\\', "/");
    let segments: Vec<&[u8]> = path.as_bytes().split(|byte| *byte == b'/').map(dotless).collect();
    let path = resolved(&segments.join(&b'/'));
    Read { closed: is_closed("GET", path.to_ascii_lowercase().as_slice()), path }
}

/// Decodes first and then cuts query and fragment.
fn late_cut(head: &Message) -> Read {
    read(resolved(until(&decoded(&origin(target(head))), b"?#")))
}

/// Ends at NUL, as whatever hands the decoded path to C does.
fn c_string(head: &Message) -> Read {
    let path = decoded(until(&origin(target(head)), b"?"));
    read(resolved(until(&path, b"\0")))
}

/// Decodes UTF-8 without asking for its shortest form.
fn lax_utf8(head: &Message) -> Read {
    let path = decoded(until(&origin(target(head)), b"?"));
    read(resolved(lenient_utf8(&path).as_bytes()))
}

/// Drops what cannot be printed.
fn dropping(head: &Message) -> Read {
    let path = decoded(until(&origin(target(head)), b"?"));
    read(resolved(&without_controls(&path)))
}

/// Does not mind the case, in any script.
fn nocase(head: &Message) -> Read {
    let path = resolved(&decoded(until(&origin(target(head)), b"?")));
    Read { closed: is_closed("GET", &folded(&path)), path }
}

/// Lets a header say which path was meant, as some frameworks do for the sake of an old server module.
fn original_url(head: &Message) -> Read {
    let named = ["x-original-url", "x-rewrite-url"].iter().find_map(|name| head.header(name));
    let target = named.unwrap_or(target(head));
    read(resolved(&decoded(until(&origin(target), b"?"))))
}

/// Lets a header or a parameter say which method was meant, and reads methods without minding their case.
fn overridden(head: &Message) -> Read {
    let target = origin(target(head));
    let path = resolved(&decoded(until(&target, b"?")));
    let query = target.splitn(2, |byte| *byte == b'?').nth(1).unwrap_or_default();
    let parameters: Vec<Vec<u8>> = query.split(|byte| *byte == b'&').map(decoded).collect();
    let parameter = parameters.iter().find_map(|pair| pair.strip_prefix(b"_method="));
    let names = ["x-http-method-override", "x-method-override", "x-http-method"];
    let named = names.iter().find_map(|name| head.header(name)).or(parameter);
    let method = named.or(head.line.split(|byte| *byte == b' ').next()).unwrap_or_default();
    let method = String::from_utf8_lossy(method).to_ascii_uppercase();
    Read { closed: is_closed(&method, &path), path }
}

/// What stands between method and version, whatever it holds.
fn target(head: &Message) -> &[u8] {
    let after_method = head.line.iter().position(|byte| *byte == b' ').map_or(head.line.len(), |at| at + 1);
    let end = head.line.iter().rposition(|byte| *byte == b' ').filter(|end| *end >= after_method);
    head.line.get(after_method..end.unwrap_or(head.line.len())).unwrap_or_default()
}

fn read(path: Vec<u8>) -> Read {
    Read { closed: is_closed("GET", &path), path }
}

/// The closed resources, as the policy of the test has them.
fn is_closed(method: &str, path: &[u8]) -> bool {
    let segments: Vec<&[u8]> = path.split(|byte| *byte == b'/').skip(1).collect();
    match segments.as_slice() {
        [b"admin", ..] | [b"api", b"internal", ..] | [b"vault", b"keys"] => true,
        [b"orders", ..] => method == "DELETE",
        _ => false,
    }
}
