//! The small types that the configuration is made of: durations, sizes, names, lists.

use super::read::{Broken, Context, Elements, Entries, Item, Kind, Place, Read, Slot, elements, shown};
use super::schema::Definitions;
use serde_json::{Value, json};
use std::fmt;
use std::marker::PhantomData;

/// A duration between two bounds, written with its unit: `500ms`, `2s`, `1m`, `1h`, `1d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duration<const MIN_MS: u64, const MAX_MS: u64> {
    ms: u64,
}

impl<const MIN_MS: u64, const MAX_MS: u64> Duration<MIN_MS, MAX_MS> {
    /// The duration of so many milliseconds, brought within the bounds.
    #[must_use]
    pub fn from_ms(ms: u64) -> Self {
        Self { ms: ms.clamp(MIN_MS, MAX_MS) }
    }

    /// Its length in milliseconds.
    #[must_use]
    pub const fn ms(self) -> u64 {
        self.ms
    }
}

impl<const MIN_MS: u64, const MAX_MS: u64> Read for Duration<MIN_MS, MAX_MS> {
    const EXPECTED: &'static str = "a duration with its unit such as `500ms`, `2s`, `1m`, `1h` or `1d`";
    const TAKES: &'static [Kind] = &[Kind::Text];

    fn text(context: &mut Context, text: &str) -> Option<Self> {
        const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
        let Some(ms) = with_unit(text, &UNITS) else {
            context.mismatched_text(Self::EXPECTED, text);
            return None;
        };
        if ms < MIN_MS || ms > MAX_MS {
            context.problem(format!("must be from {MIN_MS}ms to {MAX_MS}ms, found `{}`", shown(text)));
            return None;
        }
        Some(Self { ms })
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "string", "pattern": "^[0-9]{1,15}(ms|s|m|h|d)$" })
    }
}

/// A size in bytes between two bounds, written with its unit: `64KiB`, `8MiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size<const MIN: u64, const MAX: u64> {
    bytes: u64,
}

impl<const MIN: u64, const MAX: u64> Size<MIN, MAX> {
    /// The size of so many bytes, brought within the bounds.
    #[must_use]
    pub fn from_bytes(bytes: u64) -> Self {
        Self { bytes: bytes.clamp(MIN, MAX) }
    }

    /// Its bytes; what a 32-bit guest cannot address counts as the largest that it can.
    #[must_use]
    pub fn bytes(self) -> usize {
        usize::try_from(self.bytes).unwrap_or(usize::MAX)
    }
}

impl<const MIN: u64, const MAX: u64> Read for Size<MIN, MAX> {
    const EXPECTED: &'static str = "a size with its unit such as `512B`, `64KiB` or `8MiB`";
    const TAKES: &'static [Kind] = &[Kind::Text];

    fn text(context: &mut Context, text: &str) -> Option<Self> {
        const UNITS: [(&str, u64); 4] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("B", 1)];
        let Some(bytes) = with_unit(text, &UNITS) else {
            context.mismatched_text(Self::EXPECTED, text);
            return None;
        };
        if bytes < MIN || bytes > MAX {
            context.problem(format!("must be from {MIN}B to {MAX}B, found `{}`", shown(text)));
            return None;
        }
        Some(Self { bytes })
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "string", "pattern": "^[0-9]{1,15}(B|KiB|MiB|GiB)$" })
    }
}

/// A part of a whole, from a thousandth to all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    weight: u32,
}

impl Share {
    /// How many of the whole each of the part stands for, in thousandths: the nearest whole number, so
    /// that what counts by it is exact.
    #[must_use]
    pub const fn weight(self) -> u32 {
        self.weight
    }
}

impl Read for Share {
    const EXPECTED: &'static str = "a number from 0.001 to 1";
    const TAKES: &'static [Kind] = &[Kind::Number];

