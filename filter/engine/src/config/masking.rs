//! `masking`, `inspect` and `pseudonyms`: what may leave, and what is looked at.

use super::access::{Conditions, Scope};
use super::object::{config_choice, config_object};
use super::quota_values::StatusSet;
use super::read::{Broken, Context, Entries, Kind, Read, shown};
use super::schema::Definitions;
use super::types::{Glob, Line, Name, NonEmpty, Size};
use super::values::{HeaderName, Secret, Whole};
use ostiary_body::detect::CustomCheck;
use ostiary_body::path::{FieldPath, PATH_MAX};
use ostiary_body::rule::{DatePart, Numbers, Oversize, Unreadable};
use serde_json::{Value, json};

config_object! {
    /// A masking rule: what of a response may not leave as it is, and what leaves instead. What cannot be known of a condition counts as met, and an exception that cannot be known is none.
    pub struct Masking {
        /// Its name, which records and counters use.
        name: Name, required;
        /// Whether it is about what leaves (`response`, the default) or about what comes (`request`): a request is never changed, so such a rule says `mask: block`, and has no `keep_only`, `status` or `numbers`.
        on: On, optional;
        /// Fields by path: `$.items[*].phone`, `$..phone`, `$..*_token`; `*` within a name stands for any part.
        fields: NonEmpty<FieldPath>, optional;
        /// Data types by name, wherever they are found: `payment_card`, `cn_*`.
        data_types: NonEmpty<Glob>, optional;
        /// The fields that may leave; everything else is removed.
        keep_only: NonEmpty<FieldPath>, optional;
        /// Response headers, masked whole; with `on: request` headers that no request may have.
        headers: NonEmpty<HeaderName>, optional;
        /// What is written instead: `***` by default.
        mask: Written, optional;
        /// What a masked number of JSON becomes: a `string` (the default), or a `number` again.
        numbers: Numbers, optional;
        /// Answers that it holds for, by status: `200`, `"2xx"`; any when left out.
        status: NonEmpty<StatusSet>, optional;
        /// Conditions of which all have to be met for the response to leave as it is: `{ roles: [support] }`.
        unless: Conditions, optional;
        /// What happens to a value that is too long, or nested too deep, to be judged: `mask` (the default), `block` or `pass`.
        oversize: Oversize, optional;
        /// What happens to a body, or the rest of one, that cannot be read: `block` (the default) or `pass`.
        unreadable: Unreadable, optional;
        /// Look and record, but change nothing.
        shadow: bool, optional;
        /// What is called.
        called: Scope, shared;
        /// Who calls, from where, when, with what.
        conditions: Conditions, shared;
    }
}

config_choice! {
    /// What a masking rule is about.
    pub enum On {
        /// What leaves.
        Response = "response",
        /// What comes.
        Request = "request",
    }
}

config_choice! {
    /// A mask without settings.
    pub enum Word {
        /// A pseudonym: the same for the same value, so that joins still work. Needs `pseudonyms.key`.
        Hash = "hash",
        /// Every digit by another one, the same for the same value. Needs `pseudonyms.key`.
        Digits = "digits",
        /// Null, where the format has it.
        Nullify = "nullify",
        /// The field goes, with its name.
        Remove = "remove",
        /// The whole response does not leave, the request does not come.
        Block = "block",
    }
}

config_choice! {
    /// Up to where a date stays.
    for DatePart {
        Year = "year",
        Month = "month",
        Day = "day",
    }
}

config_object! {
    /// A mask with settings: `replace`, `keep_first` and `keep_last`, `date` or `number`.
    pub struct Shape {
        /// This text.
        replace: Line, optional;
        /// Characters that stay at the beginning.
        keep_first: Whole<0, 1_024>, optional;
        /// Characters that stay at the end.
        keep_last: Whole<0, 1_024>, optional;
        /// What stands for each of the others: one character, `*` by default.
        with: Line, optional;
        /// A date up to its `year`, `month` or `day`.
        date: DatePart, optional;
        /// A number without its fraction, and with so many of its last digits as zeros.
        number: Whole<0, 18>, optional;
    }
}

/// What is written instead of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// A mask without settings.
    Word(Word),
    /// A mask with settings.
    Shape(Box<Shape>),
}

impl Read for Written {
    const EXPECTED: &'static str = "one of `hash`, `digits`, `nullify`, `remove`, `block`, or an object such as `{ replace: \"***\" }` or `{ keep_last: 4 }`";
    const TAKES: &'static [Kind] = &[Kind::Text, Kind::Object];

