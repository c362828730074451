//! The head of a response: what becomes of its body, and which of its lines would tell of the body
//! that came or lead around the mask (RFC 9110, sections 8, 9.3.2, 14 and 15; RFC 9530).

use super::body::{Asked, Content};
use super::{Due, Masking, heads};
use crate::pairs::Pairs;
use ostiary_body::loose::Loose;
use ostiary_body::plan::Active;
use ostiary_body::report::Report;
use ostiary_body::rule::Mask;
use std::rc::Rc;

/// Lines that describe the bytes as they came: lengths, digests, signatures over them.
const OF_THE_BYTES: [&str; 8] = [
    "content-length",
    "content-md5",
    "digest",
    "content-digest",
    "repr-digest",
    "signature",
    "signature-input",
    "accept-ranges",
];

/// A response's head, as far as it decides.
#[derive(Debug, Clone, Copy)]
pub struct ResponseHead<'a> {
    /// All header lines.
    pub lines: Pairs<'a>,
    /// Whether the request was a HEAD.
    pub to_head: bool,
    /// Whether the response ends with its head.
    pub is_whole: bool,
}

/// What becomes of the body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Body {
    /// Nothing: there is none, or nobody asks for it.
    #[default]
    Untouched,
    /// It is not looked at, for this reason.
    Unread(&'static str),
    /// It is read, and masked if a rule is enforced; how its end is known.
    Read(Asked, Ending),
    /// The response must not leave: the rule, and why.
    Blocked(usize, &'static str),
}

/// How the end of a body is known. Before trailers Envoy says of no chunk that it is the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// After so many bytes, as they come.
    At(u64),
    /// Envoy says which chunk is the last: HTTP/1 has trailers only where Envoy was told to read them, and
    /// then it drops what it was not.
    Told,
    /// Trailers may follow.
    Open,
}

/// A change of the response's head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeadChange {
    /// All lines of a header go.
    Remove(Box<str>),
    /// A header has this value alone.
    Replace(Box<str>, Box<[u8]>),
}

/// What becomes of a response.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Treatment {
    /// Its body.
    pub body: Body,
    /// Its head.
    pub changes: Vec<HeadChange>,
    /// Header lines that a rule masks, or would: the rule, and whether it acts.
    pub masked_headers: Vec<(usize, bool)>,
    /// What was found in its head.
    pub head: Report,
    /// What holds for it.
    pub active: Active,
}

/// What a head says.
struct Read<'a> {
    status: u16,
    content: Content<'a>,
    etag: Option<&'a [u8]>,
    cache_control: Vec<&'a [u8]>,
    is_range: bool,
    length: Option<u64>,
    is_chunked: bool,
}

impl Masking {
    /// What becomes of a response to a call.
    #[must_use]
    pub fn treat(&self, due: &Due, head: &ResponseHead<'_>) -> Treatment {
        let read = Read::new(head.lines);
        let active = self.active(&due.rules, read.status);
        let found = self.look(("header", head.lines), Report::default());
        let mut treatment = Treatment { head: found, active, ..Treatment::default() };
        let blocking = self.mask_headers(&active, head.lines, &mut treatment);
        let enforced = self.on_bodies(&active.enforced).next().is_some();
        treatment.body = match blocking {
            Some(rule) => Body::Blocked(rule, "found"),
            None => self.body(active, enforced, head, &read),
        };
        // A HEAD tells of the body that a GET would get, so its head loses the same lines.
        if enforced && (head.to_head || matches!(treatment.body, Body::Read(..))) {
            rewrite(head.lines, &read, &mut treatment);
        }
        if due.varies && !read.is_private() {
            treatment.changes.push(HeadChange::Remove("cache-control".into()));
            treatment.changes.push(HeadChange::Replace("cache-control".into(), read.made_private().into()));
        }
        treatment
    }

    fn body(&self, active: Active, enforced: bool, head: &ResponseHead<'_>, read: &Read<'_>) -> Body {
        // 204 and 304 have no body; of 1xx only 101 comes here.
        if head.is_whole || head.to_head && read.status != 101 || matches!(read.status, 204 | 304) {
            return Body::Untouched;
        }
        let looks = enforced || !active.inspect.is_empty() || !active.shadow.is_empty() || active.look.is_any();
        if !looks {
            return Body::Untouched;
        }
        let guard = self.guard(&active.enforced);
        let unread = |reason: &'static str| guard.map_or(Body::Unread(reason), |rule| Body::Blocked(rule, reason));
        // After 101 follow frames of another protocol, whoever asked for them.
        if read.status == 101 {
            return unread("upgrade");
        }
        if read.is_range {
            return unread("range");
        }
        match self.asked((active, guard), &read.content) {
            Ok(asked) => Body::Read(asked, read.ending()),
            Err(reason) => unread(reason),
        }
    }

    /// Whether the trailers of a response of which this holds are looked at.
    #[must_use]
    pub fn looks_at_trailers(&self, active: &Active) -> bool {
        let names_headers = |number| self.rule(number).is_some_and(|rule| !rule.headers.is_empty());
        !self.inspection.responses.is_empty() || active.enforced.union(active.shadow).iter().any(names_headers)
    }

