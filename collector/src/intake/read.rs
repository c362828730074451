//! From the bytes of one export to a [`Batch`]: the only place that knows both
//! the wire's names and ours.
//!
//! What is taken is judged record by record, so that one bad record costs only
//! itself; a message that is no message is refused whole by the decoder. A
//! record that cannot be taken but names its place in its stream is handed on
//! as come, because it is not *missing*.

use std::collections::BTreeMap;

use ostiary_wire::attributes::{self as names, Attribute, Kind, Place};
use ostiary_wire::decode::{self, DecodeError, KeyValue, Limits, List, Record, Value, Visitor};
use ostiary_wire::{Event, SCOPE};

use crate::clock::SECOND_NS;
use crate::facts::{Batch, Entry, PolicyWord, Reason, Source, Vantage, VmEvent, VmWord, Word};
use crate::intake::call::Calls;
use crate::intake::json;
use crate::intake::operations::Descriptions;
use crate::intake::sampler::Sampler;

/// What one message may hold. The filter sends about a thousand records at a
/// time, an OpenTelemetry Collector in between about eight thousand.
pub const LIMITS: Limits = Limits { records_max: 20_000, attributes_max: 1_024 };

/// The most a counter of the sender's may say: a million a second for nine
/// years. More is no honest stream, and would drown every total.
const COUNT_MAX: u64 = 1 << 48;

/// How long before its end a call may have begun and still be believed: it is dated by its first
/// byte, and a WebSocket may stay open for months.
const CALL_MAX_NS: u64 = 90 * 86_400 * SECOND_NS;

/// The clocks that are taken, as nanoseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// The earliest.
    pub from_ns: u64,
    /// The latest.
    pub to_ns: u64,
    /// Ours: a record that does not know its time happened about when it came.
    pub now_ns: u64,
}

/// Reads one `ExportLogsServiceRequest`.
///
/// # Errors
/// The decoder's, when the bytes are not such a message or hold more than [`LIMITS`].
pub fn batch(
    message: &[u8],
    window: Window,
    sampler: &Sampler,
    descriptions: &Descriptions,
) -> Result<Batch, DecodeError> {
    let mut reading = Reading {
        window,
        batch: Batch::default(),
        speaker: Err(Reason::Foreign),
        position: None,
        calls: Calls::new(sampler, descriptions, window.now_ns),
    };
    decode::request(message, &LIMITS, &mut reading)?;
    let (operations, parties) = reading.calls.into_lists();
    Ok(Batch { operations, parties, ..reading.batch })
}

struct Reading<'s> {
    window: Window,
    calls: Calls<'s>,
    batch: Batch,
    /// Who the current resource and scope say they are, or why they are nobody.
    speaker: Result<Source, Reason>,
    /// Where the speaker stands in the batch, once it has said something usable:
    /// a message of empty resources must not grow the batch.
    position: Option<usize>,
}

/// Why a record was not taken, with its place in the stream where that is known.
pub(super) struct Unusable {
    pub(super) seq: Option<u64>,
    pub(super) reason: Reason,
}

// === impl Reading ===

