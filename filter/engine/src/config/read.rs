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
//! document can come in. Nor does the walk know the types: it brings each value to a `Place`.

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

    /// Records a value of a kind that the type does not take.
    #[inline(never)]
    pub(crate) fn mismatch(&mut self, expected: &str, found: &str) {
        self.problem(format!("expected {expected}, found {found}"));
    }

    /// Records a text that the type does not take.
    #[inline(never)]
    pub(crate) fn mismatched_text(&mut self, expected: &str, text: &str) {
        self.mismatch(expected, &format!("`{}`", shown(text)));
    }

    /// Records a key that the type does not know, with the nearest that it does.
    pub(crate) fn unknown_key(&mut self, key: &str, known: &[&str]) {
        let shown = shown(key);
        let message = match super::nearest::nearest(key, known) {
            Some(near) => format!("unknown key `{shown}`, did you mean `{near}`?"),
            None => format!("unknown key `{shown}`, known are {}", known.join(", ")),
        };
        let path = self.path();
        // What decides who may call is understood whole or refused: else a rule could become unconditional.
        let decides = self.steps.iter().any(|step| matches!(step, Step::Key(key) if DECIDING.contains(&key.as_str())));
        if decides { &mut self.problems } else { &mut self.unknown }.push(path, message);
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
const DECIDING: [&str; 13] = [
    "access",
    "address_sets",
    "callers",
    "client_address",
    "client_country",
    "counting",
    "graphql",
    "inspect",
    "json_rpc",
    "masking",
    "pseudonyms",
    "quotas",
    "requests",
];

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

/// A kind of value, of those that a type may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    Text,
    /// A boolean.
    Boolean,
    /// A number.
    Number,
    /// A list.
    List,
    /// An object.
    Object,
}

/// A type that can be read from the configuration. It implements a method for each kind of value
/// that it takes, and says which these are.
pub trait Read: Sized {
    /// What to write, for the message about a value of another kind.
    const EXPECTED: &'static str;
    /// The kinds of value that it takes; of others its methods are never called.
    const TAKES: &'static [Kind];

    /// Takes a string.
    fn text(_context: &mut Context, _text: &str) -> Option<Self> {
        None
    }

    /// Takes a boolean.
    fn boolean(_context: &mut Context, _value: bool) -> Option<Self> {
        None
    }

    /// Takes a number.
    fn number(_context: &mut Context, _value: f64) -> Option<Self> {
        None
    }

    /// Takes a list.
    ///
    /// # Errors
    /// [`Broken`] when the document breaks off in it.
    fn list(_context: &mut Context, _list: &mut dyn Elements) -> Result<Option<Self>, Broken> {
        Ok(None)
    }

    /// Takes an object.
    ///
    /// # Errors
    /// [`Broken`] when the document breaks off in it.
    fn object(_context: &mut Context, _object: &mut dyn Entries) -> Result<Option<Self>, Broken> {
        Ok(None)
    }

    /// The JSON Schema of what it takes.
    fn schema(schema: &mut super::schema::Definitions) -> serde_json::Value;
}

/// Where a value goes that the document has. The walk knows no more of a type than this, so that
/// it is in the module once and not once for a type.
pub(crate) trait Place {
    /// Takes the value, or records why it cannot be taken.
    ///
    /// # Errors
    /// [`Broken`] when the document breaks off in it.
    fn put(&mut self, context: &mut Context, item: Item<'_>) -> Result<(), Broken>;
}

/// The value, if it is of a kind that is taken.
#[inline(never)]
fn taken<'v>(
    context: &mut Context,
    item: Item<'v>,
    takes: &[Kind],
    expected: &str,
) -> Result<Option<Item<'v>>, Broken> {
    let (kind, found) = match &item {
        Item::Text(_) => (Some(Kind::Text), "text"),
        Item::Boolean(_) => (Some(Kind::Boolean), "a boolean"),
        Item::Number(_) => (Some(Kind::Number), "a number"),
        Item::List(_) => (Some(Kind::List), "a list"),
        Item::Object(_) => (Some(Kind::Object), "an object"),
        Item::Null => (None, "null: leave the key out instead"),
    };
    if kind.is_some_and(|kind| takes.contains(&kind)) {
        return Ok(Some(item));
    }
    context.mismatch(expected, found);
    Ignored.take(item).map(|()| None)
}

