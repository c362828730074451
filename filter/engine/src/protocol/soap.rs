//! SOAP 1.1 and 1.2: what is called is the first element of the body, and what the head says is the action.
//!
//! Which of the two a server goes by differs, and they differ from each other by style: `GetBalance` may come as
//! `GetBalanceRequest`. So both are what is called where they differ, and a rule is asked about each; the
//! inventory goes by the body, because a head without a body executes nothing.

use super::{Member, Said, Unreadable, plain};
use crate::Protocol;
use crate::pairs::Pairs;

/// Levels of a header block that are followed.
const LEVELS_MAX: u32 = 64;

/// Whether a content type is one of SOAP's: 1.1 comes as `text/xml`, 1.2 as `application/soap+xml`.
#[must_use]
pub fn is_soap(essence: &str) -> bool {
    matches!(essence, "text/xml" | "application/xml" | "application/soap+xml")
}

/// The action that a head names: `SOAPAction` (SOAP 1.1, section 6.1.1), or the parameter `action` of the
/// content type (RFC 3902). Of an address it is the last part.
///
/// # Errors
/// [`Unreadable::Ambiguous`] where two are named that differ.
pub fn action(lines: Pairs<'_>) -> Result<Option<String>, Unreadable> {
    let mut actions: Vec<&str> = Vec::new();
    for value in lines.named("soapaction") {
        actions.push(std::str::from_utf8(value).map_err(|_| Unreadable::Coding)?);
    }
    for value in lines.named("content-type") {
        let value = std::str::from_utf8(value).map_err(|_| Unreadable::Coding)?;
        for parameter in value.split(';') {
            if let Some((name, action)) = parameter.split_once('=')
                && name.trim().eq_ignore_ascii_case("action")
            {
                actions.push(action);
            }
        }
    }
    let mut named: Option<&str> = None;
    for action in actions {
        let action = action.trim().trim_matches('"').trim();
        if action.is_empty() {
            continue;
        }
        if named.is_some_and(|known| known != action) {
            return Err(Unreadable::Ambiguous);
        }
        named = Some(action);
    }
    Ok(named.map(|action| behind(action.strip_suffix('/').unwrap_or(action), b"/#:").to_owned()))
}

/// What stands behind the last of some marks.
fn behind<'t>(text: &'t str, marks: &[u8]) -> &'t str {
    let at = text.bytes().rposition(|byte| marks.contains(&byte)).map_or(0, |at| at + 1);
    text.get(at..).unwrap_or_default()
}

/// What a head and a body call; without a body, what the head says.
///
/// # Errors
/// Why the body cannot be read, or in more than one way.
pub fn read(action: Option<&str>, body: Option<&[u8]>) -> Result<Said, Unreadable> {
    let element = match body {
        Some([]) => return Err(Unreadable::Missing),
        Some(body) => Some(Envelope::first(std::str::from_utf8(body).map_err(|_| Unreadable::Coding)?)?),
        None => None,
    };
    let mut said = Said { protocol: Protocol::Soap, requests: 1, ..Said::default() };
    if let Some(name) = element.or(action) {
        said.name_it(plain(name));
    }
    for name in element.into_iter().chain(action.filter(|action| Some(*action) != element)) {
        said.add(Member { labels: vec![name.into()], is_doubtful: body.is_none() })?;
    }
    Ok(said)
}

/// Walks the tags of an envelope. Text between them is passed over; a document type, which could make other
/// elements of these, is refused (SOAP 1.1, section 3; SOAP 1.2, section 5).
struct Envelope<'b> {
    rest: &'b str,
}

/// A tag: the local part of its name, and what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tag<'b> {
    name: &'b str,
    /// It ends an element.
    closes: bool,
    /// It is a whole element.
    is_empty: bool,
}

