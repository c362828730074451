//! Records as the filter writes them, by the filter's own encoder.

use std::time::{SystemTime, UNIX_EPOCH};

use ostiary_wire::Event;
use ostiary_wire::attributes::{self as names, Attribute};
use ostiary_wire::encode::{Attributes, Batch, Head, Progress, Resource};

/// One request.
#[derive(Debug, Clone, Copy)]
pub struct Req {
    pub seq: u64,
    pub time_ns: u64,
    /// Which operation; `None` when it was refused before the filter saw it.
    pub operation: Option<u64>,
    pub status: u64,
    pub duration_ns: u64,
}

/// The id of the `n`th stream, or operation.
pub fn id(n: u64) -> String {
    format!("{n:032x}")
}

/// Now, in nanoseconds.
pub fn now_ns() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos()).unwrap()
}

/// A request of the first operation that went well a moment ago.
pub fn req(seq: u64) -> Req {
    Req { seq, time_ns: now_ns(), operation: Some(0), status: 200, duration_ns: 1_000_000 }
}

pub fn resource(stream: &str) -> Resource {
    Resource::new(|write| {
        write.str(&names::SERVICE_NAME, ostiary_wire::SCOPE);
        write.str(&names::SERVICE_VERSION, "0.1.0");
        write.str(&names::STREAM_ID, stream);
        write.str(&names::ENVIRONMENT, "test");
        write.str(&names::DIRECTION, "inbound");
        write.str(&names::VANTAGE, "gateway");
    })
}

pub fn head(event: Event, time_ns: u64) -> Head {
    Head { event, time_ns, observed_ns: time_ns, trace: None }
}

pub fn write_request(write: &mut Attributes<'_>, req: &Req) {
    write.count(&names::STREAM_SEQ, req.seq);
    write.str(&names::REQUEST_ID, &format!("request-{}", req.seq));
    write.bool(&names::REQUEST_SEEN, req.operation.is_some());
    if let Some(operation) = req.operation {
        write.str(&names::OPERATION_ID, &id(operation));
        write.bool(&names::OPERATION_DECLARED, operation.is_multiple_of(2));
        // Records of one operation may describe it differently; the books must choose alike.
        let protocol = if req.duration_ns.is_multiple_of(7) { "websocket" } else { "rest" };
        write.str(&names::OPERATION_PROTOCOL, protocol);
        write.str(&names::OPERATION_HOST, &format!("host-{}.example", operation % 3));
        if operation.is_multiple_of(2) {
            write.str(&names::API_NAME, &format!("api-{}", operation % 4));
        }
        write.str(&names::METHOD, if operation.is_multiple_of(5) { "POST" } else { "GET" });
        write.str(&names::TEMPLATE, &format!("/things/{operation}/{{id}}"));
    }
    write.count(&names::STATUS, req.status);
    write.count(&names::DURATION, req.duration_ns);
}

/// The bytes of one export of request records.
pub fn requests(stream: &str, requests: &[Req]) -> Vec<u8> {
    let made = requests.iter().map(|req| req.seq + 1).max().unwrap_or(0);
    let mut batch = Batch::new();
    for req in requests {
        batch.record(&head(Event::Request, req.time_ns), |write| write_request(write, req));
    }
    batch.seal(&resource(stream), Progress { made, dropped: 0 })
}

/// The bytes of one export with a single event.
pub fn event(stream: &str, event: Event, counts: &[(&Attribute, u64)], texts: &[(&Attribute, &str)]) -> Vec<u8> {
    let mut batch = Batch::new();
    batch.record(&head(event, now_ns()), |write| {
        counts.iter().for_each(|(attribute, count)| write.count(attribute, *count));
        texts.iter().for_each(|(attribute, text)| write.str(attribute, text));
    });
    batch.seal(&resource(stream), Progress::default())
}

/// The bytes of one export whose records are written by hand; each has its place in the stream already.
pub fn written(stream: &str, all: &[(u64, u64)], write: impl Fn(u64, &mut Attributes<'_>)) -> Vec<u8> {
    let made = all.iter().map(|(seq, _)| seq + 1).max().unwrap_or(0);
    let mut batch = Batch::new();
    for &(seq, time_ns) in all {
        batch.record(&head(Event::Request, time_ns), |attributes| {
            attributes.count(&names::STREAM_SEQ, seq);
            write(seq, attributes);
        });
    }
    batch.seal(&resource(stream), Progress { made, dropped: 0 })
}

/// The attributes that name an operation.
pub fn operation(write: &mut Attributes<'_>, operation: u64, host: &str, template: &str, declared: bool) {
    write.str(&names::OPERATION_ID, &id(operation));
    write.bool(&names::OPERATION_DECLARED, declared);
    write.str(&names::OPERATION_PROTOCOL, "rest");
    write.str(&names::OPERATION_HOST, host);
    write.str(&names::METHOD, "GET");
    write.str(&names::TEMPLATE, template);
    write.count(&names::STATUS, 200);
}
