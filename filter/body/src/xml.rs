//! XML: text, attributes, CDATA, entities (XML 1.0), by elements as they nest.
//!
//! An element is a key, its attributes are keys that begin with `@`, prefixes of namespaces are left out, and text is the value of
//! the element around it. A piece of markup, or of text between markup, waits until it is whole, unless no rule can change it.
//! The structure breaks where an end tag does not fit, where markup is none or longer than a token may be, and beyond the limit of
//! depth: then the rest is text, as with JSON.

use crate::encoding::Encoding;
use crate::judge::{Judge, Kind, Verdict};
use crate::mask::HIDDEN;
use crate::masker::Blocked;
use crate::report::Why;
use crate::rule::{Oversize, RuleSet};
use crate::scan::find_byte;
use crate::text::Text;
use crate::trail::Trail;
use crate::verdict::Value;

/// A document as it comes.
#[derive(Debug)]
pub(crate) struct Xml {
    trail: Trail,
    /// The names of the open elements, one after the other, and how long each is.
    names: Vec<u8>,
    lens: Vec<usize>,
    /// The text or markup at hand.
    token: Vec<u8>,
    offset: u64,
    /// The quote that an attribute's value at hand is in.
    quote: Option<u8>,
    /// Whether tokens wait; else all bytes left as they came.
    holds: bool,
    /// How many elements are open around what does not leave, itself included; 0 where everything may.
    muted: usize,
    /// What becomes of the rest of a text that is too long.
    rest: Option<Oversize>,
    /// The structure broke.
    broken: bool,
    text: Text,
}