impl<'b> Envelope<'b> {
    /// The local name of the first element in the body of an envelope.
    fn first(text: &'b str) -> Result<&'b str, Unreadable> {
        let mut envelope = Self { rest: text.strip_prefix('\u{feff}').unwrap_or(text) };
        envelope.opens("Envelope")?;
        loop {
            let tag = envelope.tag()?;
            match (tag.name, tag.closes) {
                ("Body", false) if !tag.is_empty => break,
                ("Header", false) => envelope.leave(tag)?,
                _ => return Err(Unreadable::Syntax),
            }
        }
        let tag = envelope.tag()?;
        if tag.closes {
            return Err(Unreadable::Missing);
        }
        // What is left must be whole: a body that breaks off is another one to who gets the rest.
        envelope.leave(tag)?;
        envelope.finish()?;
        Ok(tag.name)
    }

    fn opens(&mut self, name: &str) -> Result<(), Unreadable> {
        let tag = self.tag()?;
        if tag.name == name && !tag.closes && !tag.is_empty { Ok(()) } else { Err(Unreadable::Syntax) }
    }

    /// Goes behind the end of an element that has begun.
    fn leave(&mut self, tag: Tag<'b>) -> Result<(), Unreadable> {
        let mut levels = u32::from(!tag.is_empty);
        while levels > 0 {
            let tag = self.tag()?;
            if tag.closes {
                levels -= 1;
            } else if !tag.is_empty {
                levels += 1;
            }
            if levels > LEVELS_MAX {
                return Err(Unreadable::TooDeep);
            }
        }
        Ok(())
    }

    /// Goes behind the end of the body and of the envelope. A second element in the body is another call to
    /// some servers.
    fn finish(&mut self) -> Result<(), Unreadable> {
        for name in ["Body", "Envelope"] {
            let tag = self.tag()?;
            if !tag.closes {
                return Err(Unreadable::Ambiguous);
            }
            if tag.name != name {
                return Err(Unreadable::Syntax);
            }
        }
        if self.rest.contains('<') { Err(Unreadable::Ambiguous) } else { Ok(()) }
    }

    /// The next tag.
    fn tag(&mut self) -> Result<Tag<'b>, Unreadable> {
        loop {
            let at = self.rest.find('<').ok_or(Unreadable::Syntax)?;
            self.rest = self.rest.get(at + 1..).unwrap_or_default();
            let passed = [("!--", "-->"), ("![CDATA[", "]]>"), ("?", "?>")];
            if let Some((_, end)) = passed.iter().find(|(begin, _)| self.rest.starts_with(begin)) {
                let at = self.rest.find(end).ok_or(Unreadable::Syntax)?;
                // A prolog may say that the rest is written in other letters.
                if *end == "?>" && self.rest.starts_with("?xml") {
                    let said = self.rest.get(..at).unwrap_or_default().to_ascii_lowercase();
                    if said.contains("encoding") && !said.contains("utf-8") && !said.contains("us-ascii") {
                        return Err(Unreadable::Coding);
                    }
                }
                self.rest = self.rest.get(at + end.len()..).unwrap_or_default();
                continue;
            }
            if self.rest.starts_with('!') {
                return Err(Unreadable::Ambiguous);
            }
            return self.inner();
        }
    }

    fn inner(&mut self) -> Result<Tag<'b>, Unreadable> {
        let mut quote = None;
        let ends = |(_, byte): &(usize, u8)| {
            match (quote, *byte) {
                (None, b'"' | b'\'') => quote = Some(*byte),
                (Some(open), byte) if open == byte => quote = None,
                (None, b'>') => return true,
                _ => {}
            }
            false
        };
        let (at, _) = self.rest.bytes().enumerate().find(ends).ok_or(Unreadable::Syntax)?;
        let inner = self.rest.get(..at).unwrap_or_default();
        self.rest = self.rest.get(at + 1..).unwrap_or_default();
        let (closes, inner) = inner.strip_prefix('/').map_or((false, inner), |inner| (true, inner));
        let (is_empty, inner) = inner.strip_suffix('/').map_or((false, inner), |inner| (true, inner));
        let end = inner.bytes().position(|byte| byte.is_ascii_whitespace()).unwrap_or(inner.len());
        let name = behind(inner.get(..end).unwrap_or_default(), b":");
        if name.is_empty() || (closes && is_empty) {
            return Err(Unreadable::Syntax);
        }
        Ok(Tag { name, closes, is_empty })
    }
}

#[cfg(test)]
#[path = "soap_tests.rs"]
mod tests;
