//! Walking a JSON document: serde_json reads, a [`Sink`] takes.

use super::read::{Broken, Elements, Entries, Ignored, Item, Sink};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Gives a whole JSON document to a sink.
///
/// # Errors
/// [`Broken`] with line and column where it is no JSON.
pub(crate) fn walk(json: &[u8], sink: &mut dyn Sink) -> Result<(), Broken> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let walked = Into(sink).deserialize(&mut deserializer).and_then(|()| deserializer.end());
    walked.map_err(|error| Broken(format!("not json: {error}")))
}

/// One value, if it is a text or a number.
#[derive(Default)]
pub(crate) struct Scalar {
    pub(crate) text: Option<String>,
    pub(crate) number: Option<f64>,
}

impl Sink for Scalar {
    fn take(&mut self, item: Item<'_>) -> Result<(), Broken> {
        match item {
            Item::Text(text) => self.text = Some(text.to_owned()),
            Item::Number(number) => self.number = Some(number),
            other => return Ignored.take(other),
        }
        Ok(())
    }
}

/// Gives one value to a sink.
struct Into<'s>(&'s mut dyn Sink);

impl<'de> DeserializeSeed<'de> for Into<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// What broke inside a list or an object, passed on through the visitor that walks it. serde_json
/// finds line and column in the message again.
fn passed_on<E: Error>(broken: Broken) -> E {
    E::custom(broken.0)
}

fn broken(error: impl fmt::Display) -> Broken {
    Broken(error.to_string())
}

impl<'de> Visitor<'de> for Into<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a json value")
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.0.take(Item::Text(text)).map_err(passed_on)
    }
    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.0.take(Item::Boolean(value)).map_err(passed_on)
    }
    #[allow(clippy::cast_precision_loss)] // Beyond 2^53 a `Struct` has lost the digits already.
    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.visit_f64(value as f64)
    }
    #[allow(clippy::cast_precision_loss)] // As above.
    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.visit_f64(value as f64)
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.0.take(Item::Number(value)).map_err(passed_on)
    }
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.0.take(Item::Null).map_err(passed_on)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        self.0.take(Item::List(&mut List(list))).map_err(passed_on)
    }
    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<(), A::Error> {
        self.0.take(Item::Object(&mut Object(object))).map_err(passed_on)
    }
}

struct List<A>(A);

impl<'de, A: SeqAccess<'de>> Elements for List<A> {
    fn next(&mut self, sink: &mut dyn Sink) -> Result<bool, Broken> {
        self.0.next_element_seed(Into(sink)).map(|element| element.is_some()).map_err(broken)
    }
}

struct Object<A>(A);

/// A key, owned because escapes may stand in it.
#[derive(Default)]
struct Key(String);

impl Sink for Key {
    fn take(&mut self, item: Item<'_>) -> Result<(), Broken> {
        if let Item::Text(text) = item {
            text.clone_into(&mut self.0);
        }
        Ok(())
    }
}

impl<'de, A: MapAccess<'de>> Entries for Object<A> {
    fn next_key(&mut self) -> Result<Option<String>, Broken> {
        // serde_json lets nothing but text stand for a key.
        let mut key = Key::default();
        let found = self.0.next_key_seed(Into(&mut key)).map_err(broken)?;
        Ok(found.map(|()| key.0))
    }
    fn value(&mut self, sink: &mut dyn Sink) -> Result<(), Broken> {
        self.0.next_value_seed(Into(sink)).map_err(broken)
    }
}