impl Visitor for Reading<'_> {
    fn resource(&mut self, attributes: &[KeyValue<'_>]) {
        self.position = None;
        self.speaker = speaker(attributes);
    }

    fn scope(&mut self, _name: &str, attributes: &[KeyValue<'_>]) {
        self.position = None;
        if let Ok(source) = &mut self.speaker {
            let said = |attribute: &Attribute| count(find(attributes, attribute.name)).ok().flatten().unwrap_or(0);
            source.made = said(&names::STREAM_MADE);
            source.dropped = said(&names::STREAM_DROPPED);
        }
    }

    fn record(&mut self, record: &Record<'_, '_>) {
        let outcome = match &self.speaker {
            Ok(_) if record.event_name == Event::Request.name() => self.call(record),
            Ok(_) if record.event_name == Event::RequestOpen.name() => {
                self.open(record).map_err(|reason| Unusable { seq: None, reason })
            }
            Ok(source) => self.event(source, record).map_err(|reason| Unusable { seq: None, reason }),
            Err(reason) => Err(Unusable { seq: None, reason: *reason }),
        };
        match outcome {
            Ok((time_ns, word)) => self.push(time_ns, word),
            Err(Unusable { seq: Some(seq), reason }) => {
                self.push(self.time_of(record), Word::Unusable { seq, reason });
            }
            Err(Unusable { seq: None, reason }) => self.batch.rejected.add(reason),
        }
    }
}

impl Reading<'_> {
    fn call(&mut self, record: &Record<'_, '_>) -> Result<(u64, Word), Unusable> {
        let Ok(source) = &self.speaker else {
            return Err(Unusable { seq: None, reason: Reason::Foreign });
        };
        let call = self.calls.read(source, record)?;
        let (seq, lasted_ns) = (call.seq, call.duration_ns.unwrap_or(0));
        self.check_clock(record, lasted_ns).map_err(|reason| Unusable { seq: Some(seq), reason })?;
        Ok((self.time_of(record), Word::Call(call)))
    }

    /// A call that is open is dated by when that was seen, because it tells of no other time.
    fn open(&mut self, record: &Record<'_, '_>) -> Result<(u64, Word), Reason> {
        let Ok(source) = &self.speaker else { return Err(Reason::Foreign) };
        let seen = Record { time_ns: record.observed_ns, ..*record };
        self.check_clock(&seen, 0)?;
        let open = self.calls.read_open(source, record)?;
        Ok((self.time_of(&seen), Word::Open(open)))
    }

    fn event(&self, source: &Source, record: &Record<'_, '_>) -> Result<(u64, Word), Reason> {
        let event = Event::from_name(record.event_name).ok_or(Reason::UnknownEvent)?;
        let word = match event {
            Event::VmStarted => self.vm(source, VmEvent::Started, record)?,
            Event::VmHeartbeat => self.vm(source, VmEvent::Heartbeat, record)?,
            Event::VmStopped => self.vm(source, VmEvent::Stopped, record)?,
            Event::VmLost => self.vm(source, VmEvent::Lost, record)?,
            Event::PolicyAccepted => self.policy(true, record)?,
            Event::PolicyRefused => self.policy(false, record)?,
            // Read by themselves, because they tell of calls.
            Event::Request | Event::RequestOpen => return Err(Reason::UnknownEvent),
        };
        Ok((self.time_of(record), word))
    }

    /// When it happened; a sender that does not know says when it was seen, or not even that.
    fn time_of(&self, record: &Record<'_, '_>) -> u64 {
        let window = self.window;
        match (record.time_ns, record.observed_ns) {
            (0, observed_ns) if (window.from_ns..=window.to_ns).contains(&observed_ns) => observed_ns,
            (0, _) => window.now_ns,
            (time_ns, _) => time_ns,
        }
    }

    fn check_clock(&self, record: &Record<'_, '_>, lasted_ns: u64) -> Result<(), Reason> {
        let time_ns = self.time_of(record);
        // What ended within the window is not late, whenever it began.
        if time_ns.saturating_add(lasted_ns.min(CALL_MAX_NS)) < self.window.from_ns {
            return Err(Reason::TooOld);
        }
        if time_ns > self.window.to_ns {
            return Err(Reason::TooNew);
        }
        Ok(())
    }

    fn vm(&self, source: &Source, kind: VmEvent, record: &Record<'_, '_>) -> Result<Word, Reason> {
        self.check_clock(record, 0)?;
        check(record.attributes, Place::Event)?;
        let said = |attribute: &Attribute| count(find(record.attributes, attribute.name));
        if kind == VmEvent::Lost {
            let about = text(record.attributes, &names::LOST_STREAM_ID);
            return Ok(Word::Vm(VmWord {
                kind,
                about: stream_id(about).ok_or(Reason::BadValue)?.to_owned(),
                made: said(&names::LOST_MADE)?.unwrap_or(0),
                open: said(&names::LOST_OPEN)?.unwrap_or(0),
                ..VmWord::default()
            }));
        }
        let mut dropped = BTreeMap::new();
        for attribute in [&names::DROPPED_QUEUE, &names::DROPPED_REFUSED, &names::DROPPED_REJECTED] {
            if let Some(count) = said(attribute)? {
                let reason = attribute.name.rsplit('.').next().unwrap_or(attribute.name);
                dropped.insert(reason.to_owned(), count);
            }
        }
        Ok(Word::Vm(VmWord {
            kind,
            about: source.stream.clone(),
            made: said(&names::EVENT_MADE)?.unwrap_or(0),
            sent: said(&names::SENT)?.unwrap_or(0),
            open: said(&names::EVENT_OPEN)?.unwrap_or(0),
            heartbeat_ns: nanos(find(record.attributes, names::HEARTBEAT_INTERVAL.name))?,
            dropped,
        }))
    }

    fn policy(&self, accepted: bool, record: &Record<'_, '_>) -> Result<Word, Reason> {
        self.check_clock(record, 0)?;
        check(record.attributes, Place::Event)?;
        Ok(Word::Policy(PolicyWord {
            accepted,
            revision: owned(text(record.attributes, &names::POLICY_REVISION_EVENT)),
            attributes: json::object(record.attributes),
        }))
    }

    fn push(&mut self, time_ns: u64, word: Word) {
        let Ok(source) = &self.speaker else {
            return;
        };
        let position = *self.position.get_or_insert_with(|| {
            self.batch.sources.push(source.clone());
            self.batch.sources.len().saturating_sub(1)
        });
        self.batch.entries.push(Entry { source: position, time_ns, word });
    }
}

