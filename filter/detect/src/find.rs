//! The enabled detectors, prepared: which shapes can begin with a word is looked up by its length and
//! by whether it has digits, letters or both.

use crate::context::{self, Context, classes};
use crate::custom::{CUSTOM_MAX, Custom};
use crate::detectors::ROWS;
use crate::row::{Reader, Row, Stand, WholeReader};
use crate::scan::{Scan, named};
use crate::shape::{self, DIGIT, FOLLOWS, First, Follow, Step};
use crate::types::BUILT_IN;
use crate::window::{Kind, Window};
use crate::{DataType, Gate, Types, inside, plain};

/// The enabled data types, prepared for the scan.
#[derive(Debug)]
pub struct Detectors {
    pub(crate) enabled: Types,
    pub(crate) custom: Vec<Custom>,
    /// The hashes of the user's context words, and whose they are.
    pub(crate) words: Vec<(u32, u32)>,
    /// Shapes, those together that have the same kind and length of first word and the same after it; first those that may
    /// be believed without context.
    entries: Vec<Entry>,
    /// The steps of all of them.
    pub(crate) steps: Vec<Step>,
    /// Where they are, by kind and length of the word and by what follows it.
    slots: Vec<Slot>,
    /// By kind and length of a word, the characters that it may begin with where it begins a shape that may be believed without
    /// context, and one that needs context: see [`Slot::letters`].
    firsts: Vec<[u64; 2]>,
    /// Bytes from which rows are found, the rows, and what reads around the byte.
    pub(crate) marks: Vec<(u8, u8, Reader)>,
    /// Rows found by the name of their field alone, each with what tells it, and what tells otherwise.
    pub(crate) wholes: Vec<(u8, Context, Context)>,
    /// Rows that read all of a value, and what tells their reader more.
    pub(crate) readers: Vec<(u8, WholeReader, Context)>,
    /// Whatever tells any of them.
    telling: Context,
}

/// The shapes that may begin with a word of one kind and length, with the same after it.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    /// Where those begin that may be believed without context; they end where the others begin.
    start: u16,
    /// Where those begin that need context; they end where the next slot begins.
    told: u16,
    /// The first characters of the former, a bit for each by its lowest six bits, and of the latter.
    letters: [u64; 2],
    /// The lengths that the second word of the former may have, a bit for each, and of the latter; bit 31 for longer ones.
    seconds: [u32; 2],
}

/// The bit of [`Slot::seconds`] for a length.
pub fn length_bit(length: usize) -> u32 {
    1 << length.min(31)
}

/// A shape that may begin with a word.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The row's number.
    pub row: u8,
    /// The shape's number in it.
    pub shape: u8,
    /// Where its steps begin, and how many there are.
    pub steps: (u16, u8),
    /// The classes that its first character may have.
    pub begins: u8,
    /// The classes that the characters of its first word may have.
    pub classes: u8,
    /// Its first character, or nought if there are several that it can be.
    pub literal: u8,
    /// How long the word after the first one may be, see [`length_bit`].
    pub seconds: u32,
    /// What has to tell it; none where it may be believed without context.
    pub told_by: Option<Context>,
}

/// What is asked of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only these are found. Built-in types that are found by their shape take their part before: what reads as something else
    /// is none of these.
    pub types: Types,
    /// Data types that something comes of: none of them is lost to one of the others, however much longer.
    pub acting: Types,
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

/// Words that are longer are filed with those of this length.
const LENGTHS: usize = 64;
/// How many there are of [`Kind`].
const KINDS: usize = 3;

// === impl Detectors ===

impl Detectors {
    /// Prepares the scan for these data types and the user's own, of which those beyond [`CUSTOM_MAX`] are left out.
    #[must_use]
    pub fn new(mut enabled: Types, mut custom: Vec<Custom>) -> Self {
        custom.truncate(CUSTOM_MAX);
        let mut words = Vec::new();
        for (number, custom) in (0_u8..).zip(&custom) {
            enabled = enabled.with(DataType(BUILT_IN + number));
            words.extend(custom.words().map(|hash| (hash, 1 << number)));
        }
        let mut detectors = Self {
            enabled,
            custom,
            words,
            entries: Vec::new(),
            steps: Vec::new(),
            slots: Vec::new(),
            firsts: vec![[0; 2]; KINDS * LENGTHS],
            marks: Vec::new(),
            wholes: Vec::new(),
            readers: Vec::new(),
            telling: Context { classes: 0, custom: u32::MAX },
        };
        let rows: Vec<(u8, &Row)> =
            (0..).zip(ROWS.iter().copied()).filter(|(number, _)| detectors.wants(*number)).collect();
        detectors.file(&rows);
        detectors.marks = rows
            .iter()
            .filter_map(|(number, row)| row.mark.as_ref().map(|mark| (mark.byte, *number, mark.read)))
            .collect();
        detectors.wholes =
            rows.iter().filter(|(_, row)| row.whole).map(|(number, row)| (*number, row.told_by, row.unless)).collect();
        let reader = |(number, row): &(u8, &Row)| row.reads.map(|reads| (*number, reads, row.told_by));
        detectors.readers = rows.iter().filter_map(reader).collect();
        detectors.telling = rows.iter().fold(detectors.telling, |telling, (_, row)| telling.union(row.told_by));
        detectors
    }

