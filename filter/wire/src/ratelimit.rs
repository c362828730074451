//! The questions and answers of a rate limit service: Envoy's `envoy.service.ratelimit.v3` protocol.
//!
//! Field numbers are those of `envoy/service/ratelimit/v3/rls.proto` and
//! `envoy/extensions/common/ratelimit/v3/ratelimit.proto`. A question is written once per request in the
//! guest, so it is written by hand; an answer is read within bounds, because a service that is broken
//! must not take the proxy with it.

use crate::protobuf::{Fields, Raw, WireError, WireType, put_bytes, put_tag, put_varint};

/// The gRPC service.
pub const SERVICE: &str = "envoy.service.ratelimit.v3.RateLimitService";
/// Its method.
pub const METHOD: &str = "ShouldRateLimit";

/// Headers of an answer that are taken at most; the rest is left out.
const HEADERS_MAX: usize = 16;
/// Bytes of such a header's name and value at most.
const HEADER_BYTES_MAX: usize = 1_024;

/// The unit of a limit, as the protocol numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A second.
    Second = 1,
    /// A minute.
    Minute = 2,
    /// An hour.
    Hour = 3,
    /// A day.
    Day = 4,
    /// 365 days.
    Year = 6,
}

/// Writes a question.
#[derive(Debug, Default)]
pub struct Question {
    message: Vec<u8>,
    descriptor: Vec<u8>,
    scratch: Vec<u8>,
}

impl Question {
    /// A question about limits of a domain.
    #[must_use]
    pub fn new(domain: &str) -> Self {
        let mut question = Self::default();
        put_bytes(&mut question.message, 1, domain.as_bytes());
        question
    }

    /// Adds an entry to the descriptor that is being written.
    pub fn entry(&mut self, key: &str, value: &str) {
        self.scratch.clear();
        put_bytes(&mut self.scratch, 1, key.as_bytes());
        put_bytes(&mut self.scratch, 2, value.as_bytes());
        put_bytes(&mut self.descriptor, 1, &self.scratch);
    }

    /// Says which limit holds instead of the one that the service knows.
    pub fn limit(&mut self, units: u32, unit: Unit) {
        self.scratch.clear();
        put_tag(&mut self.scratch, 1, WireType::Varint);
        put_varint(&mut self.scratch, u64::from(units));
        put_tag(&mut self.scratch, 2, WireType::Varint);
        put_varint(&mut self.scratch, unit as u64);
        put_bytes(&mut self.descriptor, 2, &self.scratch);
    }

    /// Ends the descriptor; it is charged so many units.
    pub fn end(&mut self, hits: u64) {
        if hits != 1 {
            self.scratch.clear();
            put_tag(&mut self.scratch, 1, WireType::Varint);
            put_varint(&mut self.scratch, hits);
            put_bytes(&mut self.descriptor, 3, &self.scratch);
        }
        put_bytes(&mut self.message, 2, &self.descriptor);
        self.descriptor.clear();
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        &self.message
    }
}

/// What the service says of a descriptor, or of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Code {
    /// It does not know.
    #[default]
    Unknown,
    /// The request is within the limit.
    Ok,
    /// The request is over the limit.
    OverLimit,
}

/// What the service says of one descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Status {
    /// Whether the request is within its limit.
    pub code: Code,
    /// Units that are left.
    pub remaining: u64,
    /// Nanoseconds until all of them are back.
    pub reset_ns: u64,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// What holds for the request.
    pub overall: Code,
    /// For each descriptor, in their order, as many as were asked for at most.
    pub statuses: Vec<Status>,
    /// Headers for the response.
    pub headers: Vec<(String, Vec<u8>)>,
}

impl Answer {
    /// Reads the answer to a question about so many descriptors.
    ///
    /// # Errors
    /// [`WireError`] when the message is no protobuf.
    pub fn read(message: &[u8], descriptors: usize) -> Result<Self, WireError> {
        let mut answer = Self::default();
        let mut fields = Fields::new(message);
        while let Some((field, raw)) = fields.next_field()? {
            match (field, raw) {
                (1, Raw::Varint(number)) => answer.overall = code(number),
                (2, Raw::Bytes(status)) if answer.statuses.len() < descriptors => {
                    answer.statuses.push(read_status(status)?)
                }
                (3, Raw::Bytes(header)) if answer.headers.len() < HEADERS_MAX => {
                    answer.headers.extend(read_header(header)?)
                }
                _ => {}
            }
        }
        Ok(answer)
    }
}

fn code(number: u64) -> Code {
    match number {
        1 => Code::Ok,
        2 => Code::OverLimit,
        _ => Code::Unknown,
    }
}

fn read_status(message: &[u8]) -> Result<Status, WireError> {
    let mut status = Status::default();
    let mut fields = Fields::new(message);
    while let Some((field, raw)) = fields.next_field()? {
        match (field, raw) {
            (1, Raw::Varint(number)) => status.code = code(number),
            (3, Raw::Varint(remaining)) => status.remaining = remaining,
            (4, Raw::Bytes(duration)) => status.reset_ns = read_duration(duration)?,
            _ => {}
        }
    }
    Ok(status)
}

/// A `google.protobuf.Duration`; what is negative is none.
fn read_duration(message: &[u8]) -> Result<u64, WireError> {
    let mut ns = 0_u64;
    let mut fields = Fields::new(message);
    while let Some((field, raw)) = fields.next_field()? {
        let (1 | 2, Raw::Varint(number)) = (field, raw) else { continue };
        let number = u64::try_from(i64::from_ne_bytes(number.to_ne_bytes())).unwrap_or(0);
        ns = ns.saturating_add(if field == 1 { number.saturating_mul(1_000_000_000) } else { number });
    }
    Ok(ns)
}