    fn number(context: &mut Context, value: f64) -> Option<Self> {
        if !(0.001..=1.0).contains(&value) {
            context.problem("must be from 0.001 to 1");
            return None;
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // From 1000 to 1000000.
        Some(Self { weight: (1000.0 / value).round() as u32 })
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "number", "minimum": 0.001, "maximum": 1 })
    }
}

pub(crate) fn with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits_len = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, unit) = text.split_at_checked(digits_len)?;
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    if digits.len() > 15 {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(*factor)
}

/// A kind of name: its pattern serves the reader and the schema alike.
pub trait Pattern {
    /// The pattern that the whole text must match.
    const PATTERN: &'static str;
    /// What the text is, for messages.
    const WHAT: &'static str;
    /// Whether the text matches; the pattern is compiled once.
    fn is_match(text: &str) -> bool;
}

/// A text that matches its pattern.
pub struct Text<P> {
    text: Box<str>,
    of: PhantomData<P>,
}

impl<P> Text<P> {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl<P: Pattern> Text<P> {
    /// The text, if it matches.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        P::is_match(text).then(|| Self { text: text.into(), of: PhantomData })
    }
}

impl<P> Clone for Text<P> {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), of: PhantomData }
    }
}

impl<P> PartialEq for Text<P> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<P> Eq for Text<P> {}

impl<P> fmt::Debug for Text<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

/// The text, if it matches; what it was to be and the pattern are for the message.
#[inline(never)]
fn matching(context: &mut Context, text: &str, matches: bool, (what, pattern): (&str, &str)) -> Option<Box<str>> {
    if !matches {
        context.problem(format!("`{}` is not {what}: it must match {pattern}", shown(text)));
        return None;
    }
    Some(text.into())
}

impl<P: Pattern> Read for Text<P> {
    const EXPECTED: &'static str = P::WHAT;
    const TAKES: &'static [Kind] = &[Kind::Text];

    fn text(context: &mut Context, text: &str) -> Option<Self> {
        let text = matching(context, text, P::is_match(text), (P::WHAT, P::PATTERN))?;
        Some(Self { text, of: PhantomData })
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "string", "pattern": P::PATTERN })
    }
}