    /// The classes of context that a field's name stands for. Meant to be called once for each name; where
    /// names nest, the union with what the outer one stands for says more (`card` over `number`).
    #[must_use]
    pub fn context(&self, key: &[u8]) -> Context {
        let context = context::of_key(key, &self.words);
        if !self.readers.is_empty() && inside::is_named(key) { context.union(classes::URL) } else { context }
    }

    /// Whether a context can make a text hold what it would not hold without one.
    #[must_use]
    pub fn tells(&self, context: Context) -> bool {
        !context.is_none() && named(context).meets(self.telling)
    }

    /// The name of a data type, also of the user's.
    #[must_use]
    pub fn name(&self, data_type: DataType) -> &str {
        let custom = data_type.0.checked_sub(BUILT_IN).and_then(|number| self.custom.get(usize::from(number)));
        data_type.name().or(custom.map(Custom::name)).unwrap_or_default()
    }

    /// Appends what the text holds, in order of place and without overlap: of two that overlap the longer, of two of the same
    /// length the better proven. The context is what the name of the text's field says. Any bytes are taken.
    pub fn find(&self, text: &[u8], context: Context, found: &mut Vec<Found>) {
        self.find_from(text, 0, context, &self.all(), found);
    }

    /// These data types, but for those that are read in all of a value.
    #[must_use]
    pub fn unread(&self, types: Types) -> Types {
        self.readers.iter().fold(types, |types, (number, ..)| types.without(DataType(number * 2)))
    }

    /// Whatever is enabled.
    #[must_use]
    pub const fn all(&self) -> Wanted {
        Wanted { types: self.enabled, acting: Types::NONE }
    }

    /// Like [`Detectors::find`], but nothing that begins before `from` is found: what is before it is only looked at, for borders
    /// and for words.
    ///
    /// So a long text can be judged in windows. A window holds [`crate::NEAR`] bytes of what was judged before. What is found in it
    /// holds if it ends [`crate::NEAR`] bytes before the window's end, or if the text ends there; the next window begins at
    /// the end of the last that holds, or [`crate::MAX_MATCH`] and [`crate::NEAR`] bytes before this window's end, whichever is later.
    pub fn find_from(&self, text: &[u8], from: usize, context: Context, wanted: &Wanted, found: &mut Vec<Found>) {
        if from > 0 || !self.is_plain(context) || !plain::holds_nothing(text) {
            self.look(text, from, context, wanted, found);
        }
    }

    /// Whether nothing but a text itself can make it hold something.
    fn is_plain(&self, context: Context) -> bool {
        self.custom.is_empty() && !self.tells(context)
    }

    /// The same without a glance before.
    pub(crate) fn look(&self, text: &[u8], from: usize, context: Context, wanted: &Wanted, found: &mut Vec<Found>) {
        let mut window = Window::at(text, from);
        let is_silent = from == 0 && !window.goes_on && window.is_silent() && !self.tells(context);
        let begin = self.next(&mut window, text, from, is_silent);
        // Most texts end here.
        if begin.is_some() || !self.is_plain(context) || !self.readers.is_empty() {
            Scan::new(self, (text, from), (context, is_silent), wanted, found).run(&mut window, begin);
        }
    }

    /// A cheap test for the scanner in front of this.
    #[must_use]
    pub fn gate(&self) -> Gate {
        Gate::of(self)
    }

    /// Whether the row's data type, or what fails its checksum, is enabled.
    pub(crate) fn wants(&self, row: u8) -> bool {
        self.enabled.contains(DataType(row * 2)) || self.enabled.contains(DataType(row * 2 + 1))
    }

