//! Reading what was written: one pass over the JSON, every error at once.
//!
//! serde's derive stops at the first error and knows no paths; a tree of `serde_json::Value` costs
//! a guest many times the document. So a document is read by seeds over serde's own
//! `Deserializer`: a value that is wrong becomes a [`Problem`] at its path and reading goes on; only
//! broken JSON ends it. A type says what it takes by implementing the methods of [`Read`] for the
//! JSON kinds that it knows; each other kind is refused with what was expected instead.

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// Something in the configuration that is wrong, or that the author should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: `quotas[2].limit`; empty for the document itself.
    pub path: String,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { f.write_str(&self.message) } else { write!(f, "{}: {}", self.path, self.message) }
    }
}

/// Problems listed at most; the rest is only counted. A log line has to stay readable.
pub const PROBLEMS_MAX: usize = 50;

/// Problems as they are found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Problems {
    list: Vec<Problem>,
    beyond: usize,
}

impl Problems {
    /// Adds one; beyond [`PROBLEMS_MAX`] it is only counted.
    pub fn push(&mut self, path: impl Into<String>, message: impl Into<String>) {
        if self.list.len() < PROBLEMS_MAX {
            self.list.push(Problem { path: path.into(), message: message.into() });
        } else {
            self.beyond += 1;
        }
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many there are, those only counted included.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.list.len() + self.beyond
    }

    /// Those listed.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.list.iter()
    }

    pub(crate) fn append(&mut self, other: Self) {
        self.beyond += other.beyond;
        for problem in other.list {
            self.push(problem.path, problem.message);
        }
    }
}

impl fmt::Display for Problems {
    /// All on one line, `; ` between them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.list.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{problem}")?;
        }
        if self.beyond > 0 {
            write!(f, "; and {} more", self.beyond)?;
        }
        Ok(())
    }
}

enum Step {
    Key(String),
    Index(usize),
}

/// Where the reader stands and what it found.
#[derive(Default)]
pub struct Context {
    steps: Vec<Step>,
    /// What is wrong.
    pub problems: Problems,
    /// Keys that no type knows: errors or warnings, as `on_unknown` says at the end.
    pub unknown: Problems,
}

impl Context {
    pub(crate) fn path(&self) -> String {
        let mut path = String::new();
        for step in &self.steps {
            match step {
                Step::Key(key) => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(key);
                }
                Step::Index(index) => path.push_str(&format!("[{index}]")),
            }
        }
        path
    }

    /// Records a problem where the reader stands.
    pub fn problem(&mut self, message: impl Into<String>) {
        let path = self.path();
        self.problems.push(path, message);
    }

    /// Records a problem below where the reader stands.
    pub(crate) fn problem_at(&mut self, key: &str, message: impl Into<String>) {
        self.enter_key(key);
        self.problem(message);
        self.leave();
    }

    /// Records a value of a kind that the type does not take.
    pub(crate) fn mismatch(&mut self, expected: &str, found: &str) {
        self.problem(format!("expected {expected}, found {found}"));
    }

    /// Records a key that the type does not know, with the nearest that it does.
    pub(crate) fn unknown_key(&mut self, key: &str, known: &[&str]) {
        let shown = shown(key);
        let message = match super::nearest::nearest(key, known) {
            Some(near) => format!("unknown key `{shown}`, did you mean `{near}`?"),
            None => format!("unknown key `{shown}`, known are {}", known.join(", ")),
        };
        let path = self.path();
        self.unknown.push(path, message);
    }

    pub(crate) fn enter_key(&mut self, key: &str) {
        self.steps.push(Step::Key(shown(key)));
    }

    fn enter_index(&mut self, index: usize) {
        self.steps.push(Step::Index(index));
    }

    pub(crate) fn leave(&mut self) {
        self.steps.pop();
    }
}

/// What was written, short and on one line, to be shown in a message.
pub(crate) fn shown(text: &str) -> String {
    const CHARS_MAX: usize = 64;
    let mut out: String = text.chars().take(CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(CHARS_MAX).is_some() {
        out.push('…');
    }
    out
}

/// A type that can be read from the configuration.
pub trait Read: Sized {
    /// What to write, for the message about a value of another kind.
    const EXPECTED: &'static str;

    /// Takes a string.
    fn text(context: &mut Context, _text: &str) -> Option<Self> {
        context.mismatch(Self::EXPECTED, "text");
        None
    }

    /// Takes a boolean.
    fn boolean(context: &mut Context, _value: bool) -> Option<Self> {
        context.mismatch(Self::EXPECTED, "a boolean");
        None
    }

    /// Takes a number. A `Struct` has only doubles, so every number comes as one.
    fn number(context: &mut Context, _value: f64) -> Option<Self> {
        context.mismatch(Self::EXPECTED, "a number");
        None
    }

    /// Takes a list.
    ///
    /// # Errors
    /// Broken JSON.
    fn list<'de, A: SeqAccess<'de>>(context: &mut Context, mut list: A) -> Result<Option<Self>, A::Error> {
        context.mismatch(Self::EXPECTED, "a list");
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    /// Takes an object.
    ///
    /// # Errors
    /// Broken JSON.
    fn object<'de, A: MapAccess<'de>>(context: &mut Context, mut object: A) -> Result<Option<Self>, A::Error> {
        context.mismatch(Self::EXPECTED, "an object");
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    /// The JSON Schema of what it takes.
    fn schema(schema: &mut super::schema::Definitions) -> serde_json::Value;
}

/// Reads one value, or records why it cannot be.
pub struct Seed<'c, T> {
    context: &'c mut Context,
    of: PhantomData<T>,
}

impl<'c, T> Seed<'c, T> {
    pub(crate) const fn new(context: &'c mut Context) -> Self {
        Self { context, of: PhantomData }
    }
}

impl<'de, T: Read> DeserializeSeed<'de> for Seed<'_, T> {
    type Value = Option<T>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Read> Visitor<'de> for Seed<'_, T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(T::text(self.context, text))
    }
    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(T::boolean(self.context, value))
    }
    #[allow(clippy::cast_precision_loss)] // Beyond 2^53 a `Struct` has lost the digits already.
    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(T::number(self.context, value as f64))
    }
    #[allow(clippy::cast_precision_loss)] // As above.
    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(T::number(self.context, value as f64))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(T::number(self.context, value))
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        self.context.mismatch(T::EXPECTED, "null: leave the key out instead");
        Ok(None)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        T::list(self.context, list)
    }
    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
        T::object(self.context, object)
    }
}

/// A key of an object, owned because escapes may stand in it.
pub struct Key(pub String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl Visitor<'_> for KeyVisitor {
            type Value = Key;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_str<E>(self, text: &str) -> Result<Key, E> {
                Ok(Key(text.to_owned()))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

/// Gives each element of a list to `each`, with the context at its index.
///
/// # Errors
/// Broken JSON.
pub(crate) fn elements<'de, T: Read, A: SeqAccess<'de>>(
    context: &mut Context,
    mut list: A,
    mut each: impl FnMut(&mut Context, usize, Option<T>),
) -> Result<usize, A::Error> {
    let mut index = 0;
    loop {
        context.enter_index(index);
        let element = list.next_element_seed(Seed::<T>::new(context));
        if let Ok(Some(element)) = element {
            each(context, index, element);
            context.leave();
            index += 1;
        } else {
            context.leave();
            return element.map(|_| index);
        }
    }
}
