//! Multipart bodies (RFC 2046 section 5.1): each part is read as what its head says it is.
//!
//! A part that is JSON, XML or a form has its own root. A part that is text is read as text, for data types; if it
//! has a name (`content-disposition: form-data; name="phone"`), it is a value of that key, as in a form. What is no part's body, which
//! is heads and what stands before the first part and after the last, is text.

use crate::encoding::Encoding;
use crate::format::{Format, Guess};
use crate::judge::{Judge, Kind, Verdict};
use crate::mask::HIDDEN;
use crate::masker::Blocked;
use crate::reader::Reader;
use crate::report::Why;
use crate::rule::{Oversize, RuleSet};
use crate::scan::{Scan, find_byte};
use crate::text::Text;
use crate::trail::Trail;
use crate::verdict::Value;

/// Bytes of a part's head, at most: beyond it a part is of no known format.
const HEAD_MAX: usize = 8 * 1024;

/// A multipart body as it comes.
#[derive(Debug)]
pub(crate) struct Multipart<S> {
    /// What stands between parts: a line's end, two dashes and the boundary.
    delimiter: Vec<u8>,
    /// Bytes of the delimiter that were there.
    matched: usize,
    /// Of these, bytes that only seemed to be there: the first delimiter needs no line's end before it.
    assumed: usize,
    trail: Trail,
    part: Part<S>,
    /// What is no part's body.
    between: Text,
    /// What was collected of a head, or of a named value.
    collected: Vec<u8>,
    /// What becomes of the rest of a named value that is too long.
    rest: Option<Oversize>,
    /// Whether undecided bytes wait; else all bytes left as they came.
    holds: bool,
    pending: Vec<u8>,
}

/// What is read.
#[derive(Debug)]
enum Part<S> {
    /// What stands before the first part or after the last.
    Outside,
    /// The line of a delimiter; what has come of it tells whether it is the last.
    Line,
    /// A part's head, up to an empty line.
    Head,
    /// A part by its format.
    Body(Box<Reader<S>>),
    /// A named value, which waits until it is whole.
    Value,
    /// What is not read.
    Opaque,
}

// === impl Multipart ===

impl<S: Scan> Multipart<S> {
    pub(crate) fn new(judge: &Judge, boundary: &str) -> Self {
        Self {
            delimiter: [b"\r\n--", boundary.as_bytes()].concat(),
            matched: 2,
            assumed: 2,
            trail: Trail::new(judge),
            part: Part::Outside,
            between: Text::default(),
            collected: Vec::new(),
            rest: None,
            holds: judge.masks_types() || !judge.field_rules().is_empty(),
            pending: Vec::new(),
        }
    }

    pub(crate) fn feed(&mut self, judge: &mut Judge, piece: &[u8], out: &mut Vec<u8>) -> Result<(), Blocked> {
        if !self.holds {
            out.extend_from_slice(piece);
            return self.parts(judge, piece, &mut Vec::new());
        }
        self.parts(judge, piece, out)?;
        self.pending.clear();
        match &self.part {
            Part::Body(reader) => self.pending.extend_from_slice(reader.pending()),
            Part::Value if self.rest.is_none() => self.pending.extend_from_slice(&self.collected),
            Part::Outside | Part::Head => self.pending.extend_from_slice(self.between.pending()),
            Part::Line | Part::Value | Part::Opaque => {}
        }
        self.pending.extend_from_slice(self.delimiter.get(self.assumed..self.matched).unwrap_or_default());
        Ok(())
    }

    pub(crate) fn finish(&mut self, judge: &mut Judge, out: &mut Vec<u8>) -> Result<(), Blocked> {
        let mut sink = Vec::new();
        let out = if self.holds { out } else { &mut sink };
        self.unmatched(judge, out)?;
        self.pending.clear();
        self.end_part(judge, out)
    }

    pub(crate) fn pending(&self) -> &[u8] {
        &self.pending
    }

