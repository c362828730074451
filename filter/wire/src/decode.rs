//! A streaming reader of `ExportLogsServiceRequest` with a limit on what the sender chooses.
//!
//! Values are borrowed from the message and nothing is kept between records but one reused list of
//! attributes, so a hostile message costs its own length and no more. A message that breaks a
//! structural rule is refused whole; the caller must throw away what the visitor saw before.

use crate::protobuf::{Fields, Raw, WireError};

/// What a message may hold at most. What is over a limit ends the reading with an error that names it.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Log records in one message.
    pub records_max: usize,
    /// Attributes on one record, scope or resource.
    pub attributes_max: usize,
}

impl Default for Limits {
    /// 65,536 records and 128 attributes each (OpenTelemetry's own default attribute limit).
    fn default() -> Self {
        Self { records_max: 65_536, attributes_max: 128 }
    }
}

/// Why a message was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeError {
    /// The message ends inside a field, or a length points past its end.
    Truncated,
    /// A tag, varint or wire type that protobuf does not allow there.
    Malformed,
    /// A string that is not UTF-8.
    NotUtf8,
    /// More log records than [`Limits::records_max`].
    TooManyRecords,
    /// More attributes on one element than [`Limits::attributes_max`].
    TooManyAttributes,
}

impl std::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Truncated => "the message ends inside a field",
            Self::Malformed => "the message is not protobuf of ExportLogsServiceRequest",
            Self::NotUtf8 => "a string is not utf-8",
            Self::TooManyRecords => "more log records than the limit",
            Self::TooManyAttributes => "more attributes on one element than the limit",
        })
    }
}

impl std::error::Error for DecodeError {}

impl From<WireError> for DecodeError {
    fn from(error: WireError) -> Self {
        match error {
            WireError::Truncated => Self::Truncated,
            WireError::Varint | WireError::Tag => Self::Malformed,
        }
    }
}

/// An attribute's value. Maps and bytes are none of ours: they come as [`Value::Other`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// Text.
    Str(&'a str),
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Double(f64),
    /// A list, whose items are read when they are asked for.
    List(List<'a>),
    /// Any other kind, or none.
    Other,
}

/// A list of values, borrowed from the message and not read yet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct List<'a>(&'a [u8]);

impl<'a> List<'a> {
    /// Its items in order; a list within a list is [`Value::Other`]. Nothing follows an error.
    pub fn items(self) -> impl Iterator<Item = Result<Value<'a>, DecodeError>> {
        let mut fields = Some(Fields::new(self.0));
        std::iter::from_fn(move || {
            loop {
                let next = fields.as_mut()?.next_field().map_err(DecodeError::from);
                let item = match next {
                    Ok(None) => return None,
                    Ok(Some((1, raw))) => bytes(raw).and_then(any_value),
                    Ok(Some(_)) => continue,
                    Err(error) => Err(error),
                };
                if item.is_err() {
                    fields = None;
                }
                return Some(item.map(|value| if let Value::List(_) = value { Value::Other } else { value }));
            }
        })
    }

    /// How many bytes it takes in the message.
    #[must_use]
    pub const fn bytes_len(self) -> usize {
        self.0.len()
    }
}

/// An attribute, borrowed from the message.
pub type KeyValue<'a> = (&'a str, Value<'a>);

/// One log record.
#[derive(Debug, Clone, Copy, Default)]
pub struct Record<'r, 'a> {
    /// `time_unix_nano`; 0 when absent.
    pub time_ns: u64,
    /// `observed_time_unix_nano`; 0 when absent.
    pub observed_ns: u64,
    /// `event_name`; empty when absent.
    pub event_name: &'a str,
    /// `trace_id`; empty when absent, and not checked for its length.
    pub trace_id: &'a [u8],
    /// `span_id`; empty when absent, and not checked for its length.
    pub span_id: &'a [u8],
    /// The attributes in the order of the message; a key may stand twice.
    pub attributes: &'r [KeyValue<'a>],
}

