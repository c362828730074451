//! The configuration as Envoy hands it over.
//!
//! A `StringValue` arrives as the text in it, which is JSON. A `Struct` arrives as it is on the wire,
//! a protobuf message (not as JSON, whatever the plugin's documentation says). The two are told apart
//! by their framing: a `Struct` is nothing but map entries, each under tag 1, to its very end, and
//! text that happens to begin with that tag's byte (a line feed) does not go on like that.
//!
//! A `Struct` is walked as JSON is, over its bytes, so that a large list goes straight into its
//! compact form here too.

use ostiary_engine::config::read::{Broken, Elements, Entries, Problems, Sink};
use ostiary_engine::config::{self, Written};
use ostiary_wire::protobuf::{Fields, Raw, WireError};

/// Objects and lists within each other, at most: what a JSON reader allows too.
const DEPTH_MAX: u32 = 64;

/// Reads a configuration in either form.
///
/// # Errors
/// Every problem at once, each with its path.
pub fn read(bytes: &[u8]) -> Result<Written, Problems> {
    if !is_struct(bytes) {
        return config::read(bytes);
    }
    config::check_len(bytes.len())?;
    config::read_with(|sink| sink.object(&mut Messages { fields: Fields::new(bytes), value: &[], depth: DEPTH_MAX }))
}

fn is_struct(bytes: &[u8]) -> bool {
    let mut fields = Fields::new(bytes);
    let mut entries = 0;
    loop {
        match fields.next_field() {
            Ok(Some((1, Raw::Bytes(entry)))) if is_entry(entry) => entries += 1,
            Ok(None) => return entries > 0,
            Ok(Some(_)) | Err(_) => return false,
        }
    }
}

/// A map entry: a key under tag 1, a value under tag 2, and nothing else.
fn is_entry(message: &[u8]) -> bool {
    let mut fields = Fields::new(message);
    loop {
        match fields.next_field() {
            Ok(Some((1 | 2, Raw::Bytes(_)))) => {}
            Ok(None) => return true,
            Ok(Some(_)) | Err(_) => return false,
        }
    }
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
            None | Some((1, Raw::Varint(_))) => sink.null(),
            Some((2, Raw::Fixed64(bits))) => sink.number(f64::from_bits(bits)),
            Some((3, Raw::Bytes(bytes))) => sink.text(text(bytes)?),
            Some((4, Raw::Varint(bit))) => sink.boolean(bit != 0),
            Some((5, Raw::Bytes(message))) => sink.object(&mut below(message)?)?,
            Some((6, Raw::Bytes(message))) => sink.list(&mut below(message)?)?,
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
        let Some(entry) = self.next_message()? else { return Ok(None) };
        let mut key = "";
        self.value = &[];
        let mut fields = Fields::new(entry);
        while let Some((field, raw)) = next_field(&mut fields)? {
            match (field, raw) {
                (1, Raw::Bytes(bytes)) => key = text(bytes)?,
                (2, Raw::Bytes(bytes)) => self.value = bytes,
                _ => return Err(broken("a map entry is malformed")),
            }
        }
        Ok(Some(key.to_owned()))
    }

    fn value(&mut self, sink: &mut dyn Sink) -> Result<(), Broken> {
        self.give(self.value, sink)
    }
}