    fn parts(&mut self, judge: &mut Judge, piece: &[u8], out: &mut Vec<u8>) -> Result<(), Blocked> {
        let base = judge.offset;
        let mut at = 0;
        while let Some(byte) = piece.get(at) {
            judge.offset = base + at as u64;
            let rest = piece.get(at..).unwrap_or_default();
            if self.delimiter.get(self.matched) == Some(byte) {
                self.matched += 1;
                at += 1;
                if self.matched == self.delimiter.len() {
                    self.end_part(judge, out)?;
                    out.extend_from_slice(self.delimiter.get(self.assumed..).unwrap_or_default());
                    (self.matched, self.assumed, self.part) = (0, 0, Part::Line);
                }
            } else if self.matched > 0 {
                // A carriage return is only at a delimiter's beginning, so what did not match begins no other.
                self.unmatched(judge, out)?;
            } else {
                let end = find_byte(rest, b'\r');
                self.content(judge, rest.get(..end).unwrap_or_default(), out)?;
                at += end;
            }
        }
        judge.offset = base;
        Ok(())
    }

    /// What looked like a delimiter is content.
    fn unmatched(&mut self, judge: &mut Judge, out: &mut Vec<u8>) -> Result<(), Blocked> {
        let bytes = self.delimiter.get(self.assumed..self.matched).unwrap_or_default().to_vec();
        (self.matched, self.assumed) = (0, 0);
        let offset = judge.offset;
        judge.offset = offset.saturating_sub(bytes.len() as u64);
        let taken = self.content(judge, &bytes, out);
        judge.offset = offset;
        taken
    }

