//! The one pass over a text.
//!
//! A text is cut into words (letters and digits in a row). From the few words that shapes can begin with,
//! the shapes are read, over separators too. What does not begin with a word is found from a byte that
//! stands in it (`@` of an e-mail address). Most words of an ordinary text have no shape to read at all.

use crate::context::{self, Context, classes};
use crate::detectors::ROWS;
use crate::find::{Detectors, Entry, Found, Wanted, length_bit};
use crate::gate::{TEXT_MIN, TOLD_DIGITS};
use crate::row::{Row, Stand};
use crate::shape::{DIGIT, Follow, LOWER, UPPER};
use crate::types::BUILT_IN;
use crate::window::{Kind, Window};
use crate::{DataType, MAX_MATCH, NEAR, border, check, shape};

/// Letters and digits of a match that the rules can see.
const COMPACT_MAX: usize = 64;

/// Bytes of a text whose words are looked at in one go.
const PART: usize = 512;

/// One text being looked at.
pub struct Scan<'a> {
    detectors: &'a Detectors,
    text: &'a [u8],
    from: usize,
    context: Context,
    wanted: &'a Wanted,
    /// Whether nothing can say what a value is: neither the field's name nor a word in the text.
    is_silent: bool,
    found: &'a mut Vec<Found>,
    /// Where this text's part of `found` begins.
    first: usize,
    /// The last part of the text whose words were looked at, and what they said.
    part: (usize, usize, Context),
    /// The last place where the words beside it were asked for, and what they said.
    near: (usize, usize, Context),
}

// === impl Scan ===