/// Markup, by what it begins with.
enum Markup<'a> {
    /// What is in it is text as it is, between a beginning and an end of these lengths.
    Verbatim(usize, usize),
    /// What is in it is no value.
    Other,
    End(&'a [u8]),
    Start(&'a [u8]),
}

// === impl Xml ===

impl Xml {
    pub(crate) fn new(judge: &Judge) -> Self {
        Self {
            trail: Trail::new(judge),
            names: Vec::new(),
            lens: Vec::new(),
            token: Vec::new(),
            offset: 0,
            quote: None,
            holds: judge.masks_types() || !judge.field_rules().is_empty(),
            muted: 0,
            rest: None,
            broken: false,
            text: Text::default(),
        }
    }

    pub(crate) fn feed(&mut self, judge: &mut Judge, piece: &[u8], out: &mut Vec<u8>) -> Result<(), Blocked> {
        if self.holds {
            return self.tokens(judge, piece, out);
        }
        out.extend_from_slice(piece);
        let rests = self.token.is_empty() && self.rest.is_none() && !self.broken;
        if judge.idle() && rests { Ok(()) } else { self.tokens(judge, piece, &mut Vec::new()) }
    }

    pub(crate) fn finish(&mut self, judge: &mut Judge, out: &mut Vec<u8>) -> Result<(), Blocked> {
        let mut sink = Vec::new();
        let out = if self.holds { out } else { &mut sink };
        if self.token.first() == Some(&b'<') && !self.broken {
            self.breaks(judge, out)?;
        }
        self.end_text(judge, out)?;
        self.text.finish(judge, out)
    }

    pub(crate) fn pending(&self) -> &[u8] {
        match (self.holds, self.broken) {
            (false, _) => &[],
            (true, true) => self.text.pending(),
            (true, false) => &self.token,
        }
    }

    fn tokens(&mut self, judge: &mut Judge, piece: &[u8], out: &mut Vec<u8>) -> Result<(), Blocked> {
        let mut at = 0;
        while at < piece.len() {
            let rest = piece.get(at..).unwrap_or_default();
            let offset = judge.offset + at as u64;
            if self.broken {
                return self.broken_text(judge, rest, offset, out);
            }
            if self.token.is_empty() && self.rest.is_none() {
                self.offset = offset;
            }
            at += if self.token.first() == Some(&b'<') {
                self.markup(judge, rest, out)?
            } else if rest.first() == Some(&b'<') {
                self.end_text(judge, out)?;
                self.offset = offset;
                self.token.push(b'<');
                1
            } else {
                let end = find_byte(rest, b'<');
                self.take_text(judge, rest.get(..end).unwrap_or_default(), out)?;
                end
            };
        }
        Ok(())
    }

    /// Takes what belongs to the markup at hand.
    fn markup(&mut self, judge: &mut Judge, rest: &[u8], out: &mut Vec<u8>) -> Result<usize, Blocked> {
        let end = (find_byte(rest, b'>') + 1).min(rest.len());
        let part = rest.get(..end).unwrap_or_default();
        let room = (judge.limits.token + 1).saturating_sub(self.token.len());
        let part = part.get(..part.len().min(room)).unwrap_or_default();
        let is_tag = !matches!(self.token.get(1).or(part.first()), Some(b'!' | b'?'));
        for byte in part.iter().filter(|byte| is_tag && matches!(**byte, b'"' | b'\'')) {
            self.quote = match self.quote {
                None => Some(*byte),
                Some(quote) if quote == *byte => None,
                quote => quote,
            };
        }
        self.token.extend_from_slice(part);
        if self.token.len() > judge.limits.token {
            judge.oversize(judge.field_rules(), true)?;
            self.breaks(judge, out)?;
        } else if self.is_whole() {
            self.quote = None;
            let token = std::mem::take(&mut self.token);
            let done = self.whole(judge, &token, out);
            self.token = token;
            if done? {
                self.token.clear();
            } else {
                self.breaks(judge, out)?;
            }
        }
        Ok(part.len())
    }

    /// Whether the markup at hand has its end.
    fn is_whole(&self) -> bool {
        let token = self.token.as_slice();
        match token {
            [b'<', b'!', b'-', b'-', rest @ ..] => rest.ends_with(b"-->"),
            [b'<', b'!', b'[', rest @ ..] => rest.ends_with(b"]]>"),
            [b'<', b'?', rest @ ..] => rest.ends_with(b"?>"),
            // A document type may hold declarations in brackets.
            [b'<', b'!', rest @ ..] if rest.contains(&b'[') => {
                rest.strip_suffix(b">").is_some_and(|rest| rest.trim_ascii_end().ends_with(b"]"))
            }
            _ => token.ends_with(b">") && self.quote.is_none(),
        }
    }

    /// Markup is whole. False if it breaks the structure.
    fn whole(&mut self, judge: &mut Judge, token: &[u8], out: &mut Vec<u8>) -> Result<bool, Blocked> {
        let inside = token.get(1..token.len() - 1).unwrap_or_default();
        let markup = match inside {
            [b'!', b'-', b'-', ..] => Markup::Verbatim(4, 3),
            _ if token.starts_with(b"<![CDATA[") => Markup::Verbatim(9, 3),
            [b'!' | b'?', ..] => Markup::Other,
            [b'/', name @ ..] => Markup::End(name.trim_ascii()),
            [first, ..] if first.is_ascii_alphabetic() || *first >= 0x80 || *first == b'_' || *first == b':' => {
                Markup::Start(inside)
            }
            _ => return Ok(false),
        };
        match markup {
            Markup::Verbatim(from, to) => {
                let (before, rest) = token.split_at(from);
                let (content, after) = rest.split_at(rest.len().saturating_sub(to));
                self.write(out, before);
                self.value(judge, content, Encoding::Plain, out)?;
                self.write(out, after);
            }
            Markup::Other => self.write(out, token),
            Markup::End(name) => return Ok(self.end_tag(judge, name, token, out)),
            Markup::Start(inside) => return self.start_tag(judge, inside, token, out),
        }
        Ok(true)
    }

    fn end_tag(&mut self, judge: &mut Judge, name: &[u8], token: &[u8], out: &mut Vec<u8>) -> bool {
        let open = self.lens.last().map_or(0, |len| self.names.len() - len);
        if self.lens.is_empty() || self.names.get(open..) != Some(name) {
            return false;
        }
        self.names.truncate(open);
        self.lens.pop();
        self.write(out, token);
        self.trail.leave();
        if self.muted > self.lens.len() {
            self.muted = 0;
            judge.changed = true;
        }
        true
    }

    fn start_tag(
        &mut self,
        judge: &mut Judge,
        inside: &[u8],
        token: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<bool, Blocked> {
        let is_empty = inside.ends_with(b"/");
        let inside = inside.strip_suffix(b"/").unwrap_or(inside);
        let end = inside.iter().position(u8::is_ascii_whitespace).unwrap_or(inside.len());
        let (name, attributes) = inside.split_at(end);
        if name.iter().any(|byte| matches!(*byte, b'"' | b'\'')) {
            // No name has a quote, and one in it would pair with one of an attribute.
            return Ok(false);
        }
        if self.lens.len() >= judge.limits.depth {
            judge.oversize(judge.field_rules(), false)?;
            judge.report.partial(Why::Depth);
            return Ok(false);
        }
        self.trail.enter(judge, local(name));
        if self.muted == 0
            && let Some(rule) = self.trail.removal(judge, true)?
        {
            judge.taken(rule, self.trail.spot());
            self.muted = self.lens.len() + 1;
        }
        self.write(out, b"<");
        self.write(out, name);
        self.attributes(judge, attributes, out)?;
        self.write(out, if is_empty { b"/>" } else { b">" });
        if is_empty {
            self.trail.leave();
            if self.muted > self.lens.len() {
                self.muted = 0;
            }
        } else {
            self.names.extend_from_slice(name);
            self.lens.push(name.len());
        }
        debug_assert!(token.len() > name.len());
        Ok(true)
    }

    /// Attributes, each with the white space before it.
    fn attributes(&mut self, judge: &mut Judge, mut rest: &[u8], out: &mut Vec<u8>) -> Result<(), Blocked> {
        while !rest.is_empty() {
            let quote = rest.iter().position(|byte| matches!(byte, b'"' | b'\'')).unwrap_or(rest.len());
            let (before, quoted) = rest.split_at(quote);
            let Some((mark, inside)) = quoted.split_first() else {
                self.write(out, before);
                return Ok(());
            };
            let end = find_byte(inside, *mark);
            let (value, after) = inside.split_at(end);
            let name = before.trim_ascii().strip_suffix(b"=").unwrap_or(before).trim_ascii();
            self.trail.enter(judge, &[b"@", local(name)].concat());
            let removal = if self.muted == 0 { self.trail.removal(judge, false)? } else { None };
            if let Some(rule) = removal {
                judge.taken(rule, self.trail.spot());
            } else {
                let from = out.len();
                self.write(out, before);
                self.write(out, &[*mark]);
                let removed = self.value(judge, value, Encoding::Xml, out)?;
                self.write(out, &[*mark]);
                if removed {
                    out.truncate(from);
                }
            }
            self.trail.leave();
            rest = after.get(1..).unwrap_or_default();
        }
        Ok(())
    }

    fn take_text(&mut self, judge: &mut Judge, part: &[u8], out: &mut Vec<u8>) -> Result<(), Blocked> {
        let room = judge.limits.token.saturating_sub(self.token.len());
        match self.rest {
            None if part.len() <= room => self.token.extend_from_slice(part),
            None => {
                let (part, beyond) = part.split_at(room);
                self.token.extend_from_slice(part);
                self.long_text(judge, out)?;
                return self.take_text(judge, beyond, out);
            }
            Some(Oversize::Mask) => {}
            Some(Oversize::Pass | Oversize::Block) => self.write(out, part),
        }
        Ok(())
    }

    fn long_text(&mut self, judge: &mut Judge, out: &mut Vec<u8>) -> Result<(), Blocked> {
        if judge.looks {
            judge.report.partial(Why::Token);
        }
        let rules = self.trail.rules();
        let outcome = if self.muted > 0 { Oversize::Pass } else { judge.oversize(rules, true)? };
        self.rest = Some(outcome);
        let token = std::mem::take(&mut self.token);
        if outcome == Oversize::Mask {
            if let Some(rule) = judge.strongest(rules).or_else(|| judge.first_by_type(Oversize::Mask)) {
                judge.taken(rule, self.trail.spot());
            }
            self.write(out, HIDDEN.as_bytes());
        } else {
            self.write(out, &token);
        }
        Ok(())
    }

    /// The text between two pieces of markup is whole.
    fn end_text(&mut self, judge: &mut Judge, out: &mut Vec<u8>) -> Result<(), Blocked> {
        if self.rest.take().is_some() || self.token.is_empty() {
            return Ok(());
        }
        let token = std::mem::take(&mut self.token);
        let ended = self.value(judge, &token, Encoding::Xml, out);
        self.token = token;
        self.token.clear();
        ended.map(|_| ())
    }

    /// A value, with the white space around it. Whether its mask removes what it is in.
    fn value(&self, judge: &mut Judge, raw: &[u8], encoding: Encoding, out: &mut Vec<u8>) -> Result<bool, Blocked> {
        let lead = raw.len() - raw.trim_ascii_start().len();
        let (before, rest) = raw.split_at(lead);
        let (core, after) = rest.split_at(rest.trim_ascii_end().len());
        let gone = self.muted > 0;
        let (rules, context) = (if gone { RuleSet::NONE } else { self.trail.rules() }, self.trail.context());
        let mut verdict = Verdict::Keep;
        if !core.is_empty() && (!rules.is_empty() || judge.may_hold(core, core.len(), context)) {
            let (kind, spot, offset) = (Kind::Text(encoding), self.trail.spot(), self.offset);
            verdict = judge.value(&Value { kind, raw: core, rules, context, spot, gone, offset, is_plain: false })?;
        }
        self.write(out, before);
        match verdict {
            Verdict::Keep => self.write(out, core),
            // What is verbatim must not end what it is in.
            Verdict::Replace if encoding == Encoding::Plain && !is_harmless(&judge.written) => {
                self.write(out, HIDDEN.as_bytes());
            }
            Verdict::Replace => self.write(out, &judge.written),
            Verdict::Remove => {}
        }
        self.write(out, after);
        Ok(verdict == Verdict::Remove)
    }

    fn write(&self, out: &mut Vec<u8>, bytes: &[u8]) {
        if self.muted == 0 {
            out.extend_from_slice(bytes);
        }
    }

    fn breaks(&mut self, judge: &mut Judge, out: &mut Vec<u8>) -> Result<(), Blocked> {
        judge.broken()?;
        self.broken = true;
        let token = std::mem::take(&mut self.token);
        self.broken_text(judge, &token, self.offset, out)
    }

    fn broken_text(&mut self, judge: &mut Judge, bytes: &[u8], offset: u64, out: &mut Vec<u8>) -> Result<(), Blocked> {
        if self.muted == 0 {
            return self.text.feed(judge, bytes, offset, out);
        }
        self.text.feed(judge, bytes, offset, &mut Vec::new())
    }
}

/// A name without the prefix of its namespace.
fn local(name: &[u8]) -> &[u8] {
    name.rsplit(|byte| *byte == b':').next().unwrap_or(name)
}

fn is_harmless(written: &[u8]) -> bool {
    !written.contains(&b'>') && !written.contains(&b'-')
}
