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

pub use super::problems::{PROBLEMS_MAX, Problem, Problems};

/// The document broke off; the message says where and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken(pub String);

/// A value, whatever its kind. A `Struct` has only doubles, so every number comes as one.
pub enum Item<'v> {
    /// A string.
    Text(&'v str),
    /// A boolean.
    Boolean(bool),
    /// A number.
    Number(f64),
    /// Null.
    Null,
    /// A list.
    List(&'v mut dyn Elements),
    /// An object.
    Object(&'v mut dyn Entries),
}

/// Takes one value.
pub trait Sink {
    /// Takes it.
    ///
    /// # Errors
    /// [`Broken`] when the document breaks off in it.
    fn take(&mut self, item: Item<'_>) -> Result<(), Broken>;
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
    fn take(&mut self, item: Item<'_>) -> Result<(), Broken> {
        match item {
            Item::Text(_) | Item::Boolean(_) | Item::Number(_) | Item::Null => {}
            Item::List(list) => while list.next(self)? {},
            Item::Object(object) => {
                while object.next_key()?.is_some() {
                    object.value(self)?;
                }
            }
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
        self.problem_here(message.into());
    }

    #[inline(never)]
    fn problem_here(&mut self, message: String) {
        let path = self.path();
        self.problems.push(path, message);
    }

    /// Records a problem below where the reader stands.
    pub(crate) fn problem_at(&mut self, key: &str, message: impl Into<String>) {
        self.enter_key(key);
        self.problem(message);
        self.leave();
    }

    #[inline(never)]
    fn mismatched_list(&mut self, expected: &str, list: &mut dyn Elements) -> Result<(), Broken> {
        self.mismatch(expected, "a list");
        Ignored.take(Item::List(list))
    }

    #[inline(never)]
    fn mismatched_object(&mut self, expected: &str, object: &mut dyn Entries) -> Result<(), Broken> {
        self.mismatch(expected, "an object");
        Ignored.take(Item::Object(object))
    }

    /// Records a value of a kind that the type does not take.
    #[inline(never)]
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
        context.mismatched_list(Self::EXPECTED, list).map(|()| None)
    }

    /// Takes an object.
    ///
    /// # Errors
    /// [`Broken`] when the document breaks off in it.
    fn object(context: &mut Context, object: &mut dyn Entries) -> Result<Option<Self>, Broken> {
        context.mismatched_object(Self::EXPECTED, object).map(|()| None)
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
    fn take(&mut self, item: Item<'_>) -> Result<(), Broken> {
        self.value = match item {
            Item::Text(text) => T::text(self.context, text),
            Item::Boolean(value) => T::boolean(self.context, value),
            Item::Number(value) => T::number(self.context, value),
            Item::List(list) => T::list(self.context, list)?,
            Item::Object(object) => T::object(self.context, object)?,
            Item::Null => {
                self.context.mismatch(T::EXPECTED, "null: leave the key out instead");
                None
            }
        };
        Ok(())
    }
}

/// What was given for a key: nothing, something that cannot be read, or a value.
pub(crate) type Given<T> = Option<Option<T>>;

/// Reads the value of a key that an object knows.
#[inline(never)]
pub(crate) fn field<T: Read>(
    context: &mut Context,
    key: &str,
    object: &mut dyn Entries,
    given: &mut Given<T>,
) -> Result<(), Broken> {
    context.enter_key(key);
    if given.is_some() {
        context.problem("this key stands twice");
    }
    let read = Slot::<T>::fill(context, |sink| object.value(sink));
    context.leave();
    *given = Some(read?.1);
    Ok(())
}

/// Passes over the value of a key that an object does not know.
#[inline(never)]
pub(crate) fn unknown_field(
    context: &mut Context,
    key: &str,
    known: &[&str],
    object: &mut dyn Entries,
) -> Result<(), Broken> {
    context.unknown_key(key, known);
    object.value(&mut Ignored)
}

/// What was given for a key that has to be there.
pub(crate) fn required<T>(context: &mut Context, given: Given<T>, key: &str) -> Option<T> {
    given.unwrap_or_else(|| {
        context.problem_at(key, "this key is required");
        None
    })
}

/// What was given for a key that may be left out.
pub(crate) fn optional<T>(given: Given<T>) -> Option<Option<T>> {
    match given {
        None => Some(None),
        Some(read) => read.map(Some),
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