impl<'a> Scan<'a> {
    /// A scan of the text, from this place on; it is silent where neither the context nor a word of it can say what something is.
    pub const fn new(
        detectors: &'a Detectors,
        (text, from): (&'a [u8], usize),
        (context, is_silent): (Context, bool),
        wanted: &'a Wanted,
        found: &'a mut Vec<Found>,
    ) -> Self {
        let first = found.len();
        let context = named(context);
        let nothing = (0, 0, Context::NONE);
        Self { detectors, text, from, context, wanted, is_silent, found, first, part: nothing, near: nothing }
    }

    /// Looks at all of it, from the first place on where something may begin, which lies in the window.
    pub fn run(mut self, window: &mut Window, begin: Option<usize>) {
        let mut next = begin;
        while let Some(at) = next {
            let after = if window.is_word(at) { self.word(window, at) } else { self.mark(at) };
            next = self.detectors.next(window, self.text, after, self.is_silent);
        }
        self.custom();
        if self.from == 0 {
            self.wholes();
            self.readers();
        }
        self.keep_wanted();
    }

    /// Of what was found in this text, what is asked for.
    fn keep_wanted(&mut self) {
        let (first, wanted) = (self.first, &self.wanted.types);
        let mut at = 0;
        self.found.retain(|hit| {
            at += 1;
            at <= first || wanted.contains(hit.data_type)
        });
    }

    /// Looks at the word that begins here; where to go on.
    fn word(&mut self, window: &mut Window, start: usize) -> usize {
        let word = window.word(self.text, start);
        let end = word.end;
        let classes = word.classes;
        let kind = match (classes & DIGIT != 0, classes & (UPPER | LOWER) != 0) {
            (true, false) => Kind::Digits,
            (true, true) => Kind::Mixed,
            _ => Kind::Letters,
        };
        if !border::before(self.text, start) {
            return end;
        }
        let detectors = self.detectors;
        let letter = self.text.get(start).copied().unwrap_or_default();
        let follow = shape::follow(self.text, end);
        let separated = matches!(follow, Follow::Space | Follow::Hyphen | Follow::Dot | Follow::Slash);
        let second = if separated { length_bit(border::run(self.text, end + 1)) } else { u32::MAX };
        let [alone, told] = detectors.entries((kind, end - start), follow, letter, second);
        let first = shape::class(letter);
        let told = if self.is_silent { &[] } else { told };
        let mut best: Option<Found> = None;
        for entry in alone.iter().chain(told) {
            let unlike = entry.seconds & second == 0 || classes & !entry.classes != 0;
            if unlike || entry.begins & first == 0 || entry.literal != 0 && entry.literal != letter {
                continue;
            }
            if let Some(hit) = self.shape(*entry, start)
                && best.is_none_or(|best| is_better(hit, best))
            {
                best = Some(hit);
            }
        }
        best.and_then(|hit| self.accept(hit)).map_or(end, |hit| hit.max(end))
    }

    fn shape(&mut self, entry: Entry, start: usize) -> Option<Found> {
        let (begin, count) = (usize::from(entry.steps.0), usize::from(entry.steps.1));
        let steps = self.detectors.steps.get(begin..begin + count)?;
        if entry.told_by.is_some_and(|told_by| self.is_untold(told_by, start)) {
            return None;
        }
        let read = shape::read(steps, self.text, start)?;
        let goes_on = read.separator.is_some_and(|_| border::is_grouped(self.text, start, read.end));
        if goes_on || !border::after(self.text, read.end) {
            return None;
        }
        // Asked last: it reads all the words around, if none asked before.
        if entry.told_by.is_some_and(|told_by| !self.may_be_told(told_by, start, read.end)) {
            return None;
        }
        let start = border::opened(self.text, start, read.end).max(self.from);
        let row = ROWS.get(usize::from(entry.row))?;
        let shape = row.shapes.get(usize::from(entry.shape))?;
        self.judge(entry.row, row, shape.stand, start, read.end)
    }

    /// Whether it is known already that nothing tells what begins here, wherever it ends.
    fn is_untold(&self, told_by: Context, start: usize) -> bool {
        let (from, to, words) = self.part;
        start >= from && to >= self.text.len() && !words.meets(told_by) && !self.context.meets(told_by)
    }

    /// Whether the field's name or any word in the part of the text around a match says one of these.
    fn may_be_told(&mut self, told_by: Context, start: usize, end: usize) -> bool {
        if self.context.meets(told_by) {
            return true;
        }
        let (from, to, _) = self.part;
        if start < from || end + NEAR > to {
            let to = end.max(start + PART) + NEAR;
            // A bracket before the match may belong to it.
            let words = border::words(self.text, start.saturating_sub(1 + NEAR), to);
            self.part = (start, to, context::of_text(words, &self.detectors.words));
        }
        self.part.2.meets(told_by)
    }

    /// What a text of the right shape is.
    fn judge(&mut self, number: u8, row: &Row, stand: Stand, start: usize, end: usize) -> Option<Found> {
        let written = self.text.get(start..end).filter(|written| written.len() <= MAX_MATCH)?;
        let mut buffer = [0; COMPACT_MAX];
        let is_ruled = !row.rules.is_empty() || !row.checks.is_empty() || stand == Stand::Mixed;
        let compact: &[u8] = if is_ruled { compact(written, &mut buffer) } else { &[] };
        if !check::hold(row.rules, compact, written) {
            return None;
        }
        let proven = check::hold(row.checks, compact, written);
        let data_type = DataType(number * 2 + u8::from(!proven));
        if !self.detectors.enabled.contains(data_type) || data_type.name().is_none() {
            return None;
        }
        let believed = match stand {
            Stand::Alone => true,
            Stand::Checked => proven,
            Stand::Mixed => proven && compact.iter().any(u8::is_ascii_uppercase),
            Stand::Told => false,
        };
        let told = believed || self.says(row.told_by, start, end);
        let other = !row.unless.is_none() && self.says(row.unless, start, end);
        (told && !other).then_some(Found { data_type, start, end })
    }

    /// Whether the field's name or a word beside the match says one of these.
    fn says(&mut self, wanted: Context, start: usize, end: usize) -> bool {
        if wanted.is_none() || self.context.meets(wanted) {
            return !wanted.is_none();
        }
        let written = self.text.get(start..end).unwrap_or_default();
        let digits = || written.iter().filter(|byte| byte.is_ascii_digit()).count();
        let enough = !self.is_silent && (self.text.len() >= TEXT_MIN || digits() >= TOLD_DIGITS);
        enough && self.beside(start, end).meets(wanted)
    }

    /// What the words beside a match say.
    fn beside(&mut self, start: usize, end: usize) -> Context {
        if (self.near.0, self.near.1) != (start, end) {
            let before = border::words(self.text, start.saturating_sub(NEAR), start);
            let after = border::words(self.text, end, end + NEAR / 2);
            let words = &self.detectors.words;
            self.near = (start, end, context::of_text(before, words).union(context::of_text(after, words)));
        }
        self.near.2
    }

    /// Looks at what stands around this byte; where to go on.
    fn mark(&mut self, at: usize) -> usize {
        let detectors = self.detectors;
        let byte = self.text.get(at).copied().unwrap_or_default();
        // A hyphen is a mark where there are several.
        if byte == b'-' && self.text.get(at + 1) != Some(&b'-') {
            return at + 1;
        }
        for (_, number, read) in detectors.marks.iter().filter(|(mark, ..)| *mark == byte) {
            if let Some((start, end)) = read(self.text, at)
                && start >= self.from
                && let Some(row) = ROWS.get(usize::from(*number))
                && let Some(mark) = &row.mark
                && let Some(hit) = self.judge(*number, row, mark.stand, start, end)
                && let Some(end) = self.accept(hit)
            {
                return end.max(at + 1);
            }
        }
        at + 1
    }

    /// The user's own.
    fn custom(&mut self) {
        let detectors = self.detectors;
        for (number, custom) in (0_u8..).zip(&detectors.custom) {
            let own = Context { classes: 0, custom: 1 << number };
            let data_type = DataType(BUILT_IN + number);
            if !self.wanted.types.contains(data_type) {
                continue;
            }
            custom.find(self.text, &mut |start, end| {
                if start >= self.from && (!custom.needs_context() || self.says(own, start, end)) {
                    self.accept(Found { data_type, start, end });
                }
            });
        }
    }

    /// Data types that are known by the name of their field alone.
    fn wholes(&mut self) {
        let (detectors, context) = (self.detectors, self.context);
        let told = detectors.wholes.iter().filter(|(_, told, other)| context.meets(*told) && !context.meets(*other));
        let mut told = told.map(|(number, _, _)| *number).peekable();
        if self.context.is_none() || told.peek().is_none() {
            return;
        }
        let start = self.text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let end = self.text.len() - self.text.iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count();
        let Some(written) = self.text.get(start..end) else { return };
        let mut buffer = [0; COMPACT_MAX];
        let compact = compact(written, &mut buffer);
        for number in told {
            let holds = ROWS.get(usize::from(number)).is_some_and(|row| check::hold(row.rules, compact, written));
            if holds {
                self.accept(Found { data_type: DataType(number * 2), start, end });
            }
        }
    }

    /// Data types that are read in all of a value.
    fn readers(&mut self) {
        let detectors = self.detectors;
        for (number, reads, told_by) in &detectors.readers {
            let data_type = DataType(number * 2);
            if self.wanted.types.contains(data_type) && reads(self.text, self.context.meets(*told_by)) {
                self.accept(Found { data_type, start: 0, end: self.text.len() });
            }
        }
    }

    /// Takes a hit, unless it overlaps one that is as long; shorter ones that it overlaps are dropped. One that something comes of
    /// counts as longer than one that is only told of. Its end if it was taken:
    /// what one that was not taken covers may hold others, so the scan does not go beyond it.
    fn accept(&mut self, hit: Found) -> Option<usize> {
        if self.found.get(self.first..).and_then(<[Found]>::last).is_none_or(|last| last.end <= hit.start) {
            self.found.push(hit);
            return Some(hit.end);
        }
        let own = self.found.get(self.first..).unwrap_or_default();
        let from = self.first + own.partition_point(|known| known.end <= hit.start);
        let to = self.first + own.partition_point(|known| known.start < hit.end);
        let overlapped = self.found.get(from..to).unwrap_or_default();
        let weight = |hit: &Found| (self.wanted.acting.contains(hit.data_type), hit.end - hit.start);
        let is_longest = overlapped.iter().all(|known| weight(known) < weight(&hit));
        if is_longest {
            self.found.splice(from..to, [hit]);
        }
        is_longest.then_some(hit.end)
    }
}

/// The longer, then the proven one.
const fn is_better(hit: Found, best: Found) -> bool {
    let proven = best.data_type.is_unverified() && !hit.data_type.is_unverified();
    hit.end > best.end || hit.end == best.end && proven
}

/// What a context says in all: a name of anything is a person's where people are meant.
pub const fn named(context: Context) -> Context {
    if context.meets(classes::NAMED) && context.meets(classes::PERSON) { context.union(classes::NAME) } else { context }
}

/// Letters, as capitals, and digits; empty if there are too many.
fn compact<'b>(written: &[u8], buffer: &'b mut [u8; COMPACT_MAX]) -> &'b [u8] {
    let mut count = 0;
    for byte in written.iter().filter(|byte| byte.is_ascii_alphanumeric()) {
        let Some(place) = buffer.get_mut(count) else { return &[] };
        *place = byte.to_ascii_uppercase();
        count += 1;
    }
    buffer.get(..count).unwrap_or_default()
}
