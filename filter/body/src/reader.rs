//! What reads a body, by its format.

use crate::format::Format;
use crate::frames::{Events, Records};
use crate::json::Json;
use crate::judge::Judge;
use crate::masker::Blocked;
use crate::plan::{Active, Limits, Plan};
use crate::scan::Scan;
use crate::text::Text;
use std::rc::Rc;

/// What begins each value of a JSON text sequence (RFC 7464 section 2.2).
const RECORD_SEPARATOR: u8 = 0x1e;

/// A body, by a scanner. All but the tests have the fastest that the host runs.
#[derive(Debug)]
pub(crate) struct Body<S> {
    pub(crate) judge: Judge,
    reader: Reader<S>,
    /// Whether a rule held the body back: nothing more comes out.
    blocked: Option<Blocked>,
}

#[derive(Debug)]
enum Reader<S> {
    Json(Box<Json<S>>),
    Records(Box<Records<S>>),
    Events(Box<Events<S>>),
    Text(Text),
}

// === impl Body ===

impl<S: Scan> Body<S> {
    pub(crate) fn new(plan: Rc<Plan>, active: Active, format: &Format, limits: Limits) -> Self {
        let judge = Judge::new(plan, active, limits);
        let reader = match format {
            Format::Json => Reader::Json(Box::new(Json::new(&judge))),
            Format::Ndjson => Reader::Records(Box::new(Records::new(&judge, b'\n'))),
            Format::JsonSequence => Reader::Records(Box::new(Records::new(&judge, RECORD_SEPARATOR))),
            Format::Sse => Reader::Events(Box::new(Events::new(&judge))),
            Format::Xml | Format::Form | Format::Multipart(_) | Format::Text => Reader::Text(Text::default()),
        };
        Self { judge, reader, blocked: None }
    }

    pub(crate) fn feed(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), Blocked> {
        self.blocked.map_or(Ok(()), Err)?;
        let judge = &mut self.judge;
        let offset = judge.offset;
        let fed = match &mut self.reader {
            Reader::Json(json) => json.feed(judge, chunk, out),
            Reader::Records(records) => records.feed(judge, chunk, out),
            Reader::Events(events) => events.feed(judge, chunk, out),
            Reader::Text(text) => text.feed(judge, chunk, offset, out),
        };
        self.judge.offset = offset + chunk.len() as u64;
        self.blocked = fed.err();
        fed
    }

    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Blocked> {
        self.blocked.map_or(Ok(()), Err)?;
        let judge = &mut self.judge;
        let finished = match &mut self.reader {
            Reader::Json(json) => json.finish(judge, out),
            Reader::Records(records) => records.finish(judge, out),
            Reader::Events(events) => events.finish(judge, out),
            Reader::Text(text) => text.finish(judge, out),
        };
        self.judge.close();
        self.blocked = finished.err();
        finished
    }

    pub(crate) fn pending(&self) -> &[u8] {
        match &self.reader {
            Reader::Json(json) => json.pending(),
            Reader::Records(records) => records.pending(),
            Reader::Events(events) => events.pending(),
            Reader::Text(text) => text.pending(),
        }
    }
}
