//! One value: found in, masked, counted.

use crate::detect::form::{NAME_MAX, shown_name};
use crate::detect::lanes::same;
use crate::detect::{Context, DataType, Found, Types, Wanted};
use crate::encoding::{Encoding, append};
use crate::judge::{Judge, Kind, Spot, SpotStep, Verdict};
use crate::mask::{HIDDEN, Masked, is_number};
use crate::masker::{Blocked, Cause};
use crate::report::{FINGERPRINTS_MAX, Fingerprint, PLACE_MAX};
use crate::rule::{Mask, Numbers, RuleSet};

/// What steps begin with in a path that is not shown yet: bytes that no key has unescaped.
const KEY: u8 = 0;
const ELEMENT: u8 = 1;

/// A value to be judged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value<'a> {
    pub(crate) kind: Kind,
    /// As written, without quotes.
    pub(crate) raw: &'a [u8],
    /// The rules whose fields it is in.
    pub(crate) rules: RuleSet,
    pub(crate) context: Context,
    pub(crate) spot: Spot<'a>,
    /// It is within something that does not leave, and is only counted.
    pub(crate) gone: bool,
    /// Where in the body it begins.
    pub(crate) offset: u64,
    /// Whether it is known to be written as it is meant.
    pub(crate) is_plain: bool,
}

/// What is written, and whether of the whole value.
struct Outcome {
    verdict: Verdict,
    whole: bool,
}

// === impl Judge ===

impl Judge {
    /// Judges a value; a mask is in [`Judge::written`] afterwards.
    pub(crate) fn value(&mut self, value: &Value<'_>) -> Result<Verdict, Blocked> {
        let is_null = value.kind == Kind::Bare && value.raw == b"null";
        let field = self.strongest(value.rules).filter(|_| !value.gone && !is_null);
        let is_known = self.looked.take() == Some(value.offset);
        let mut decoded = std::mem::take(&mut self.decoded);
        decoded.clear();
        let encoding = value.kind.encoding();
        let text = if value.is_plain || encoding.is_plain(value.raw) {
            value.raw
        } else {
            encoding.decode(value.raw, &mut decoded);
            &decoded
        };
        if !is_known {
            self.find(text, value.context, self.wanted_at(value.offset));
        }
        if self.found.is_empty() && field.is_none() && value.rules.is_empty() {
            self.decoded = decoded;
            return Ok(Verdict::Keep);
        }
        let outcome = self.verdict(value, text, field);
        if let Ok(outcome) = &outcome {
            self.count(value, text, field, outcome);
        }
        self.decoded = decoded;
        outcome.map(|outcome| outcome.verdict)
    }

    /// Whether what is masked of what was found in a string is masked by texts.
    pub(crate) fn writes_found(&self) -> bool {
        let is_text = |rule| self.mask(rule).is_text();
        self.found.iter().all(|found| self.rule_of(found.data_type).is_none_or(is_text))
    }

    /// Appends what is left of a string that is written as it is meant, of which [`Self::writes_found`]: by this rule by field, or by
    /// those by data type.
    pub(crate) fn string(&mut self, field: Option<usize>, raw: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        match field.and_then(|_| self.writer(field)) {
            Some((rule, data_type)) => self.masked(raw, raw, Encoding::Json, data_type).text(self.mask(rule), out),
            None => self.in_place(Encoding::Json, raw, raw, out),
        }
        self.changed = self.changed || !out.get(start..).is_some_and(|masked| same(masked, raw));
    }

    /// The rule that writes instead of a value as a whole, and the data type that it writes for.
    fn writer(&self, field: Option<usize>) -> Option<(usize, Option<DataType>)> {
        let mut writes = field.map(|rule| (rule, None));
        for found in &self.found {
            let Some(rule) = self.rule_of(found.data_type) else { continue };
            if writes.is_none_or(|(best, _)| self.strength(rule) > self.strength(best)) {
                writes = Some((rule, Some(found.data_type)));
            }
        }
        writes
    }

    /// Fills `found` with what of the wanted data types a text holds.
    pub(crate) fn find(&mut self, text: &[u8], context: Context, wanted: Types) {
        self.found.clear();
        if !wanted.is_empty() {
            let asked = Wanted { types: wanted, acting: self.masked };
            self.plan.detectors.find_from(text, 0, context, &asked, &mut self.found);
        }
    }