    /// Files the rows' shapes.
    fn file(&mut self, rows: &[(u8, &Row)]) {
        let mut shapes = Vec::new();
        for told in [false, true] {
            for (number, row) in rows {
                let numbered = (0..).zip(row.shapes).filter(|(_, shape)| (shape.stand == Stand::Told) == told);
                for (place, shape) in numbered {
                    let pattern = shape.pattern.as_bytes();
                    let steps = shape::steps(pattern);
                    let begin = u16::try_from(self.steps.len()).unwrap_or(u16::MAX);
                    let range = (begin, u8::try_from(steps.len()).unwrap_or(u8::MAX));
                    self.steps.extend(steps);
                    let first = shape::first(pattern);
                    let First { begins, classes, second, .. } = first;
                    let told_by = told.then_some(row.told_by);
                    let literal = first.literal.unwrap_or_default();
                    let seconds = (second.0..=second.1).fold(0, |bits, length| bits | length_bit(usize::from(length)));
                    let entry =
                        Entry { row: *number, shape: place, steps: range, begins, classes, literal, seconds, told_by };
                    shapes.push((first, entry));
                }
            }
        }
        for slot in 0..=KINDS * LENGTHS * FOLLOWS {
            let begin = u16::try_from(self.entries.len()).unwrap_or(u16::MAX);
            let mut filed = Slot { start: begin, told: begin, letters: [0; 2], seconds: [0; 2] };
            let (word, follow) = (slot / FOLLOWS, slot % FOLLOWS);
            let fitting = shapes.iter().filter(|(first, _)| {
                first.follow >> follow & 1 == 1 && may_begin(*first, word / LENGTHS, word % LENGTHS)
            });
            for (_, entry) in fitting {
                self.entries.push(*entry);
                let told = entry.told_by.is_some();
                filed.told += u16::from(!told);
                let which = usize::from(told);
                let (letters, seconds) = (filed.letters.get_mut(which), filed.seconds.get_mut(which));
                if let (Some(letters), Some(seconds)) = (letters, seconds) {
                    *letters |= entry.letters(word / LENGTHS);
                    *seconds |= entry.seconds;
                }
                if let Some(first) = self.firsts.get_mut(word).and_then(|first| first.get_mut(which)) {
                    *first |= entry.letters(word / LENGTHS);
                }
            }
            self.slots.push(filed);
        }
    }

    /// The first place from `at` on where something may begin, and the window there; of a silent text nothing that needs context.
    #[inline(never)]
    pub(crate) fn next(&self, window: &mut Window, text: &[u8], at: usize, is_silent: bool) -> Option<usize> {
        window.next(text, at, |word, letter| self.may_begin(word, letter, is_silent))
    }

    /// Whether a shape may begin with a word of this kind and length that begins with this letter; if `alone` one that may be
    /// believed without context. Most words begin none.
    #[inline(always)]
    fn may_begin(&self, (kind, length): (Kind, usize), letter: u8, alone: bool) -> bool {
        let first = self.firsts.get(kind as usize * LENGTHS + length.min(LENGTHS - 1));
        first.is_some_and(|[believed, told]| (believed | if alone { 0 } else { *told }) >> (letter & 63) & 1 == 1)
    }

    /// The shapes that may begin with this word and be believed without context, and those that need context. `second` is the bit
    /// for the length of the word after it.
    pub(crate) fn entries(
        &self,
        (kind, length): (Kind, usize),
        follow: Follow,
        letter: u8,
        second: u32,
    ) -> [&[Entry]; 2] {
        let at = (kind as usize * LENGTHS + length.min(LENGTHS - 1)) * FOLLOWS + follow as usize;
        let (Some(slot), Some(next)) = (self.slots.get(at), self.slots.get(at + 1)) else { return [&[]; 2] };
        let [alone, told] = slot.letters.map(|letters| letters >> (letter & 63) & 1 == 1);
        let [short, shorter] = slot.seconds.map(|seconds| seconds & second != 0);
        let entries = |wanted: bool, start: u16, end: u16| {
            let entries = self.entries.get(usize::from(start)..usize::from(end));
            entries.filter(|_| wanted).unwrap_or_default()
        };
        [entries(alone && short, slot.start, slot.told), entries(told && shorter, slot.told, next.start)]
    }
}

// === impl Entry ===

impl Entry {
    /// The characters that it may begin with in words of a kind, a bit for each by its lowest six bits: a digit and a letter may
    /// share one.
    fn letters(&self, kind: usize) -> u64 {
        let fits = |byte: &u8| {
            let of_kind = match kind {
                0 => byte.is_ascii_digit(),
                1 => true,
                _ => byte.is_ascii_alphabetic(),
            };
            of_kind && if self.literal == 0 { shape::class(*byte) & self.begins != 0 } else { *byte == self.literal }
        };
        (b'0'..=b'z').filter(fits).fold(0, |letters, byte| letters | 1 << (byte & 63))
    }
}

/// Whether what begins with such a word may have the shape.
fn may_begin(first: First, kind: usize, length: usize) -> bool {
    let (digits, letters) = (first.classes & DIGIT != 0, first.classes & !DIGIT != 0);
    let fits = match kind {
        0 => digits && first.surely & !DIGIT == 0,
        1 => digits && letters,
        _ => letters && first.surely & DIGIT == 0,
    };
    let longest = length == LENGTHS - 1 && first.max >= LENGTHS;
    fits && first.min <= length && (length <= first.max || longest)
}

#[cfg(test)]
#[path = "find_tests.rs"]
mod tests;
