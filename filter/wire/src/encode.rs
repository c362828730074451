//! Records appended in protobuf as they come.
//!
//! A [`Batch`] is one growing buffer of `LogRecord` fields. [`Batch::seal`] puts the request,
//! resource and scope around it and returns the bytes of one `ExportLogsServiceRequest`; a retry
//! sends the same bytes. Nothing is allocated per attribute but for a list: a record is written into a scratch
//! buffer that the batch reuses, because a nested message's length stands before its content.

use crate::attributes::{Attribute, Kind};
use crate::protobuf::{WireType, put_bytes, put_fixed64, put_tag, put_varint, varint_len};
use crate::{Event, SCOPE};
use std::fmt::{self, Display, Write};

// Field numbers of opentelemetry/proto/logs/v1/logs.proto and common/v1/common.proto.
mod field {
    pub(super) const REQUEST_RESOURCE_LOGS: u32 = 1;
    pub(super) const RESOURCE_LOGS_RESOURCE: u32 = 1;
    pub(super) const RESOURCE_LOGS_SCOPE_LOGS: u32 = 2;
    pub(super) const RESOURCE_ATTRIBUTES: u32 = 1;
    pub(super) const SCOPE_LOGS_SCOPE: u32 = 1;
    pub(super) const SCOPE_LOGS_RECORDS: u32 = 2;
    pub(super) const SCOPE_NAME: u32 = 1;
    pub(super) const SCOPE_VERSION: u32 = 2;
    pub(super) const SCOPE_ATTRIBUTES: u32 = 3;
    pub(super) const RECORD_TIME: u32 = 1;
    pub(super) const RECORD_SEVERITY: u32 = 2;
    pub(super) const RECORD_ATTRIBUTES: u32 = 6;
    pub(super) const RECORD_TRACE_ID: u32 = 9;
    pub(super) const RECORD_SPAN_ID: u32 = 10;
    pub(super) const RECORD_OBSERVED_TIME: u32 = 11;
    pub(super) const RECORD_EVENT_NAME: u32 = 12;
    pub(super) const KEY: u32 = 1;
    pub(super) const VALUE: u32 = 2;
    pub(super) const VALUE_STRING: u32 = 1;
    pub(super) const VALUE_BOOL: u32 = 2;
    pub(super) const VALUE_INT: u32 = 3;
    pub(super) const VALUE_ARRAY: u32 = 5;
    pub(super) const ARRAY_VALUES: u32 = 1;
}

/// `SEVERITY_NUMBER_INFO`.
const SEVERITY_INFO: u64 = 9;

/// The longest string that any attribute takes, in bytes; each attribute has its own bound below.
const CUT_MARK: &str = "…";

/// Writes attributes (`KeyValue` messages) to a buffer, under one field number.
#[derive(Debug)]
pub struct Attributes<'a> {
    out: &'a mut Vec<u8>,
    field: u32,
}