    /// What becomes of a response's trailers, of which this was found before: rules by header hold for them too.
    #[must_use]
    pub fn treat_trailers(&self, active: &Active, lines: Pairs<'_>, found: Report) -> Treatment {
        let head = self.look(("trailer", lines), found);
        let mut treatment = Treatment { head, active: *active, ..Treatment::default() };
        if let Some(rule) = self.mask_headers(active, lines, &mut treatment) {
            treatment.body = Body::Blocked(rule, "found");
        }
        treatment
    }

    /// Looks at header lines. Rules mask them by name only.
    fn look(&self, lines: (&str, Pairs<'_>), found: Report) -> Report {
        if self.inspection.responses.is_empty() {
            return found;
        }
        let active = Active { inspect: self.inspection.responses, ..Active::default() };
        let mut loose = Loose::going_on(Rc::clone(&self.plan), active, found);
        // Where no rule is in force none blocks.
        let _ = heads::lines(&mut loose, lines, None);
        loose.into_report()
    }

    /// Masks header lines; gives the rule that ends the response for one.
    fn mask_headers(&self, active: &Active, lines: Pairs<'_>, treatment: &mut Treatment) -> Option<usize> {
        let mut blocking = None;
        for (numbers, acts) in [(&active.enforced, true), (&active.shadow, false)] {
            for number in numbers.iter() {
                let (Some(rule), Some(says)) = (self.rule(number), self.plan.rules().get(number)) else { continue };
                for name in &rule.headers {
                    let values = lines.filter(|(have, _)| *have == name.as_bytes()).map(|(_, value)| value);
                    let masked: Vec<Option<Vec<u8>>> =
                        values.map(|value| self.header_value(&says.mask, value)).collect();
                    let Some(first) = masked.first() else { continue };
                    treatment.masked_headers.push((number, acts));
                    if !acts {
                        continue;
                    }
                    if says.mask == Mask::Block {
                        blocking = blocking.or(Some(number));
                    }
                    treatment.changes.push(HeadChange::Remove(name.clone()));
                    // Several lines become the first one masked: fewer lines tell less.
                    if let Some(value) = first {
                        treatment.changes.push(HeadChange::Replace(name.clone(), value.as_slice().into()));
                    }
                }
            }
        }
        blocking
    }

    /// A header's value masked whole; `None` where it has to go.
    fn header_value(&self, mask: &Mask, value: &[u8]) -> Option<Vec<u8>> {
        match mask {
            Mask::Remove | Mask::Null | Mask::Block => None,
            _ => {
                let masked = self.plan.masked(mask, value);
                // What a mask writes may be no header's value; then nothing is written.
                Some(masked).filter(|bytes| !bytes.iter().any(u8::is_ascii_control))
            }
        }
    }
}

/// Takes off what would tell of the body that came.
fn rewrite(lines: Pairs<'_>, read: &Read<'_>, treatment: &mut Treatment) {
    let gone = OF_THE_BYTES.into_iter().filter(|name| lines.named(name).next().is_some());
    treatment.changes.extend(gone.map(|name| HeadChange::Remove(name.into())));
    if read.content.coding() != Ok(None) {
        treatment.changes.push(HeadChange::Remove("content-encoding".into()));
    }
    // A strong validator promises these bytes (RFC 9110, section 8.8.1).
    if let Some(etag) = read.etag.filter(|etag| !etag.starts_with(b"W/")) {
        treatment.changes.push(HeadChange::Replace("etag".into(), [b"W/", etag].concat().into()));
    }
}

impl<'a> Read<'a> {
    fn new(lines: Pairs<'a>) -> Self {
        let mut read = Self {
            status: 0,
            content: Content::default(),
            etag: None,
            cache_control: Vec::new(),
            is_range: false,
            length: None,
            is_chunked: false,
        };
        for (name, value) in lines {
            match name {
                b":status" => read.status = number(value),
                b"etag" => read.etag = Some(value),
                b"cache-control" => read.cache_control.push(value),
                b"content-range" => read.is_range = true,
                b"content-length" => read.length = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()),
                b"transfer-encoding" => read.is_chunked = true,
                _ => read.content.note(name, value),
            }
        }
        // A delta is a part of a body, too (RFC 3229, section 10.4.1).
        read.is_range |= matches!(read.status, 206 | 226);
        read
    }

    const fn ending(&self) -> Ending {
        match self.length {
            Some(bytes) => Ending::At(bytes),
            None if self.is_chunked => Ending::Told,
            None => Ending::Open,
        }
    }

    fn directives(&self) -> impl Iterator<Item = &'a [u8]> {
        self.cache_control.iter().flat_map(|line| line.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii)
    }

    /// Whether no shared cache may keep it (RFC 9111, section 5.2.2).
    fn is_private(&self) -> bool {
        self.directives().any(|word| word.eq_ignore_ascii_case(b"private") || word.eq_ignore_ascii_case(b"no-store"))
    }

    /// The directives with `private`, and without those that let shared caches keep it.
    fn made_private(&self) -> Vec<u8> {
        let begins =
            |word: &[u8], with: &[u8]| word.get(..with.len()).is_some_and(|head| head.eq_ignore_ascii_case(with));
        let mut value = b"private".to_vec();
        for word in self.directives().filter(|word| !word.is_empty()) {
            if !begins(word, b"public") && !begins(word, b"s-maxage") {
                value.extend_from_slice(b", ");
                value.extend_from_slice(word);
            }
        }
        value
    }
}

fn number(digits: &[u8]) -> u16 {
    std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}
