//! Reading what was written: one pass over the document, every error at once.
//!
//! serde's derive stops at the first error and knows no paths; a tree of `serde_json::Value` costs a
//! guest many times the document. So a document is read by walking it: a value that is wrong becomes
//! a [`Problem`] at its path and reading goes on; only a document that breaks off ends it. A type says
//! what it takes by implementing the methods of [`Read`] for the kinds of value that it knows; each
//! other kind is refused with what was expected instead.
//!
//! The walk is over trait objects ([`Sink`], [`Elements`], [`Entries`]) and not over a generic
//! deserializer: a key of the configuration is then compiled once, and not once for every form that a
//! document can come in. That halves what the configuration adds to the module.

use std::fmt;

/// The document broke off; the message says where and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken(pub String);

/// Takes one value, whatever its kind.
pub trait Sink {
    /// A string.
    fn text(&mut self, text: &str);
    /// A boolean.
    fn boolean(&mut self, value: bool);
    /// A number. A `Struct` has only doubles, so every number comes as one.
    fn number(&mut self, value: f64);
    /// Null.
    fn null(&mut self);
    /// A list.
    ///
    /// # Errors
    /// [`Broken`] when the document breaks off in it.
    fn list(&mut self, list: &mut dyn Elements) -> Result<(), Broken>;
    /// An object.
    ///
    /// # Errors
    /// [`Broken`] when the document breaks off in it.
    fn object(&mut self, object: &mut dyn Entries) -> Result<(), Broken>;
}

/// A list that is being walked.
pub trait Elements {
    /// Gives the next element to the sink; `false` at the end.
    ///
    /// # Errors
    /// [`Broken`] when the document breaks off.
    fn next(&mut self, sink: &mut dyn Sink) -> Result<bool, Broken>;
}

/// An object that is being walked.
pub trait Entries {
    /// The next key; `None` at the end.
    ///
    /// # Errors
    /// [`Broken`] when the document breaks off.
    fn next_key(&mut self) -> Result<Option<String>, Broken>;
    /// Gives the value of that key to the sink.
    ///
    /// # Errors
    /// [`Broken`] when the document breaks off.
    fn value(&mut self, sink: &mut dyn Sink) -> Result<(), Broken>;
}

/// A sink that takes anything and keeps nothing.
pub(crate) struct Ignored;

impl Sink for Ignored {
    fn text(&mut self, _: &str) {}
    fn boolean(&mut self, _: bool) {}
    fn number(&mut self, _: f64) {}
    fn null(&mut self) {}
    fn list(&mut self, list: &mut dyn Elements) -> Result<(), Broken> {
        while list.next(self)? {}
        Ok(())
    }
    fn object(&mut self, object: &mut dyn Entries) -> Result<(), Broken> {
        while object.next_key()?.is_some() {
            object.value(self)?;
        }
        Ok(())
    }
}

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

    /// One problem with the document as a whole.
    #[must_use]
    pub fn one(message: impl Into<String>) -> Self {
        let mut problems = Self::default();
        problems.push("", message);
        problems
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
        // A condition that is not understood must not make a rule unconditional, so what decides
        // who may call is understood whole or refused, whatever `on_unknown` says.
        let decides = matches!(self.steps.first(), Some(Step::Key(key)) if DECIDING.contains(&key.as_str()));
        if decides { self.problems.push(path, message) } else { self.unknown.push(path, message) }
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

/// Sections in which every key has to be known.
const DECIDING: [&str; 6] = ["access", "address_sets", "callers", "client_address", "client_country", "requests"];

/// What was written, short and on one line, to be shown in a message.
pub(crate) fn shown(text: &str) -> String {
    const CHARS_MAX: usize = 64;
    let mut out: String = text.chars().take(CHARS_MAX).map(|c| if breaks_a_line(c) { ' ' } else { c }).collect();
    if text.chars().nth(CHARS_MAX).is_some() {
        out.push('…');
    }
    out
}

/// Controls, and what terminals and editors treat like them: line and paragraph separators and the
/// characters that turn the direction of text.
fn breaks_a_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
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

    /// Takes a number.
    fn number(context: &mut Context, _value: f64) -> Option<Self> {
        context.mismatch(Self::EXPECTED, "a number");
        None
    }

    /// Takes a list.
    ///
    /// # Errors
    /// [`Broken`] when the document breaks off in it.
    fn list(context: &mut Context, list: &mut dyn Elements) -> Result<Option<Self>, Broken> {
        context.mismatch(Self::EXPECTED, "a list");
        Ignored.list(list).map(|()| None)
    }

    /// Takes an object.
    ///
    /// # Errors
    /// [`Broken`] when the document breaks off in it.
    fn object(context: &mut Context, object: &mut dyn Entries) -> Result<Option<Self>, Broken> {
        context.mismatch(Self::EXPECTED, "an object");
        Ignored.object(object).map(|()| None)
    }

    /// The JSON Schema of what it takes.
    fn schema(schema: &mut super::schema::Definitions) -> serde_json::Value;
}

/// Reads one value into a type, or records why it cannot be.
pub(crate) struct Slot<'c, T> {
    context: &'c mut Context,
    value: Option<T>,
}

impl<'c, T: Read> Slot<'c, T> {
    /// Has `give` give a value, and returns what was made of it.
    ///
    /// # Errors
    /// [`Broken`] when the document breaks off.
    pub(crate) fn fill<R>(
        context: &'c mut Context,
        give: impl FnOnce(&mut dyn Sink) -> Result<R, Broken>,
    ) -> Result<(R, Option<T>), Broken> {
        let mut slot = Self { context, value: None };
        let given = give(&mut slot)?;
        Ok((given, slot.value))
    }
}

impl<T: Read> Sink for Slot<'_, T> {
    fn text(&mut self, text: &str) {
        self.value = T::text(self.context, text);
    }
    fn boolean(&mut self, value: bool) {
        self.value = T::boolean(self.context, value);
    }
    fn number(&mut self, value: f64) {
        self.value = T::number(self.context, value);
    }
    fn null(&mut self) {
        self.context.mismatch(T::EXPECTED, "null: leave the key out instead");
    }
    fn list(&mut self, list: &mut dyn Elements) -> Result<(), Broken> {
        self.value = T::list(self.context, list)?;
        Ok(())
    }
    fn object(&mut self, object: &mut dyn Entries) -> Result<(), Broken> {
        self.value = T::object(self.context, object)?;
        Ok(())
    }
}

/// Gives each element of a list to `each`, with the context at its index; returns how many there
/// were.
///
/// # Errors
/// [`Broken`] when the document breaks off.
pub(crate) fn elements<T: Read>(
    context: &mut Context,
    list: &mut dyn Elements,
    mut each: impl FnMut(Option<T>),
) -> Result<usize, Broken> {
    let mut index = 0;
    loop {
        context.enter_index(index);
        let given = Slot::<T>::fill(context, |sink| list.next(sink));
        context.leave();
        match given? {
            (true, element) => each(element),
            (false, _) => return Ok(index),
        }
        index += 1;
    }
}