    fn content(&mut self, judge: &mut Judge, mut bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Blocked> {
        while !bytes.is_empty() {
            let taken = match &mut self.part {
                Part::Opaque => {
                    out.extend_from_slice(bytes);
                    bytes.len()
                }
                Part::Outside => {
                    self.between.feed(judge, bytes, judge.offset, out)?;
                    bytes.len()
                }
                Part::Body(reader) => {
                    reader.feed(judge, bytes, out)?;
                    bytes.len()
                }
                Part::Value => {
                    self.take_value(judge, bytes, out)?;
                    bytes.len()
                }
                Part::Line | Part::Head => {
                    let end = (find_byte(bytes, b'\n') + 1).min(bytes.len());
                    let line = bytes.get(..end).unwrap_or_default();
                    if matches!(self.part, Part::Head) {
                        self.between.feed(judge, line, judge.offset, out)?;
                    } else {
                        out.extend_from_slice(line);
                    }
                    self.take_head(judge, line, out)?;
                    end
                }
            };
            judge.offset += taken as u64;
            bytes = bytes.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    /// Takes bytes of a delimiter's line or of a head, up to the end of a line at most.
    fn take_head(&mut self, judge: &mut Judge, line: &[u8], out: &mut Vec<u8>) -> Result<(), Blocked> {
        if self.collected.len() < HEAD_MAX {
            self.collected.extend_from_slice(line.get(..line.len().min(HEAD_MAX)).unwrap_or_default());
        }
        if line.last() != Some(&b'\n') {
            return Ok(());
        }
        if matches!(self.part, Part::Line) {
            self.part = if self.collected.starts_with(b"--") { Part::Outside } else { Part::Head };
            self.collected.clear();
        } else if self.collected.len() >= HEAD_MAX {
            self.between.finish(judge, out)?;
            self.part = unread(judge)?;
        } else if matches!(self.collected.as_slice(), b"\r\n" | b"\n" | [.., b'\n', b'\r', b'\n'] | [.., b'\n', b'\n'])
        {
            let head = std::mem::take(&mut self.collected);
            self.between.finish(judge, out)?;
            self.part = self.begin_part(judge, &String::from_utf8_lossy(&head))?;
        }
        Ok(())
    }

    fn begin_part(&mut self, judge: &mut Judge, head: &str) -> Result<Part<S>, Blocked> {
        let field = |wanted: &str| {
            let named = head.lines().filter_map(|line| line.split_once(':'));
            let mut named = named.filter(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
            named.next().map(|(_, value)| value.trim().to_owned())
        };
        let disposition = field("content-disposition").unwrap_or_default();
        let content_type = field("content-type");
        self.trail.root(judge);
        let name = parameter(&disposition, "name");
        if let Some(name) = &name {
            self.trail.enter(judge, name.as_bytes());
        }
        let encoded = field("content-transfer-encoding")
            .is_some_and(|encoding| ["base64", "quoted-printable"].contains(&encoding.to_ascii_lowercase().as_str()));
        let format = match Format::of(content_type.as_deref().or(Some("text/plain")), b"") {
            _ if encoded => None,
            Guess::Known(Format::Multipart(_)) => Some(Format::Text),
            Guess::Known(format) => Some(format),
            // The first byte would tell; what the head says is enough here.
            Guess::NeedsBytes => Some(match content_type.as_deref() {
                Some(said) if said.contains("json") => Format::Json,
                Some(said) if said.contains("xml") => Format::Xml,
                _ => Format::Text,
            }),
            Guess::Unknown => None,
        };
        let is_value =
            name.is_some() && (format == Some(Format::Text) && parameter(&disposition, "filename").is_none());
        Ok(match format {
            _ if is_value || !self.trail.rules().is_empty() => Part::Value,
            Some(format) => Part::Body(Box::new(Reader::new(judge, &format))),
            None => unread(judge)?,
        })
    }

    fn take_value(&mut self, judge: &mut Judge, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Blocked> {
        let room = judge.limits.token.saturating_sub(self.collected.len());
        match self.rest {
            None if bytes.len() <= room => self.collected.extend_from_slice(bytes),
            None => {
                let (part, beyond) = bytes.split_at(room);
                self.collected.extend_from_slice(part);
                if judge.looks {
                    judge.report.partial(Why::Token);
                }
                let rules = self.trail.rules();
                let outcome = judge.oversize(rules, true)?;
                self.rest = Some(outcome);
                if outcome == Oversize::Mask {
                    if let Some(rule) = judge.strongest(rules).or_else(|| judge.first_by_type(Oversize::Mask)) {
                        judge.taken(rule, self.trail.spot());
                    }
                    out.extend_from_slice(HIDDEN.as_bytes());
                } else {
                    out.extend_from_slice(&self.collected);
                }
                self.collected.clear();
                return self.take_value(judge, beyond, out);
            }
            Some(Oversize::Mask) => {}
            Some(Oversize::Pass | Oversize::Block) => out.extend_from_slice(bytes),
        }
        Ok(())
    }

    fn end_part(&mut self, judge: &mut Judge, out: &mut Vec<u8>) -> Result<(), Blocked> {
        match &mut self.part {
            Part::Body(reader) => reader.finish(judge, out)?,
            Part::Value if self.rest.take().is_none() => self.value(judge, out)?,
            Part::Outside | Part::Head => self.between.finish(judge, out)?,
            Part::Line | Part::Value | Part::Opaque => {}
        }
        self.collected.clear();
        Ok(())
    }

    /// A named value is whole. What is removed leaves an empty part.
    fn value(&mut self, judge: &mut Judge, out: &mut Vec<u8>) -> Result<(), Blocked> {
        let removal = self.trail.removal(judge, false)?;
        let (rules, context, spot) = (self.trail.rules(), self.trail.context(), self.trail.spot());
        let raw = self.collected.as_slice();
        judge.is_text(raw)?;
        if removal.is_none() && rules.is_empty() && !judge.may_hold(raw, raw.len(), context) {
            out.extend_from_slice(raw);
            return Ok(());
        }
        let rules = if removal.is_some() { RuleSet::NONE } else { rules };
        let offset = judge.offset.saturating_sub(raw.len() as u64);
        let gone = removal.is_some();
        let kind = Kind::Text(Encoding::Plain);
        let verdict = judge.value(&Value { kind, raw, rules, context, spot, gone, offset, is_plain: false })?;
        if let Some(rule) = removal {
            judge.taken(rule, spot);
            return Ok(());
        }
        match verdict {
            Verdict::Keep => out.extend_from_slice(raw),
            Verdict::Replace => out.extend_from_slice(&judge.written),
            Verdict::Remove => {}
        }
        Ok(())
    }
}

/// A part that is not read: as a whole body that is not, it follows the rules' `unreadable`.
fn unread<S>(judge: &mut Judge) -> Result<Part<S>, Blocked> {
    judge.report.partial(Why::Format);
    judge.unreadable(judge.active.enforced).map(|()| Part::Opaque)
}

/// A parameter of a header's value, with or without quotes.
fn parameter(value: &str, wanted: &str) -> Option<String> {
    let mut parameters = value.split(';').filter_map(|parameter| parameter.split_once('='));
    let (_, value) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted))?;
    Some(value.trim().trim_matches('"').to_owned())
}