    fn verdict(&mut self, value: &Value<'_>, text: &[u8], field: Option<usize>) -> Result<Outcome, Blocked> {
        self.written.clear();
        let kept = Outcome { verdict: Verdict::Keep, whole: false };
        let Some((rule, data_type)) = self.writer(field).filter(|_| !value.gone) else { return Ok(kept) };
        if *self.mask(rule) == Mask::Block {
            return Err(Blocked { rule, cause: Cause::Found });
        }
        self.wrote = Some(rule);
        let covers = matches!(self.found.as_slice(), [found] if found.start == 0 && found.end == text.len());
        let whole = field.is_some() || value.kind.is_bare() || covers;
        let mut written = std::mem::take(&mut self.written);
        let verdict = if whole {
            self.whole(value, text, rule, data_type, &mut written)
        } else {
            let quote: &[u8] = if value.kind.is_quoted() { b"\"" } else { b"" };
            written.extend_from_slice(quote);
            self.in_place(value.kind.encoding(), value.raw, text, &mut written);
            written.extend_from_slice(quote);
            Verdict::Replace
        };
        let inside = if value.kind.is_quoted() { written.get(1..written.len().max(2) - 1) } else { Some(&*written) };
        self.changed |= verdict == Verdict::Remove || inside != Some(value.raw);
        self.written = written;
        Ok(Outcome { verdict, whole })
    }

    pub(crate) fn masked<'a>(
        &'a self,
        raw: &'a [u8],
        text: &'a [u8],
        encoding: Encoding,
        data_type: Option<DataType>,
    ) -> Masked<'a> {
        let data_type = data_type.map_or("", |data_type| self.plan.detectors.name(data_type));
        Masked { secret: &self.plan.secret, encoding, raw, text, data_type }
    }

    fn whole(&self, value: &Value<'_>, text: &[u8], rule: usize, of: Option<DataType>, out: &mut Vec<u8>) -> Verdict {
        let (kind, mask) = (value.kind, self.mask(rule));
        let masked = self.masked(value.raw, text, kind.encoding(), of);
        let numbers = self.plan.rules.get(rule).map_or(Numbers::String, |rule| rule.numbers);
        match (mask, kind) {
            (Mask::Remove, Kind::Loose) => quoted(out, |out| out.extend_from_slice(HIDDEN.as_bytes())),
            (Mask::Remove, _) => return Verdict::Remove,
            (Mask::Null, Kind::String | Kind::Bare) => out.extend_from_slice(b"null"),
            (Mask::Null, Kind::Text(_)) => {}
            (Mask::Null, Kind::Key | Kind::BareKey | Kind::Loose) => {
                quoted(out, |out| out.extend_from_slice(HIDDEN.as_bytes()));
            }
            (_, Kind::Text(_)) => masked.text(mask, out),
            (_, Kind::String | Kind::Key | Kind::Loose) => quoted(out, |out| masked.text(mask, out)),
            (_, Kind::Bare) if is_number(value.raw) => {
                Masked { encoding: Encoding::Json, ..masked }.number(mask, numbers, out);
            }
            // What stays of it would have to be written as a string, which not everything can be.
            (Mask::Keep { .. } | Mask::Digits, _) if !value.raw.iter().all(u8::is_ascii_alphanumeric) => {
                quoted(out, |out| out.extend_from_slice(HIDDEN.as_bytes()));
            }
            (_, Kind::Bare | Kind::BareKey) => {
                let masked = Masked { encoding: Encoding::Json, ..masked };
                quoted(out, |out| masked.text(mask, out));
            }
        }
        Verdict::Replace
    }

    /// Each match by its own mask, all else as it came.
    fn in_place(&self, encoding: Encoding, raw: &[u8], text: &[u8], out: &mut Vec<u8>) {
        let plain = std::ptr::eq(raw, text);
        // How far the value is done: as written, and as meant.
        let mut done = (0, 0);
        for found in &self.found {
            let Some(rule) = self.rule_of(found.data_type) else { continue };
            let (from, to) = if plain {
                ((found.start, found.start), (found.end, found.end))
            } else {
                let (from, _) = encoding.place(raw, done, found.start);
                let (_, to) = encoding.place(raw, from, found.end.max(1) - 1);
                (from, to)
            };
            append(out, raw.get(done.0..from.0).unwrap_or_default());
            let part = raw.get(from.0..to.0).unwrap_or_default();
            let text = text.get(found.start..found.end).unwrap_or_default();
            self.masked(part, text, encoding, Some(found.data_type)).text(self.mask(rule), out);
            done = to;
        }
        append(out, raw.get(done.0..).unwrap_or_default());
    }

    fn count(&mut self, value: &Value<'_>, text: &[u8], field: Option<usize>, outcome: &Outcome) {
        let shadow = value.rules.both(self.active.shadow);
        shadow.iter().for_each(|rule| self.report.rule(rule, false));
        self.tell(text, &value.spot, field, (value.gone, outcome.whole), &shadow);
    }

    /// Counts a value that this rule by field masks, and what was found in it, for whoever reads the report. Of rules in shadow
    /// those are left out that were counted before.
    #[inline]
    pub(crate) fn tell(
        &mut self,
        text: &[u8],
        spot: &Spot<'_>,
        field: Option<usize>,
        (gone, whole): (bool, bool),
        counted: &RuleSet,
    ) {
        if let Some(rule) = field {
            self.report.rule(rule, true);
            if self.found.is_empty() {
                self.places.count(&mut self.report, None, true, spot);
            }
        }
        let found = std::mem::take(&mut self.found);
        for found in &found {
            let rule = self.rule_of(found.data_type).filter(|_| !gone && field.is_none());
            let masked = gone || whole || rule.is_some();
            self.places.count(&mut self.report, Some(found.data_type), masked, spot);
            self.tally(found, rule, counted);
            self.fingerprint(found, text);
        }
        self.found = found;
    }

    /// Counts for the rules by data type: the one that masked, and those that would.
    pub(crate) fn tally(&mut self, found: &Found, rule: Option<usize>, counted: &RuleSet) {
        if let Some(rule) = rule {
            self.report.rule(rule, true);
        }
        if !self.shadows_types {
            return;
        }
        for rule in self.active.shadow.without(*counted).iter() {
            if self.plan.rules.get(rule).is_some_and(|rule| rule.types.contains(found.data_type)) {
                self.report.rule(rule, false);
            }
        }
    }

    pub(crate) fn fingerprint(&mut self, found: &Found, text: &[u8]) {
        if self.report.fingerprints.len() >= FINGERPRINTS_MAX {
            self.report.fingerprints_left_out = true;
            return;
        }
        let Some(text) = text.get(found.start..found.end) else { return };
        let hash = self.plan.secret.short("fingerprint", self.plan.detectors.name(found.data_type), text);
        let fingerprint = Fingerprint { data_type: found.data_type, hash };
        if !self.report.fingerprints.contains(&fingerprint) {
            self.report.fingerprints.push(fingerprint);
        }
    }
}