/// Declares a [`Pattern`].
macro_rules! pattern {
    ($(#[doc = $doc:literal])* $name:ident, $what:literal, $pattern:literal) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {}
        impl Pattern for $name {
            const PATTERN: &'static str = $pattern;
            const WHAT: &'static str = $what;
            fn is_match(text: &str) -> bool {
                static REGEX: once_cell::sync::Lazy<Option<regex_lite::Regex>> =
                    once_cell::sync::Lazy::new(|| regex_lite::Regex::new($pattern).ok());
                // A pattern that did not compile would match nothing; a test compiles them all.
                REGEX.as_ref().is_some_and(|regex| regex.is_match(text))
            }
        }
    };
}

pattern!(
    /// A name that shows up in records, counters and messages.
    NamePattern, "a name", "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$"
);
pattern!(
    /// A name, or a group of names by `*`: `hr.*`.
    GlobPattern, "a name, in which `*` stands for any part", "^[A-Za-z0-9_.*-]{1,128}$"
);
pattern!(
    /// An Envoy cluster; Istio's have `|` in them.
    ClusterPattern, "an envoy cluster name", "^[A-Za-z0-9_.|:/~-]{1,255}$"
);
pattern!(
    /// A method as RFC 9110 (section 9.1) has it: a token, and upper-case, because methods are
    /// case-sensitive and all registered ones are.
    MethodPattern, "an http method in upper case", "^[A-Z][A-Z0-9!#$%&'*+.^_`|~-]{0,31}$"
);
pattern!(
    /// Free text about something, on one line.
    LinePattern, "text on one line of at most 256 characters", r"^[^\x00-\x1f\x7f]{0,256}$"
);

pub(crate) use pattern;

/// A name.
pub type Name = Text<NamePattern>;
/// A name or a group of names.
pub type Glob = Text<GlobPattern>;
/// An Envoy cluster's name.
pub type Cluster = Text<ClusterPattern>;
/// An HTTP method.
pub type Method = Text<MethodPattern>;
/// A line of text.
pub type Line = Text<LinePattern>;

/// A list that, where it is written, is not empty. "Any" is the absence of the list: an empty one
/// could be read as "any" and as "none", so it is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NonEmpty<T>(pub Vec<T>);

impl<T: Read> Read for NonEmpty<T> {
    const EXPECTED: &'static str = "a list";
    const TAKES: &'static [Kind] = &[Kind::List];

    fn list(context: &mut Context, list: &mut dyn Elements) -> Result<Option<Self>, Broken> {
        let all = Vec::list(context, list)?;
        if all.as_ref().is_some_and(Vec::is_empty) {
            context.problem("an empty list matches nothing: leave the key out to mean any");
        }
        Ok(all.filter(|all| !all.is_empty()).map(Self))
    }

    fn schema(schema: &mut Definitions) -> Value {
        json!({ "type": "array", "items": T::schema(schema), "minItems": 1 })
    }
}

/// The elements of a list.
struct All<T> {
    read: Vec<T>,
    is_whole: bool,
}

impl<T: Read> Place for All<T> {
    fn put(&mut self, context: &mut Context, item: Item<'_>) -> Result<(), Broken> {
        let mut element: Option<T> = None;
        element.put(context, item)?;
        match element {
            Some(element) => self.read.push(element),
            None => self.is_whole = false,
        }
        Ok(())
    }
}

impl<T: Read> Read for Vec<T> {
    const EXPECTED: &'static str = "a list";
    const TAKES: &'static [Kind] = &[Kind::List];

    fn list(context: &mut Context, list: &mut dyn Elements) -> Result<Option<Self>, Broken> {
        let mut all = All { read: Self::new(), is_whole: true };
        elements(context, list, &mut all)?;
        Ok(all.is_whole.then_some(all.read))
    }

    fn schema(schema: &mut Definitions) -> Value {
        json!({ "type": "array", "items": T::schema(schema) })
    }
}

impl Read for bool {
    const EXPECTED: &'static str = "`true` or `false`";
    const TAKES: &'static [Kind] = &[Kind::Boolean];
    fn boolean(_: &mut Context, value: bool) -> Option<Self> {
        Some(value)
    }
    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "boolean" })
    }
}

/// Values under names, at most `MAX`, as they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<T, const MAX: usize>(pub Vec<(String, T)>);

/// Labels: short names to short texts.
pub type Labels = Named<Line, 32>;

impl<T, const MAX: usize> Default for Named<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Read, const MAX: usize> Read for Named<T, MAX> {
    const EXPECTED: &'static str = "an object of names";
    const TAKES: &'static [Kind] = &[Kind::Object];

    fn object(context: &mut Context, object: &mut dyn Entries) -> Result<Option<Self>, Broken> {
        let mut named = Vec::new();
        let mut whole = true;
        while let Some(key) = object.next_key()? {
            context.enter_key(&key);
            let name = Name::text(context, &key);
            let mut value: Option<T> = None;
            let given = object.value(&mut Slot { context, place: &mut value });
            if named.iter().any(|(known, _)| *known == key) {
                context.problem("this key stands twice");
            }
            context.leave();
            given?;
            match (name, value) {
                (Some(_), Some(value)) if named.len() < MAX => {
                    named.push((key, value));
                }
                (Some(_), Some(_)) => {
                    context.problem(format!("more than {MAX} names"));
                    whole = false;
                }
                _ => whole = false,
            }
        }
        Ok(whole.then_some(Self(named)))
    }

    fn schema(schema: &mut Definitions) -> Value {
        json!({ "type": "object", "maxProperties": MAX, "additionalProperties": T::schema(schema) })
    }
}
