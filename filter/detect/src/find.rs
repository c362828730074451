//! The one pass over a text.
//!
//! A text is cut into words (letters and digits in a row). Which shapes can begin with a word follows
//! from its length and from whether it has digits, letters or both; they are read from there on, over
//! separators too. What is no word is found from a byte that stands in it (`@` of an e-mail address).
//! Most words of an ordinary text have no shape to read at all.

use crate::context::{self, Context};
use crate::custom::Custom;
use crate::detectors::ROWS;
use crate::row::{Row, Stand};
use crate::types::BUILT_IN;
use crate::{DataType, MAX_MATCH, NEAR, Types, border, check, shape};

/// The enabled data types, prepared for the scan.
#[derive(Debug)]
pub struct Detectors {
    enabled: Types,
    custom: Vec<Custom>,
    /// The hashes of the user's context words, and whose they are.
    words: Vec<(u32, u32)>,
    /// Shapes, those of a kind and length of first word together.
    entries: Vec<Entry>,
    /// Where those begin, by kind and length.
    index: Vec<u16>,
    /// Rows found from a byte.
    marks: Vec<(u8, &'static Row)>,
}

/// A shape that may begin with a word.
#[derive(Debug, Clone, Copy)]
struct Entry {
    row: u8,
    shape: u8,
    /// The classes that its first character may have.
    begins: u8,
}

/// A data type in a text: the bytes from `start` up to `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Which.
    pub data_type: DataType,
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
}

/// A cheap test that every text with a hit passes, for a scanner that can count bytes before it looks at them: the text has
/// `digits` digits at least, or an `@` if `at`, or is `length` bytes long, or is looked at with a context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gate {
    /// Digits.
    pub digits: usize,
    /// Whether an `@` is enough.
    pub at: bool,
    /// Length in bytes from which on a text is to be looked at whatever it holds.
    pub length: usize,
}

/// Words that are longer are filed with those of this length.
const LENGTHS: usize = 64;
/// Words of digits, of digits and letters, of letters.
const KINDS: usize = 3;
/// Letters and digits of a match that the rules can see.
const COMPACT_MAX: usize = 64;

// === impl Detectors ===

impl Detectors {
    /// Prepares the scan for these data types and the user's own.
    #[must_use]
    pub fn new(enabled: Types, custom: Vec<Custom>) -> Self {
        let mut detectors =
            Self { enabled, custom, words: Vec::new(), entries: Vec::new(), index: Vec::new(), marks: Vec::new() };
        for kind in 0..KINDS {
            for length in 0..LENGTHS {
                detectors.index.push(u16::try_from(detectors.entries.len()).unwrap_or(u16::MAX));
                detectors.file(kind, length);
            }
        }
        detectors.index.push(u16::try_from(detectors.entries.len()).unwrap_or(u16::MAX));
        for (number, row) in (0..).zip(ROWS) {
            if let Some(mark) = row.mark.as_ref().filter(|_| detectors.wants(number)) {
                detectors.marks.push((mark.byte, row));
            }
        }
        for (number, custom) in detectors.custom.iter().enumerate() {
            detectors.words.extend(custom.words().map(|hash| (hash, 1 << number)));
        }
        detectors
    }

    /// The classes of context that a field's name stands for. Meant to be called once for each name; where
    /// names nest, the union with what the outer one stands for says more (`card` over `number`).
    #[must_use]
    pub fn context(&self, key: &[u8]) -> Context {
        context::of(key, &self.words)
    }

    /// The name of a data type, also of the user's.
    #[must_use]
    pub fn name(&self, data_type: DataType) -> &str {
        let custom = data_type.0.checked_sub(BUILT_IN).and_then(|number| self.custom.get(usize::from(number)));
        data_type.name().or(custom.map(Custom::name)).unwrap_or("unknown")
    }

    /// What every text with a hit has, if it is looked at without context.
    #[must_use]
    pub fn gate(&self) -> Gate {
        Gate { digits: 4, at: true, length: 16 }
    }

    /// Appends what the text holds, in order of place and without overlap: of two that overlap the longer, of two of the same
    /// length the better proven. The context is what the name of the text's field says. Any bytes are taken.
    pub fn find(&self, text: &[u8], context: Context, found: &mut Vec<Found>) {
        let first = found.len();
        let mut scan = Scan { detectors: self, text, context, found, first };
        let mut at = 0;
        while let Some(byte) = text.get(at) {
            let class = shape::class(*byte);
            at = if class & shape::WORD != 0 {
                scan.word(at, class)
            } else if class & shape::MARK != 0 {
                scan.mark(at, *byte)
            } else {
                at + 1
            };
        }
        for (number, custom) in (BUILT_IN..).zip(&self.custom) {
            if self.enabled.contains(DataType(number)) {
                custom.find(text, |start, end| scan.offer_custom(number, start, end));
            }
        }
    }

    fn wants(&self, row: u8) -> bool {
        self.enabled.contains(DataType(row * 2)) || self.enabled.contains(DataType(row * 2 + 1))
    }

    /// Files the shapes that may begin with a word of this kind and length.
    fn file(&mut self, kind: usize, length: usize) {
        for (number, row) in (0..).zip(ROWS) {
            if !self.wants(number) {
                continue;
            }
            for (place, shape) in (0..).zip(row.shapes) {
                let first = shape::first(shape.pattern.as_bytes());
                let digits = first.classes & shape::DIGIT != 0;
                let letters = first.classes & !shape::DIGIT != 0;
                let fits = match kind {
                    0 => digits && first.surely & !shape::DIGIT == 0,
                    1 => digits && letters,
                    _ => letters && first.surely & shape::DIGIT == 0,
                };
                if fits && first.min <= length && (length <= first.max || length == LENGTHS - 1 && first.max >= LENGTHS)
                {
                    self.entries.push(Entry { row: number, shape: place, begins: first.begins });
                }
            }
        }
    }