/// Takes what a message holds, in the order resource, scope, records.
pub trait Visitor {
    /// A resource begins; what follows was observed by it.
    fn resource(&mut self, attributes: &[KeyValue<'_>]);
    /// An instrumentation scope of that resource begins.
    fn scope(&mut self, name: &str, attributes: &[KeyValue<'_>]);
    /// A log record of that scope.
    fn record(&mut self, record: &Record<'_, '_>);
}

/// Reads a whole `ExportLogsServiceRequest`.
///
/// # Errors
/// [`DecodeError`] when the message is malformed or over a limit; the visitor may have seen a part.
pub fn request(message: &[u8], limits: &Limits, visitor: &mut impl Visitor) -> Result<(), DecodeError> {
    let mut reader = Reader { limits, records: 0 };
    let mut fields = Fields::new(message);
    while let Some((field, raw)) = fields.next_field()? {
        if field == 1 {
            reader.resource_logs(bytes(raw)?, visitor)?;
        }
    }
    Ok(())
}

struct Reader<'l> {
    limits: &'l Limits,
    records: usize,
}

impl Reader<'_> {
    fn resource_logs(&mut self, message: &[u8], visitor: &mut impl Visitor) -> Result<(), DecodeError> {
        // Fields may stand in any order, and the resource must be known first: two passes.
        let mut attributes = Vec::new();
        let mut fields = Fields::new(message);
        while let Some((field, raw)) = fields.next_field()? {
            if field == 1 {
                self.attributes(bytes(raw)?, 1, &mut attributes)?;
            }
        }
        visitor.resource(&attributes);
        let mut fields = Fields::new(message);
        while let Some((field, raw)) = fields.next_field()? {
            if field == 2 {
                self.scope_logs(bytes(raw)?, visitor)?;
            }
        }
        Ok(())
    }

    fn scope_logs<'a>(&mut self, message: &'a [u8], visitor: &mut impl Visitor) -> Result<(), DecodeError> {
        let mut attributes: Vec<KeyValue<'a>> = Vec::new();
        let mut name = "";
        let mut fields = Fields::new(message);
        while let Some((field, raw)) = fields.next_field()? {
            if field == 1 {
                let scope = bytes(raw)?;
                self.attributes(scope, 3, &mut attributes)?;
                name = last_string(scope, 1)?.unwrap_or(name);
            }
        }
        visitor.scope(name, &attributes);
        attributes.clear();
        let mut fields = Fields::new(message);
        while let Some((field, raw)) = fields.next_field()? {
            if field == 2 {
                self.records += 1;
                if self.records > self.limits.records_max {
                    return Err(DecodeError::TooManyRecords);
                }
                self.record(bytes(raw)?, &mut attributes, visitor)?;
            }
        }
        Ok(())
    }

    fn record<'a>(
        &self,
        message: &'a [u8],
        attributes: &mut Vec<KeyValue<'a>>,
        visitor: &mut impl Visitor,
    ) -> Result<(), DecodeError> {
        let mut record = Record::default();
        let mut count = 0;
        let mut fields = Fields::new(message);
        while let Some((field, raw)) = fields.next_field()? {
            match (field, raw) {
                (1, Raw::Fixed64(value)) => record.time_ns = value,
                (11, Raw::Fixed64(value)) => record.observed_ns = value,
                (6, Raw::Bytes(pair)) => {
                    self.put(pair, attributes, count)?;
                    count += 1;
                }
                (9, Raw::Bytes(value)) => record.trace_id = value,
                (10, Raw::Bytes(value)) => record.span_id = value,
                (12, Raw::Bytes(value)) => record.event_name = utf8(value)?,
                // A known field of the wrong wire type.
                (1 | 6 | 9 | 10 | 11 | 12, _) => return Err(DecodeError::Malformed),
                // Severity, body, flags and what later versions add: none of ours.
                _ => {}
            }
        }
        attributes.truncate(count);
        visitor.record(&Record { attributes, ..record });
        Ok(())
    }