    fn text(context: &mut Context, text: &str) -> Option<Self> {
        let word = Word::ALL.iter().copied().find(|word| word.word() == text);
        if word.is_none() {
            context.mismatched_text(Self::EXPECTED, text);
        }
        word.map(Self::Word)
    }

    fn object(context: &mut Context, object: &mut dyn Entries) -> Result<Option<Self>, Broken> {
        let shape = Shape::object(context, object)?;
        Ok(shape.map(|shape| Self::Shape(Box::new(shape))))
    }

    fn schema(schema: &mut Definitions) -> Value {
        json!({ "anyOf": [Word::schema(schema), Shape::schema(schema)] })
    }
}

config_choice! {
    /// What a masked number becomes.
    for Numbers {
        String = "string",
        Number = "number",
    }
}

config_choice! {
    /// What happens to what is too long or too deep to be judged.
    for Oversize {
        Mask = "mask",
        Block = "block",
        Pass = "pass",
    }
}

config_choice! {
    /// What happens to what cannot be read.
    for Unreadable {
        Block = "block",
        Pass = "pass",
    }
}

config_choice! {
    /// A checksum over the digits, or letters and digits, of a match.
    for CustomCheck {
        Luhn = "luhn",
        Verhoeff = "verhoeff",
        Mod11_10 = "mod11_10",
    }
}

config_object! {
    /// A data type of one's own.
    pub struct Detector {
        /// Its name, at most 64 characters and none that a data type has; rules and records use it.
        name: Name, required;
        /// What its values look like, in the syntax of Rust's `regex-lite`; say `\b` where a word has to end.
        pattern: Line, required;
        /// A checksum that a value has to have, too.
        checksum: CustomCheck, optional;
        /// Words of which one has to be in the name of the field or beside the value.
        context: NonEmpty<Line>, optional;
    }
}

config_object! {
    /// Looking without masking: what is found goes into the record, by name and count.
    pub struct Inspect {
        /// Whether responses are looked at; they are by default where there is a `collector`.
        responses: bool, optional;
        /// Whether requests are looked at; they are by default where there is a `collector`.
        requests: bool, optional;
        /// Data types that are looked for, by name; all by default.
        data_types: NonEmpty<Glob>, optional;
        /// Whether signs of weakness are recorded (`filter/detect/SIGNS.md`); they are by default where there is a `collector`.
        signs: bool, optional;
        /// Whether names and types of parameters and fields, kinds of credentials and shapes of answers are recorded; they are by default where there is a `collector`.
        parameters: bool, optional;
        /// So much of a body is looked at; 1MiB by default. Masking rules have no such bound.
        max_bytes: Size<1_024, 1_073_741_824>, optional;
        /// So many calls are looked into each second, in each worker, and beyond them the first call of each operation in a second; 500 by default, and all where `records.sample` is given, because what shows data is always recorded. Calls that masking rules are about are always looked into.
        max_per_second: Whole<0, 1_000_000>, optional;
    }
}

config_object! {
    /// The key of pseudonyms: of the masks `hash` and `digits`, and of fingerprints in records.
    pub struct Pseudonyms {
        /// The key, 16 to 256 characters; whoever has it can find out which value a pseudonym stands for.
        key: Secret, optional;
        /// The environment variable of the Wasm VM that holds the key.
        key_env: Name, optional;
        /// A name of the key, which records carry, so that keys can be changed; `1` by default.
        key_id: Name, optional;
    }
}

impl Masking {
    /// Whether it asks for the client's address.
    pub(crate) fn asks_for_addresses(&self) -> bool {
        self.conditions.ask_for_addresses() || self.unless.as_ref().is_some_and(Conditions::ask_for_addresses)
    }
}

impl Pseudonyms {
    /// Takes the key from where `key_env` says, if the policy says so.
    pub(super) fn supply(&mut self, of: impl FnOnce(&str) -> Option<String>) {
        let Some(name) = &self.key_env else { return };
        if self.key.is_none() {
            self.key = of(name.as_str()).and_then(|key| Secret::new(&key));
        }
    }
}

impl Read for FieldPath {
    const EXPECTED: &'static str = "a path to fields such as `$.items[*].phone` or `$..phone`";
    const TAKES: &'static [Kind] = &[Kind::Text];

    fn text(context: &mut Context, text: &str) -> Option<Self> {
        Self::parse(text)
            .map_err(|error| context.problem(format!("`{}` is no path to fields: {error}", shown(text))))
            .ok()
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "string", "pattern": "^\\$", "maxLength": PATH_MAX })
    }
}