impl Attributes<'_> {
    /// Writes a string. What is longer than the attribute's bound is cut at a character and ends
    /// in `…`, so that a reader can tell.
    pub fn str(&mut self, attribute: &Attribute, value: &str) {
        debug_assert!(matches!(attribute.kind, Kind::Str { .. }), "{}", attribute.name);
        let (head, mark) = cut(value, attribute.bytes_max());
        let text_len = head.len() + mark.len();
        let any_len = 1 + varint_len(text_len as u64) + text_len;
        self.begin(attribute, any_len);
        put_tag(self.out, field::VALUE_STRING, WireType::Bytes);
        put_varint(self.out, text_len as u64);
        self.out.extend_from_slice(head.as_bytes());
        self.out.extend_from_slice(mark.as_bytes());
    }

    /// Writes bytes that should be text; what is not UTF-8 becomes U+FFFD, because protobuf
    /// strings must be UTF-8 and a receiver refuses the whole batch otherwise.
    pub fn text(&mut self, attribute: &Attribute, value: &[u8]) {
        // A character takes at most four bytes: no more than the bound is ever looked at.
        let bounded = value.get(..attribute.bytes_max() + 4).unwrap_or(value);
        self.str(attribute, &String::from_utf8_lossy(bounded));
    }

    /// Writes what shows itself as a short text, such as an address, without a text of its own in between;
    /// what is over 64 bytes is left out.
    pub fn shown(&mut self, attribute: &Attribute, value: &dyn Display) {
        let mut short = Short { bytes: [0; 64], len: 0 };
        // A text that does not fit ends there.
        let _ = write!(short, "{value}");
        let text = short.bytes.get(..short.len).and_then(|bytes| std::str::from_utf8(bytes).ok());
        self.str(attribute, text.unwrap_or_default());
    }

    /// Writes an integer.
    pub fn int(&mut self, attribute: &Attribute, value: i64) {
        debug_assert!(matches!(attribute.kind, Kind::Int), "{}", attribute.name);
        // int64 travels as its two's complement, so a negative number takes ten bytes.
        let bits = u64::from_ne_bytes(value.to_ne_bytes());
        self.begin(attribute, 1 + varint_len(bits));
        put_tag(self.out, field::VALUE_INT, WireType::Varint);
        put_varint(self.out, bits);
    }

    /// Writes a count; what no `i64` holds becomes the largest.
    pub fn count(&mut self, attribute: &Attribute, value: u64) {
        self.int(attribute, i64::try_from(value).unwrap_or(i64::MAX));
    }

    /// Writes a boolean.
    pub fn bool(&mut self, attribute: &Attribute, value: bool) {
        debug_assert!(matches!(attribute.kind, Kind::Bool), "{}", attribute.name);
        self.begin(attribute, 2);
        put_tag(self.out, field::VALUE_BOOL, WireType::Varint);
        put_varint(self.out, u64::from(value));
    }

    /// Writes a list of texts, each cut as [`Attributes::str`] cuts. What is over the attribute's number of items is left out.
    pub fn texts(&mut self, attribute: &Attribute, values: &[&str]) {
        debug_assert!(matches!(attribute.kind, Kind::Texts { .. }), "{}", attribute.name);
        let mut items = Vec::new();
        for value in values.iter().take(attribute.items_max()) {
            let (head, mark) = cut(value, attribute.bytes_max());
            let text_len = head.len() + mark.len();
            put_len(&mut items, field::ARRAY_VALUES, field_len(text_len));
            put_len(&mut items, field::VALUE_STRING, text_len);
            items.extend_from_slice(head.as_bytes());
            items.extend_from_slice(mark.as_bytes());
        }
        self.array(attribute, &items);
    }

    /// Writes a list of counts; what no `i64` holds becomes the largest. What is over the attribute's number of items is left out.
    pub fn counts(&mut self, attribute: &Attribute, values: &[u64]) {
        debug_assert!(matches!(attribute.kind, Kind::Ints { .. }), "{}", attribute.name);
        let mut items = Vec::new();
        for &value in values.iter().take(attribute.items_max()) {
            let value = value.min(i64::MAX as u64);
            put_len(&mut items, field::ARRAY_VALUES, 1 + varint_len(value));
            put_tag(&mut items, field::VALUE_INT, WireType::Varint);
            put_varint(&mut items, value);
        }
        self.array(attribute, &items);
    }

    /// An empty list is not written: that there is none says the same.
    fn array(&mut self, attribute: &Attribute, items: &[u8]) {
        if items.is_empty() {
            return;
        }
        self.begin(attribute, field_len(items.len()));
        put_bytes(self.out, field::VALUE_ARRAY, items);
    }

    /// Tag and length of the `KeyValue`, its key, and tag and length of its `AnyValue`.
    fn begin(&mut self, attribute: &Attribute, any_len: usize) {
        let key = attribute.name.as_bytes();
        let len = 1 + varint_len(key.len() as u64) + key.len() + 1 + varint_len(any_len as u64) + any_len;
        put_tag(self.out, self.field, WireType::Bytes);
        put_varint(self.out, len as u64);
        put_bytes(self.out, field::KEY, key);
        put_tag(self.out, field::VALUE, WireType::Bytes);
        put_varint(self.out, any_len as u64);
    }
}

/// A text on the stack.
struct Short {
    bytes: [u8; 64],
    len: usize,
}

impl fmt::Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.bytes.get_mut(self.len..self.len + text.len()).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.len += text.len();
        Ok(())
    }
}

/// The part of `value` that fits, and the mark that says it was cut.
fn cut(value: &str, bytes_max: usize) -> (&str, &'static str) {
    if value.len() <= bytes_max {
        return (value, "");
    }
    let mut end = bytes_max.saturating_sub(CUT_MARK.len());
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    (value.get(..end).unwrap_or(""), CUT_MARK)
}

/// Who observed: the resource of every batch of a stream, encoded once.
#[derive(Debug, Clone)]
pub struct Resource {
    bytes: Vec<u8>,
}

impl Resource {
    /// Encodes the attributes that `write` gives.
    pub fn new(write: impl FnOnce(&mut Attributes<'_>)) -> Self {
        let mut bytes = Vec::new();
        write(&mut Attributes { out: &mut bytes, field: field::RESOURCE_ATTRIBUTES });
        Self { bytes }
    }
}

/// The head of one record: what happened and when.
#[derive(Debug, Clone, Copy)]
pub struct Head {
    /// What the record tells of.
    pub event: Event,
    /// When it happened: nanoseconds since the Unix epoch. A request is dated by its first byte.
    pub time_ns: u64,
    /// When the filter wrote it down: nanoseconds since the Unix epoch.
    pub observed_ns: u64,
    /// The trace that the request belongs to, from `traceparent` (W3C Trace Context).
    pub trace: Option<Trace>,
}

/// A trace context: 16 bytes of trace id and 8 of the caller's span id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trace {
    /// `trace-id`, never all zero.
    pub trace_id: [u8; 16],
    /// `parent-id`, never all zero.
    pub span_id: [u8; 8],
}