const fn takes(kinds: &[Kind], kind: Kind) -> bool {
    match kinds {
        [] => false,
        [first, rest @ ..] => *first as u8 == kind as u8 || takes(rest, kind),
    }
}

impl<T: Read> Place for Option<T> {
    fn put(&mut self, context: &mut Context, item: Item<'_>) -> Result<(), Broken> {
        // What a type does not take is known when it is compiled, and leaves no code.
        *self = match taken(context, item, T::TAKES, T::EXPECTED)? {
            Some(Item::Text(text)) if const { takes(T::TAKES, Kind::Text) } => T::text(context, text),
            Some(Item::Boolean(value)) if const { takes(T::TAKES, Kind::Boolean) } => T::boolean(context, value),
            Some(Item::Number(value)) if const { takes(T::TAKES, Kind::Number) } => T::number(context, value),
            Some(Item::List(list)) if const { takes(T::TAKES, Kind::List) } => T::list(context, list)?,
            Some(Item::Object(object)) if const { takes(T::TAKES, Kind::Object) } => T::object(context, object)?,
            _ => None,
        };
        Ok(())
    }
}

/// Brings what the walk gives to its place.
pub(crate) struct Slot<'c> {
    pub(crate) context: &'c mut Context,
    pub(crate) place: &'c mut dyn Place,
}

impl Sink for Slot<'_> {
    fn take(&mut self, item: Item<'_>) -> Result<(), Broken> {
        self.place.put(self.context, item)
    }
}

/// The keys of an object, each with the place of its value.
#[derive(Default)]
pub(crate) struct Keys<'p>(Vec<Key<'p>>);

struct Key<'p> {
    name: &'static str,
    is_required: bool,
    is_given: bool,
    place: &'p mut dyn Place,
}

impl<'p> Keys<'p> {
    #[inline(never)]
    pub(crate) fn add(&mut self, name: &'static str, is_required: bool, place: &'p mut dyn Place) {
        self.0.push(Key { name, is_required, is_given: false, place });
    }

    /// Walks an object: each value that it has goes to the place of its key.
    ///
    /// # Errors
    /// [`Broken`] when the document breaks off in it.
    pub(crate) fn fill(mut self, context: &mut Context, object: &mut dyn Entries) -> Result<(), Broken> {
        while let Some(name) = object.next_key()? {
            let Some(key) = self.0.iter_mut().find(|key| key.name == name) else {
                let known: Vec<&str> = self.0.iter().map(|key| key.name).collect();
                context.unknown_key(&name, &known);
                object.value(&mut Ignored)?;
                continue;
            };
            context.enter_key(&name);
            if std::mem::replace(&mut key.is_given, true) {
                context.problem("this key stands twice");
            }
            let given = object.value(&mut Slot { context, place: key.place });
            context.leave();
            given?;
        }
        for key in self.0.iter().filter(|key| key.is_required && !key.is_given) {
            context.problem_at(key.name, "this key is required");
        }
        Ok(())
    }
}

/// Keys that several objects share: each has them among its own.
pub(crate) trait SharedKeys: Default {
    /// Adds each with its place.
    fn add_to<'p>(&'p mut self, keys: &mut Keys<'p>);
    /// Adds the schema of each.
    fn describe(fields: &mut super::schema::Fields);
}

/// Gives each element of a list to the place, with the context at its index; returns how many there
/// were.
///
/// # Errors
/// [`Broken`] when the document breaks off.
#[inline(never)]
pub(crate) fn elements(context: &mut Context, list: &mut dyn Elements, place: &mut dyn Place) -> Result<usize, Broken> {
    let mut index = 0;
    loop {
        context.enter_index(index);
        let more = list.next(&mut Slot { context, place });
        context.leave();
        if !more? {
            return Ok(index);
        }
        index += 1;
    }
}