fn quoted(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    write(out);
    out.push(b'"');
}

// === impl Kind ===

impl Kind {
    const fn encoding(self) -> Encoding {
        match self {
            Self::Text(encoding) => encoding,
            Self::String | Self::Key | Self::Loose => Encoding::Json,
            Self::Bare | Self::BareKey => Encoding::Plain,
        }
    }

    const fn is_quoted(self) -> bool {
        matches!(self, Self::String | Self::Key | Self::Loose)
    }

    const fn is_bare(self) -> bool {
        matches!(self, Self::Bare | Self::BareKey)
    }
}

// === impl Spot ===

impl Spot<'_> {
    /// The path as rules write it.
    pub(crate) fn render(&self) -> String {
        let mut path = "$".to_owned();
        let mut rest = self.path;
        while let Some((mark, after)) = rest.split_first() {
            let end = after.iter().position(|byte| matches!(*byte, KEY | ELEMENT)).unwrap_or(after.len());
            let (name, next) = after.split_at(end);
            let step = if *mark == ELEMENT { SpotStep::Element } else { SpotStep::Key(name) };
            step.append(&mut path);
            rest = next;
        }
        self.step.append(&mut path);
        path
    }
}

impl SpotStep<'_> {
    /// Appends itself to a path, which stays within [`PLACE_MAX`].
    fn append(self, path: &mut String) {
        let before = path.len();
        match self {
            Self::Root => {}
            Self::Element => path.push_str("[*]"),
            Self::Key(key) => {
                path.push('.');
                path.push_str(shown_name(key));
            }
        }
        if path.len() > PLACE_MAX {
            path.truncate(before);
        }
    }
}

/// Appends a step to the path of what is below it. Most paths are never shown, so they are kept as they come.
pub(crate) fn descend(path: &mut Vec<u8>, step: SpotStep<'_>) {
    match step {
        SpotStep::Root => {}
        SpotStep::Element => path.push(ELEMENT),
        SpotStep::Key(key) => {
            path.push(KEY);
            append(path, if key.len() > NAME_MAX { b"" } else { key });
        }
    }
}
