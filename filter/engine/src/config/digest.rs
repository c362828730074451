//! A digest of what a document says, taken while it is read.
//!
//! Two proxies with one policy must agree on its revision, however the policy came: as JSON in any
//! layout, or as a `Struct`, whose keys have no order. So an object's digest is a sum over its
//! entries, and a list's goes by its order. It tells revisions apart and is no proof against anybody:
//! whoever can choose a policy needs no collision.

use super::read::{Broken, Context, Elements, Entries, Item, Kind, Read, Sink};
use super::schema::Definitions;
use crate::hash::Folded;
use std::hash::Hasher;

/// Passes a document on to a sink and takes its digest.
pub(super) struct Digesting<'s> {
    inner: &'s mut dyn Sink,
    digest: &'s mut u64,
}

impl<'s> Digesting<'s> {
    /// Passes on to `inner`; the digest will be in `digest`.
    pub(super) fn new(inner: &'s mut dyn Sink, digest: &'s mut u64) -> Self {
        Self { inner, digest }
    }
}

/// The digest of a value of a kind.
fn of(kind: u8, bytes: &[u8]) -> u64 {
    let mut hash = Folded::default();
    hash.write_u8(kind);
    hash.write(bytes);
    hash.write_u64(bytes.len() as u64);
    hash.finish()
}

/// The digest of two digests.
fn joined(kind: u8, first: u64, second: u64) -> u64 {
    let mut hash = Folded::default();
    hash.write_u8(kind);
    hash.write_u64(first);
    hash.write_u64(second);
    hash.finish()
}

impl Sink for Digesting<'_> {
    fn take(&mut self, item: Item<'_>) -> Result<(), Broken> {
        match item {
            Item::Text(text) => *self.digest = of(1, text.as_bytes()),
            Item::Boolean(value) => *self.digest = of(2, &[u8::from(value)]),
            Item::Number(value) => *self.digest = of(3, &value.to_bits().to_le_bytes()),
            Item::Null => *self.digest = of(4, &[]),
            Item::List(list) => {
                *self.digest = of(5, &[]);
                return self.inner.take(Item::List(&mut Passing { inner: list, sum: self.digest }));
            }
            Item::Object(object) => {
                *self.digest = of(6, &[]);
                return self.inner.take(Item::Object(&mut Keyed { inner: object, key: 0, sum: self.digest }));
            }
        }
        self.inner.take(item)
    }
}

struct Passing<'l> {
    inner: &'l mut dyn Elements,
    sum: &'l mut u64,
}

impl Elements for Passing<'_> {
    fn next(&mut self, sink: &mut dyn Sink) -> Result<bool, Broken> {
        let mut digest = 0;
        let more = self.inner.next(&mut Digesting::new(sink, &mut digest))?;
        if more {
            *self.sum = joined(7, *self.sum, digest);
        }
        Ok(more)
    }
}

struct Keyed<'o> {
    inner: &'o mut dyn Entries,
    key: u64,
    sum: &'o mut u64,
}

impl Entries for Keyed<'_> {
    fn next_key(&mut self) -> Result<Option<String>, Broken> {
        let key = self.inner.next_key()?;
        self.key = key.as_ref().map_or(0, |key| of(8, key.as_bytes()));
        Ok(key)
    }
    fn value(&mut self, sink: &mut dyn Sink) -> Result<(), Broken> {
        let mut digest = 0;
        let passed = self.inner.value(&mut Digesting::new(sink, &mut digest));
        *self.sum = self.sum.wrapping_add(joined(9, self.key, digest));
        passed
    }
}

/// A value and the digest of what was written for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digested<T> {
    /// The value.
    pub value: T,
    /// The digest, which does not depend on how it was laid out.
    pub digest: u64,
}

impl<T: Read> Read for Digested<T> {
    const EXPECTED: &'static str = T::EXPECTED;
    const TAKES: &'static [Kind] = &[Kind::Object];

    fn object(context: &mut Context, object: &mut dyn Entries) -> Result<Option<Self>, Broken> {
        let mut digest = of(6, &[]);
        let value = T::object(context, &mut Keyed { inner: object, key: 0, sum: &mut digest })?;
        Ok(value.map(|value| Self { value, digest }))
    }

    fn schema(schema: &mut Definitions) -> serde_json::Value {
        T::schema(schema)
    }
}