fn speaker(attributes: &[KeyValue<'_>]) -> Result<Source, Reason> {
    if find(attributes, names::SERVICE_NAME.name) != Some(Value::Str(SCOPE)) {
        return Err(Reason::Foreign);
    }
    let stream = stream_id(text(attributes, &names::STREAM_ID)).ok_or(Reason::NoStream)?;
    check(attributes, Place::Resource)?;
    let said = |attribute| owned(text(attributes, attribute));
    Ok(Source {
        looks_from: Vantage::of(text(attributes, &names::VANTAGE), text(attributes, &names::DIRECTION)),
        stream: stream.to_owned(),
        version: said(&names::SERVICE_VERSION),
        node_id: said(&names::NODE_ID),
        node_cluster: said(&names::NODE_CLUSTER),
        environment: said(&names::ENVIRONMENT),
        direction: said(&names::DIRECTION),
        vantage: said(&names::VANTAGE),
        made: 0,
        dropped: 0,
    })
}

/// Stream and operation ids alike: 32 lower-case hexadecimal digits.
fn stream_id(text: &str) -> Option<&str> {
    let is_hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (text.len() == 32 && text.as_bytes().iter().all(is_hex)).then_some(text)
}

/// Holds each attribute that the table knows against its declared type and bound.
fn check(attributes: &[KeyValue<'_>], place: Place) -> Result<(), Reason> {
    let known = names::ALL.iter().filter(|attribute| attribute.place == place);
    for attribute in known {
        let given = attributes.iter().filter(|(name, _)| *name == attribute.name);
        if given.into_iter().any(|&(_, value)| !fits(attribute, value)) {
            return Err(Reason::BadValue);
        }
    }
    Ok(())
}

/// Whether a value has the type and keeps to the bound that its attribute promises.
pub(super) fn fits(attribute: &Attribute, value: Value<'_>) -> bool {
    match (attribute.kind, value) {
        (Kind::Str { bytes_max }, Value::Str(text)) => text.len() <= usize::from(bytes_max),
        (Kind::Int, Value::Int(_)) | (Kind::Bool, Value::Bool(_)) => true,
        (Kind::Texts { bytes_max, .. }, Value::List(list)) => {
            all(attribute, list, |item| matches!(item, Value::Str(text) if text.len() <= usize::from(bytes_max)))
        }
        (Kind::Ints { .. }, Value::List(list)) => all(attribute, list, |item| matches!(item, Value::Int(_))),
        (Kind::Str { .. } | Kind::Int | Kind::Bool | Kind::Texts { .. } | Kind::Ints { .. }, _) => false,
    }
}

/// Whether a list keeps to its number of items, and each item to its type.
fn all(attribute: &Attribute, list: List<'_>, fits: impl Fn(Value<'_>) -> bool) -> bool {
    let mut left = attribute.items_max();
    list.items().all(|item| {
        let is_room = left > 0;
        left = left.saturating_sub(1);
        is_room && item.is_ok_and(&fits)
    })
}

/// Text as the books keep it: not every store can hold a NUL, and no name of ours has one.
pub(super) fn owned(text: &str) -> String {
    if text.as_bytes().contains(&0) { text.replace('\0', "\u{fffd}") } else { text.to_owned() }
}

/// The last value of a name: a key may stand twice, and JSON keeps the last too.
fn find<'a>(attributes: &[KeyValue<'a>], name: &str) -> Option<Value<'a>> {
    attributes.iter().rev().find(|(key, _)| *key == name).map(|&(_, value)| value)
}

fn text<'a>(attributes: &[KeyValue<'a>], attribute: &Attribute) -> &'a str {
    match find(attributes, attribute.name) {
        Some(Value::Str(text)) => text,
        Some(Value::Bool(_) | Value::Int(_) | Value::Double(_) | Value::List(_) | Value::Other) | None => "",
    }
}

/// A count: absent, or a number from 0 to [`COUNT_MAX`].
pub(super) fn count(value: Option<Value<'_>>) -> Result<Option<u64>, Reason> {
    match nanos(value)? {
        Some(number) if number > COUNT_MAX => Err(Reason::BadValue),
        within => Ok(within),
    }
}

/// A duration: absent, or any number that is not below 0.
pub(super) fn nanos(value: Option<Value<'_>>) -> Result<Option<u64>, Reason> {
    match value {
        None => Ok(None),
        Some(Value::Int(number)) => u64::try_from(number).map(Some).map_err(|_| Reason::BadValue),
        Some(Value::Str(_) | Value::Bool(_) | Value::Double(_) | Value::List(_) | Value::Other) => {
            Err(Reason::BadValue)
        }
    }
}
