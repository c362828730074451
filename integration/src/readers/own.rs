//! Ways of reading a path that real servers have and that none of the servers at hand has: each is a function from a request's head to
//! what the reader takes it for.
//!
//! They are lenient on purpose. A reader that refuses is no danger; these are the worst that stands behind a proxy somewhere.

use super::reading::{
    best_fit, decoded, dotless, file_name, folded, lenient_utf8, origin, resolved, unescaped_u, until, without_controls,
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

/// Takes `\` for `/`, knows `%uXXXX`, fits foreign characters to its code page, drops dots and blanks at a segment's end,
/// takes what follows `:$` for a stream of the file and does not mind the case, as servers on Windows file names do.
fn windows(head: &Message) -> Read {
    let path = decoded(&unescaped_u(until(&origin(target(head)), b"?")));
    let path = best_fit(&path).replace('\\', "/");
    let segments: Vec<&[u8]> = path.as_bytes().split(|byte| *byte == b'/').map(file_name).map(dotless).collect();
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
    let named = header(head, &["x-original-url", "x-rewrite-url"]);
    let target = named.unwrap_or(target(head));
    read(resolved(&decoded(until(&origin(target), b"?"))))
}

/// Lets a header or a parameter say which method was meant, and reads methods without minding their case. Of several it takes the last; names
/// of parameters are read as PHP reads them.
fn overridden(head: &Message) -> Read {
    let target = origin(target(head));
    let path = resolved(&decoded(until(&target, b"?")));
    let query = target.splitn(2, |byte| *byte == b'?').nth(1).unwrap_or_default();
    let parameters = query.split(|byte| b"&;".contains(byte)).filter_map(|pair| {
        let at = pair.iter().position(|byte| *byte == b'=')?;
        Some((variable(&decoded(pair.get(..at)?)), decoded(pair.get(at + 1..)?)))
    });
    let parameter = parameters.filter(|(name, _)| name == b"_method").last().map(|(_, value)| value);
    let names = ["x-http-method-override", "x-method-override", "x-http-method"];
    let method = head.line.split(|byte| *byte == b' ').next().unwrap_or_default();
    let method = header(head, &names).or(parameter.as_deref()).unwrap_or(method);
    let method = String::from_utf8_lossy(method).to_ascii_uppercase();
    Read { closed: is_closed(&method, &path), path }
}

/// A header by one of its names, as programs see it that get headers as variables (CGI): `_` and `-` are one.
fn header<'m>(head: &'m Message, names: &[&str]) -> Option<&'m [u8]> {
    let header = head.headers.iter().find(|(have, _)| names.contains(&have.replace('_', "-").as_str()));
    header.map(|(_, value)| value.as_slice())
}

/// A parameter's name as PHP makes a variable of it: blanks before it dropped, dots, blanks and an open bracket turned into `_`.
fn variable(name: &[u8]) -> Vec<u8> {
    let plain = |byte: &u8| if b". +[".contains(byte) { b'_' } else { *byte };
    let blanks = name.iter().take_while(|byte| b" +".contains(byte)).count();
    name.iter().skip(blanks).map(plain).collect()
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