impl Trace {
    /// Reads a `traceparent` header (W3C Trace Context, section 3.2): version, trace id, parent id
    /// and flags, lower-case hexadecimal. Anything else is no trace context, and is ignored.
    #[must_use]
    pub fn from_traceparent(header: &[u8]) -> Option<Self> {
        let (version, rest) = header.split_at_checked(2)?;
        // Version ff is forbidden; a later version may be longer, version 00 may not.
        if hex::<1>(version)? == [0xff] || (version == b"00" && rest.len() != 53) {
            return None;
        }
        let rest = rest.strip_prefix(b"-")?;
        let (trace_id, rest) = rest.split_at_checked(32)?;
        let rest = rest.strip_prefix(b"-")?;
        let (span_id, rest) = rest.split_at_checked(16)?;
        let flags = rest.strip_prefix(b"-")?;
        hex::<1>(flags.get(..2)?)?;
        if flags.len() > 2 && flags.get(2) != Some(&b'-') {
            return None;
        }
        let trace = Self { trace_id: hex(trace_id)?, span_id: hex(span_id)? };
        (trace.trace_id != [0; 16] && trace.span_id != [0; 8]).then_some(trace)
    }
}

fn hex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut out = [0; N];
    let (pairs, rest) = text.as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in out.iter_mut().zip(pairs) {
        *byte = (digit(*high)? << 4) | digit(*low)?;
    }
    Some(out)
}

/// What the sender says of its stream, beside the records of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Request records made so far, with those of this batch.
    pub made: u64,
    /// Request records dropped so far, for whatever reason.
    pub dropped: u64,
}

/// A batch that still grows.
#[derive(Debug, Default)]
pub struct Batch {
    records: Vec<u8>,
    scratch: Vec<u8>,
    requests: u32,
    others: u32,
}

impl Batch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends one record; `write` gives its attributes.
    pub fn record(&mut self, head: &Head, write: impl FnOnce(&mut Attributes<'_>)) {
        let scratch = &mut self.scratch;
        scratch.clear();
        put_fixed64(scratch, field::RECORD_TIME, head.time_ns);
        put_tag(scratch, field::RECORD_SEVERITY, WireType::Varint);
        put_varint(scratch, SEVERITY_INFO);
        write(&mut Attributes { out: scratch, field: field::RECORD_ATTRIBUTES });
        if let Some(trace) = &head.trace {
            put_bytes(scratch, field::RECORD_TRACE_ID, &trace.trace_id);
            put_bytes(scratch, field::RECORD_SPAN_ID, &trace.span_id);
        }
        put_fixed64(scratch, field::RECORD_OBSERVED_TIME, head.observed_ns);
        put_bytes(scratch, field::RECORD_EVENT_NAME, head.event.name().as_bytes());
        put_bytes(&mut self.records, field::SCOPE_LOGS_RECORDS, scratch);
        match head.event {
            Event::Request => self.requests += 1,
            Event::RequestOpen
            | Event::VmStarted
            | Event::VmHeartbeat
            | Event::VmStopped
            | Event::VmLost
            | Event::PolicyAccepted
            | Event::PolicyRefused => self.others += 1,
        }
    }

    /// Request records in the batch.
    #[must_use]
    pub const fn requests(&self) -> u32 {
        self.requests
    }

    /// Records of any event in the batch.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.requests + self.others
    }

    /// Whether the batch holds no record.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of the records so far.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.records.len()
    }

    /// Ends the batch: the bytes of one `ExportLogsServiceRequest`. The batch is empty afterwards
    /// and keeps its scratch buffer.
    pub fn seal(&mut self, resource: &Resource, progress: Progress) -> Vec<u8> {
        let mut scope = Vec::with_capacity(128);
        put_bytes(&mut scope, field::SCOPE_NAME, SCOPE.as_bytes());
        put_bytes(&mut scope, field::SCOPE_VERSION, env!("CARGO_PKG_VERSION").as_bytes());
        let mut attributes = Attributes { out: &mut scope, field: field::SCOPE_ATTRIBUTES };
        attributes.count(&crate::attributes::STREAM_MADE, progress.made);
        attributes.count(&crate::attributes::STREAM_DROPPED, progress.dropped);

        let scope_logs_len = field_len(scope.len()) + self.records.len();
        let resource_logs_len = field_len(resource.bytes.len()) + field_len(scope_logs_len);
        let mut out = Vec::with_capacity(field_len(resource_logs_len));
        put_len(&mut out, field::REQUEST_RESOURCE_LOGS, resource_logs_len);
        put_bytes(&mut out, field::RESOURCE_LOGS_RESOURCE, &resource.bytes);
        put_len(&mut out, field::RESOURCE_LOGS_SCOPE_LOGS, scope_logs_len);
        put_bytes(&mut out, field::SCOPE_LOGS_SCOPE, &scope);
        out.extend_from_slice(&self.records);
        self.records.clear();
        self.requests = 0;
        self.others = 0;
        out
    }
}

/// Bytes of a length-delimited field whose number is below 16.
const fn field_len(content: usize) -> usize {
    1 + varint_len(content as u64) + content
}

fn put_len(out: &mut Vec<u8>, field: u32, len: usize) {
    put_tag(out, field, WireType::Bytes);
    put_varint(out, len as u64);
}

#[cfg(test)]
#[path = "encode_tests.rs"]
mod tests;
