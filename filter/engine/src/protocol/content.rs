//! What a request's head says of its body.

use super::Unreadable;
use crate::pairs::Pairs;

/// The content type without its parameters, in lower case, of a body that is neither coded nor written in
/// another character set than UTF-8. What is wrong with the length is found where the body is read.
///
/// # Errors
/// [`Unreadable::Kind`] without one content type, [`Unreadable::Coding`] for what would have to be decoded.
pub fn kind(lines: Pairs<'_>) -> Result<String, Unreadable> {
    let only = |name, otherwise: Unreadable| only(lines, name).map_err(|()| otherwise);
    let kind = only("content-type", Unreadable::Kind)?.ok_or(Unreadable::Kind)?;
    let coding = only("content-encoding", Unreadable::Coding)?;
    if !coding.is_none_or(|coding| coding.trim().eq_ignore_ascii_case("identity")) {
        return Err(Unreadable::Coding);
    }
    let mut parts = kind.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let is_utf8 = |parameter: &str| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            let value = value.trim().trim_matches('"');
            value.eq_ignore_ascii_case("utf-8") || value.eq_ignore_ascii_case("us-ascii")
        }
        Some(_) | None => true,
    };
    if parts.all(is_utf8) { Ok(essence) } else { Err(Unreadable::Coding) }
}

/// The one value of a header, `?` where it is no text; none without the header.
///
/// # Errors
/// There are several.
pub(crate) fn only<'a>(lines: Pairs<'a>, name: &str) -> Result<Option<&'a str>, ()> {
    let mut values = lines.named(name);
    let first = values.next();
    if values.next().is_some() { Err(()) } else { Ok(first.map(|value| std::str::from_utf8(value).unwrap_or("?"))) }
}

/// Whether a content type is JSON.
#[must_use]
pub fn is_json(essence: &str) -> bool {
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Whether a request says that it has a body longer than this.
#[must_use]
pub fn is_longer(lines: Pairs<'_>, bytes_max: usize) -> bool {
    let length = |value: &[u8]| std::str::from_utf8(value).ok()?.trim().parse::<u64>().ok();
    lines.named("content-length").filter_map(length).any(|length| length > bytes_max as u64)
}
