//! A `google.protobuf.Struct` (struct.proto), walked over its bytes as JSON is: the form in which a
//! configuration may arrive, and in which Envoy keeps its metadata.

use ostiary_engine::config::read::{Broken, Elements, Entries, Item, Sink};
use ostiary_wire::protobuf::{Fields, Raw, WireError};

/// Objects and lists within each other, at most: what a JSON reader allows too.
const DEPTH_MAX: u32 = 64;

/// Gives a struct to a sink, as an object.
///
/// # Errors
/// [`Broken`] where it is none.
pub(crate) fn walk(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), Broken> {
    sink.take(Item::Object(&mut Messages { fields: Fields::new(bytes), value: &[], depth: DEPTH_MAX }))
}

/// Gives one namespace of a serialised `envoy.config.core.v3.Metadata` (base.proto) to a sink, as an
/// object; `false` when it has no such namespace.
///
/// # Errors
/// [`Broken`] where it is no metadata.
pub(crate) fn walk_namespace(metadata: &[u8], namespace: &str, sink: &mut dyn Sink) -> Result<bool, Broken> {
    let mut fields = Fields::new(metadata);
    while let Some((field, raw)) = next_field(&mut fields)? {
        let (1, Raw::Bytes(message)) = (field, raw) else { continue };
        let (key, value) = entry(message)?;
        if key == namespace {
            return walk(value, sink).map(|()| true);
        }
    }
    Ok(false)
}

fn broken(what: &str) -> Broken {
    Broken(format!("not a protobuf struct: {what}"))
}

fn text(bytes: &[u8]) -> Result<&str, Broken> {
    std::str::from_utf8(bytes).map_err(|_| broken("a text is not utf-8"))
}

/// The next field of a message.
fn next_field<'a>(fields: &mut Fields<'a>) -> Result<Option<(u32, Raw<'a>)>, Broken> {
    fields.next_field().map_err(|error| match error {
        WireError::Truncated => broken("it ends inside a field"),
        WireError::Varint | WireError::Tag => broken("a field is malformed"),
    })
}

/// Key and value of a map entry.
fn entry(message: &[u8]) -> Result<(&str, &[u8]), Broken> {
    let (mut key, mut value) = ("", &[][..]);
    let mut fields = Fields::new(message);
    while let Some((field, raw)) = next_field(&mut fields)? {
        match (field, raw) {
            (1, Raw::Bytes(bytes)) => key = text(bytes)?,
            (2, Raw::Bytes(bytes)) => value = bytes,
            _ => return Err(broken("a map entry is malformed")),
        }
    }
    Ok((key, value))
}

/// The messages under tag 1: both `Struct` and `ListValue` (struct.proto) hold nothing else.
struct Messages<'a> {
    fields: Fields<'a>,
    /// The value of the entry whose key was read last.
    value: &'a [u8],
    /// How much deeper it may go.
    depth: u32,
}

impl<'a> Messages<'a> {
    fn next_message(&mut self) -> Result<Option<&'a [u8]>, Broken> {
        match next_field(&mut self.fields)? {
            None => Ok(None),
            Some((1, Raw::Bytes(message))) => Ok(Some(message)),
            Some(_) => Err(broken("a field is of no known kind")),
        }
    }

    /// Gives a `Value` to the sink. One without a kind is null.
    fn give(&self, message: &'a [u8], sink: &mut dyn Sink) -> Result<(), Broken> {
        let below = |message| match self.depth.checked_sub(1) {
            Some(depth) => Ok(Messages { fields: Fields::new(message), value: &[], depth }),
            None => Err(broken("it is nested too deeply")),
        };
        let mut fields = Fields::new(message);
        match next_field(&mut fields)? {
            None | Some((1, Raw::Varint(_))) => sink.take(Item::Null)?,
            Some((2, Raw::Fixed64(bits))) => sink.take(Item::Number(f64::from_bits(bits)))?,
            Some((3, Raw::Bytes(bytes))) => sink.take(Item::Text(text(bytes)?))?,
            Some((4, Raw::Varint(bit))) => sink.take(Item::Boolean(bit != 0))?,
            Some((5, Raw::Bytes(message))) => sink.take(Item::Object(&mut below(message)?))?,
            Some((6, Raw::Bytes(message))) => sink.take(Item::List(&mut below(message)?))?,
            Some(_) => return Err(broken("a value is of no known kind")),
        }
        match next_field(&mut fields)? {
            None => Ok(()),
            Some(_) => Err(broken("a value is of two kinds")),
        }
    }
}

impl Elements for Messages<'_> {
    fn next(&mut self, sink: &mut dyn Sink) -> Result<bool, Broken> {
        let Some(message) = self.next_message()? else { return Ok(false) };
        self.give(message, sink).map(|()| true)
    }
}

impl Entries for Messages<'_> {
    fn next_key(&mut self) -> Result<Option<String>, Broken> {
        let Some(message) = self.next_message()? else { return Ok(None) };
        let (key, value) = entry(message)?;
        self.value = value;
        Ok(Some(key.to_owned()))
    }

    fn value(&mut self, sink: &mut dyn Sink) -> Result<(), Broken> {
        self.give(self.value, sink)
    }
}