    fn entries(&self, kind: usize, length: usize) -> &[Entry] {
        let at = kind * LENGTHS + length.min(LENGTHS - 1);
        let (Some(start), Some(end)) = (self.index.get(at), self.index.get(at + 1)) else { return &[] };
        self.entries.get(usize::from(*start)..usize::from(*end)).unwrap_or_default()
    }
}

/// One text being looked at.
struct Scan<'a> {
    detectors: &'a Detectors,
    text: &'a [u8],
    context: Context,
    found: &'a mut Vec<Found>,
    /// Where this text's part of `found` begins.
    first: usize,
}

// === impl Scan ===

impl Scan<'_> {
    /// Looks at the word that begins here; where to go on.
    fn word(&mut self, start: usize, first: u8) -> usize {
        let mut end = start;
        let mut classes = 0;
        while let Some(byte) = self.text.get(end) {
            let class = shape::class(*byte);
            if class & shape::WORD == 0 {
                break;
            }
            classes |= class;
            end += 1;
        }
        let kind = match (classes & shape::DIGIT != 0, classes & (shape::UPPER | shape::LOWER) != 0) {
            (true, false) => 0,
            (true, true) => 1,
            _ => 2,
        };
        let entries = self.detectors.entries(kind, end - start);
        if entries.is_empty() || !border::before(self.text, start) {
            return end;
        }
        let mut best: Option<Found> = None;
        for entry in entries {
            if entry.begins & first == 0 {
                continue;
            }
            if let Some(hit) = self.shape(*entry, start)
                && best.is_none_or(|best| {
                    (hit.end, !hit.data_type.is_unverified()) > (best.end, !best.data_type.is_unverified())
                })
            {
                best = Some(hit);
            }
        }
        match best {
            Some(hit) => {
                self.accept(hit);
                hit.end.max(end)
            }
            None => end,
        }
    }

    fn shape(&self, entry: Entry, start: usize) -> Option<Found> {
        let row = ROWS.get(usize::from(entry.row))?;
        let shape = row.shapes.get(usize::from(entry.shape))?;
        let read = shape::read(shape.pattern.as_bytes(), self.text, start)?;
        if !border::after(self.text, read.end)
            || read.separator.is_some_and(|_| border::grouped(self.text, start, read.end))
        {
            return None;
        }
        self.judge(entry.row, row, shape.stand, start, read.end)
    }

    /// What a text of the right shape is.
    fn judge(&self, number: u8, row: &Row, stand: Stand, start: usize, end: usize) -> Option<Found> {
        let written = self.text.get(start..end).filter(|written| written.len() <= MAX_MATCH)?;
        let mut buffer = [0; COMPACT_MAX];
        let compact = compact(written, &mut buffer);
        if !check::hold(row.rules, compact, written) {
            return None;
        }
        let proven = check::hold(row.checks, compact, written);
        let data_type = DataType(number * 2 + u8::from(!proven));
        let alone = stand == Stand::Alone || stand == Stand::Checked && proven;
        let wanted = self.detectors.enabled.contains(data_type) && data_type.name().is_some();
        (wanted && (alone || self.is_told(row, start, end))).then_some(Found { data_type, start, end })
    }

    fn is_told(&self, row: &Row, start: usize, end: usize) -> bool {
        self.context.meets(row.told_by) || self.near(start, end).meets(row.told_by)
    }

    /// What the words beside a match say.
    fn near(&self, start: usize, end: usize) -> Context {
        let (before, after) = border::near(self.text, start, end, NEAR);
        context::of(before, &self.detectors.words).union(context::of(after, &self.detectors.words))
    }

    /// Looks at what stands around this byte; where to go on.
    fn mark(&mut self, at: usize, byte: u8) -> usize {
        for (number, row) in (0..).zip(ROWS) {
            let Some(mark) = row.mark.as_ref().filter(|mark| mark.byte == byte) else { continue };
            if !self.detectors.wants(number) {
                continue;
            }
            if let Some((start, end)) = (mark.read)(self.text, at)
                && let Some(hit) = self.judge(number, row, Stand::Checked, start, end)
            {
                self.accept(hit);
                return hit.end.max(at + 1);
            }
        }
        at + 1
    }

    fn offer_custom(&mut self, number: u8, start: usize, end: usize) {
        let Some(custom) = self.detectors.custom.get(usize::from(number - BUILT_IN)) else { return };
        let own = Context { classes: 0, custom: 1 << (number - BUILT_IN) };
        if !custom.needs_context() || self.context.meets(own) || self.near(start, end).meets(own) {
            self.accept(Found { data_type: DataType(number), start, end });
        }
    }

    /// Takes a hit, unless it overlaps longer ones; shorter ones that it overlaps are dropped.
    fn accept(&mut self, hit: Found) {
        let own = self.found.get(self.first..).unwrap_or_default();
        let from = self.first + own.partition_point(|known| known.end <= hit.start);
        let to = self.first + own.partition_point(|known| known.start < hit.end);
        let overlapped = self.found.get(from..to).unwrap_or_default();
        if overlapped.iter().all(|known| known.end - known.start < hit.end - hit.start) {
            self.found.splice(from..to, [hit]);
        }
    }
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

#[cfg(test)]
#[path = "find_tests.rs"]
mod tests;