    /// Appends the attributes that stand under `number` in `message`.
    fn attributes<'a>(&self, message: &'a [u8], number: u32, out: &mut Vec<KeyValue<'a>>) -> Result<(), DecodeError> {
        let mut fields = Fields::new(message);
        while let Some((field, raw)) = fields.next_field()? {
            if field == number {
                self.put(bytes(raw)?, out, out.len())?;
            }
        }
        Ok(())
    }

    /// Puts an attribute at its place. Where one of the record before still stands there, it most likely has
    /// the same key, which then needs no check of its own.
    fn put<'a>(&self, pair: &'a [u8], out: &mut Vec<KeyValue<'a>>, place: usize) -> Result<(), DecodeError> {
        if place >= self.limits.attributes_max {
            return Err(DecodeError::TooManyAttributes);
        }
        let before = out.get(place).map_or("", |&(key, _)| key);
        let mut key = "";
        let mut value = Value::Other;
        let mut fields = Fields::new(pair);
        while let Some((field, raw)) = fields.next_field()? {
            match field {
                1 => {
                    let given = bytes(raw)?;
                    key = if given == before.as_bytes() { before } else { utf8(given)? };
                }
                2 => value = any_value(bytes(raw)?)?,
                _ => {}
            }
        }
        match out.get_mut(place) {
            Some(known) => *known = (key, value),
            None => out.push((key, value)),
        }
        Ok(())
    }
}

fn any_value(message: &[u8]) -> Result<Value<'_>, DecodeError> {
    let mut value = Value::Other;
    let mut fields = Fields::new(message);
    while let Some((field, raw)) = fields.next_field()? {
        value = match (field, raw) {
            (1, Raw::Bytes(text)) => Value::Str(utf8(text)?),
            (2, Raw::Varint(bit)) => Value::Bool(bit != 0),
            (3, Raw::Varint(bits)) => Value::Int(i64::from_ne_bytes(bits.to_ne_bytes())),
            (4, Raw::Fixed64(bits)) => Value::Double(f64::from_bits(bits)),
            (5, Raw::Bytes(items)) => Value::List(List(items)),
            (1..=5, _) => return Err(DecodeError::Malformed),
            _ => Value::Other,
        };
    }
    Ok(value)
}

fn last_string(message: &[u8], number: u32) -> Result<Option<&str>, DecodeError> {
    let mut found = None;
    let mut fields = Fields::new(message);
    while let Some((field, raw)) = fields.next_field()? {
        if field == number {
            found = Some(utf8(bytes(raw)?)?);
        }
    }
    Ok(found)
}

fn bytes(raw: Raw<'_>) -> Result<&[u8], DecodeError> {
    match raw {
        Raw::Bytes(bytes) => Ok(bytes),
        Raw::Varint(_) | Raw::Fixed64(_) | Raw::Fixed32(_) => Err(DecodeError::Malformed),
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, DecodeError> {
    std::str::from_utf8(bytes).map_err(|_| DecodeError::NotUtf8)
}

/// Reads an `ExportLogsServiceResponse`: how many records the receiver rejected (0 when all were
/// taken). OTLP: a partial success is final, its records are not to be sent again.
///
/// # Errors
/// [`DecodeError`] when the message is not a response; an empty message is a full success.
pub fn response_rejected(message: &[u8]) -> Result<u64, DecodeError> {
    let mut rejected = 0;
    let mut fields = Fields::new(message);
    while let Some((field, raw)) = fields.next_field()? {
        if field == 1 {
            let mut partial = Fields::new(bytes(raw)?);
            while let Some((field, raw)) = partial.next_field()? {
                if let (1, Raw::Varint(count)) = (field, raw) {
                    // A negative count would be a receiver's fault; nothing is rejected then.
                    rejected = u64::try_from(i64::from_ne_bytes(count.to_ne_bytes())).unwrap_or(0);
                }
            }
        }
    }
    Ok(rejected)
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