/// A `envoy.config.core.v3.HeaderValue`; one that no header can be is left out.
fn read_header(message: &[u8]) -> Result<Option<(String, Vec<u8>)>, WireError> {
    let (mut name, mut value) = (&b""[..], &b""[..]);
    let mut fields = Fields::new(message);
    while let Some((field, raw)) = fields.next_field()? {
        match (field, raw) {
            (1, Raw::Bytes(bytes)) => name = bytes,
            (2 | 3, Raw::Bytes(bytes)) if !bytes.is_empty() => value = bytes,
            _ => {}
        }
    }
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let good = !name.is_empty()
        && name.iter().all(plain)
        && name.len() + value.len() <= HEADER_BYTES_MAX
        && !value.iter().any(|byte| byte.is_ascii_control());
    let name = std::str::from_utf8(name).unwrap_or_default().to_ascii_lowercase();
    Ok(good.then(|| (name, value.to_vec())))
}

#[cfg(test)]
mod tests {
    use super::{Answer, Code, Question, Status, Unit};
    use proptest::prelude::*;
    use prost::Message;

    // The protocol's messages as prost declares them: the oracle of both directions.
    #[derive(PartialEq, Message)]
    struct Request {
        #[prost(string, tag = "1")]
        domain: String,
        #[prost(message, repeated, tag = "2")]
        descriptors: Vec<Descriptor>,
        #[prost(uint32, tag = "3")]
        hits_addend: u32,
    }
    #[derive(PartialEq, Message)]
    struct Descriptor {
        #[prost(message, repeated, tag = "1")]
        entries: Vec<Pair>,
        #[prost(message, optional, tag = "2")]
        limit: Option<Limit>,
        #[prost(message, optional, tag = "3")]
        hits_addend: Option<Number>,
    }
    #[derive(PartialEq, Message)]
    struct Pair {
        #[prost(string, tag = "1")]
        key: String,
        #[prost(string, tag = "2")]
        value: String,
    }
    #[derive(PartialEq, Message)]
    struct Limit {
        #[prost(uint32, tag = "1")]
        requests_per_unit: u32,
        #[prost(int32, tag = "2")]
        unit: i32,
    }
    #[derive(PartialEq, Message)]
    struct Number {
        #[prost(uint64, tag = "1")]
        value: u64,
    }
    #[derive(PartialEq, Message)]
    struct Response {
        #[prost(int32, tag = "1")]
        overall_code: i32,
        #[prost(message, repeated, tag = "2")]
        statuses: Vec<DescriptorStatus>,
        #[prost(message, repeated, tag = "3")]
        response_headers_to_add: Vec<Pair>,
    }
    #[derive(PartialEq, Message)]
    struct DescriptorStatus {
        #[prost(int32, tag = "1")]
        code: i32,
        #[prost(uint32, tag = "3")]
        limit_remaining: u32,
        #[prost(message, optional, tag = "4")]
        duration_until_reset: Option<Duration>,
    }
    #[derive(PartialEq, Message)]
    struct Duration {
        #[prost(int64, tag = "1")]
        seconds: i64,
        #[prost(int32, tag = "2")]
        nanos: i32,
    }

    #[test]
    fn a_question_is_what_prost_reads() {
        let mut question = Question::new("edge");
        question.entry("quota", "month");
        question.entry("caller.id", "api_key:acme");
        question.limit(1_000_000, Unit::Year);
        question.end(7);
        question.entry("quota", "second");
        question.end(1);
        let read = Request::decode(question.message()).unwrap();
        assert_eq!((read.domain.as_str(), read.hits_addend, read.descriptors.len()), ("edge", 0, 2));
        let [first, second] = &read.descriptors[..] else { panic!() };
        assert_eq!(first.entries[1], Pair { key: "caller.id".into(), value: "api_key:acme".into() });
        assert_eq!(first.limit, Some(Limit { requests_per_unit: 1_000_000, unit: 6 }));
        assert_eq!(first.hits_addend, Some(Number { value: 7 }));
        assert_eq!((second.limit.is_none(), second.hits_addend.is_none()), (true, true));
    }

    #[test]
    fn an_answer_is_what_prost_wrote() {
        let pair = |key: &str, value: &str| Pair { key: key.into(), value: value.into() };
        let reset = Some(Duration { seconds: 12, nanos: 5 });
        let response = Response {
            overall_code: 2,
            statuses: vec![
                DescriptorStatus { code: 1, limit_remaining: 9, duration_until_reset: reset },
                DescriptorStatus { code: 2, limit_remaining: 0, duration_until_reset: None },
                DescriptorStatus::default(),
            ],
            response_headers_to_add: vec![pair("X-Limit", "9"), pair("x bad", "1"), pair("x-two", "a\r\nb")],
        };
        let answer = Answer::read(&response.encode_to_vec(), 2).unwrap();
        assert_eq!(answer.overall, Code::OverLimit);
        assert_eq!(
            answer.statuses,
            [
                Status { code: Code::Ok, remaining: 9, reset_ns: 12_000_000_005 },
                Status { code: Code::OverLimit, remaining: 0, reset_ns: 0 },
            ]
        );
        assert_eq!(answer.headers, [("x-limit".to_owned(), b"9".to_vec())]);
        assert_eq!(Answer::read(b"", 1).unwrap().overall, Code::Unknown);
    }

    proptest! {
        /// Whatever a service sends is read or refused, within its bounds.
        #[test]
        fn any_answer_is_survived(message in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(answer) = Answer::read(&message, 3) {
                prop_assert!(answer.statuses.len() <= 3 && answer.headers.len() <= super::HEADERS_MAX);
            }
        }
    }
}
