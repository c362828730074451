//! What reads a body, by its format.

use crate::form::Form;
use crate::format::Format;
use crate::frames::{Events, Records};
use crate::json::Json;
use crate::judge::Judge;
use crate::masker::Blocked;
use crate::multipart::Multipart;
use crate::plan::{Active, Limits, Plan};
use crate::scan::Scan;
use crate::seen::Watcher;
use crate::text::Text;
use crate::xml::Xml;
use std::rc::Rc;

/// What begins each value of a JSON text sequence (RFC 7464 section 2.2).
const RECORD_SEPARATOR: u8 = 0x1e;

/// A body, by a scanner. All but the tests have the fastest that the host runs.
#[derive(Debug)]
pub(crate) struct Body<S> {
    pub(crate) judge: Judge,
    /// What looks at the bytes for all else.
    pub(crate) watcher: Option<Box<Watcher>>,
    reader: Reader<S>,
    /// Whether a rule held the body back: nothing more comes out.
    blocked: Option<Blocked>,
}

/// What reads it.
#[derive(Debug)]
pub(crate) enum Reader<S> {
    Json(Box<Json<S>>),
    Records(Box<Records<S>>),
    Events(Box<Events<S>>),
    Xml(Box<Xml>),
    Form(Box<Form>),
    Multipart(Box<Multipart<S>>),
    Text(Text),
}

// === impl Body ===

impl<S: Scan> Body<S> {
    pub(crate) fn new(plan: Rc<Plan>, active: Active, format: &Format, limits: Limits) -> Self {
        let watcher = Watcher::new(Rc::clone(&plan), active.look, format);
        let judge = Judge::new(plan, active, limits);
        let reader = Reader::new(&judge, format);
        Self { judge, watcher, reader, blocked: None }
    }

    pub(crate) fn feed(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), Blocked> {
        self.blocked.map_or(Ok(()), Err)?;
        if let Some(watcher) = &mut self.watcher {
            watcher.feed(chunk);
        }
        let offset = self.judge.offset;
        let fed = self.reader.feed(&mut self.judge, chunk, out);
        self.judge.offset = offset + chunk.len() as u64;
        self.blocked = fed.err();
        fed
    }

    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Blocked> {
        self.blocked.map_or(Ok(()), Err)?;
        let finished = self.reader.finish(&mut self.judge, out);
        self.judge.close();
        self.blocked = finished.err();
        finished
    }

    pub(crate) fn pending(&self) -> &[u8] {
        self.reader.pending()
    }
}

// === impl Reader ===

impl<S: Scan> Reader<S> {
    pub(crate) fn new(judge: &Judge, format: &Format) -> Self {
        match format {
            Format::Json => Self::Json(Box::new(Json::new(judge))),
            Format::Ndjson => Self::Records(Box::new(Records::new(judge, b'\n'))),
            Format::JsonSequence => Self::Records(Box::new(Records::new(judge, RECORD_SEPARATOR))),
            Format::Sse => Self::Events(Box::new(Events::new(judge))),
            Format::Xml => Self::Xml(Box::new(Xml::new(judge))),
            Format::Form => Self::Form(Box::new(Form::new(judge))),
            Format::Multipart(boundary) => Self::Multipart(Box::new(Multipart::new(judge, boundary))),
            Format::Text => Self::Text(Text::default()),
        }
    }

    /// Takes the next bytes, which begin at the judge's offset.
    pub(crate) fn feed(&mut self, judge: &mut Judge, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), Blocked> {
        let offset = judge.offset;
        match self {
            Self::Json(json) => json.feed(judge, chunk, out),
            Self::Records(records) => records.feed(judge, chunk, out),
            Self::Events(events) => events.feed(judge, chunk, out),
            Self::Xml(xml) => xml.feed(judge, chunk, out),
            Self::Form(form) => form.feed(judge, chunk, out),
            Self::Multipart(multipart) => multipart.feed(judge, chunk, out),
            Self::Text(text) => text.feed(judge, chunk, offset, out),
        }
    }

    /// The end.
    pub(crate) fn finish(&mut self, judge: &mut Judge, out: &mut Vec<u8>) -> Result<(), Blocked> {
        match self {
            Self::Json(json) => json.finish(judge, out),
            Self::Records(records) => records.finish(judge, out),
            Self::Events(events) => events.finish(judge, out),
            Self::Xml(xml) => xml.finish(judge, out),
            Self::Form(form) => form.finish(judge, out),
            Self::Multipart(multipart) => multipart.finish(judge, out),
            Self::Text(text) => text.finish(judge, out),
        }
    }

    /// Bytes that came and are not yet in any `out`, as they came.
    pub(crate) fn pending(&self) -> &[u8] {
        match self {
            Self::Json(json) => json.pending(),
            Self::Records(records) => records.pending(),
            Self::Events(events) => events.pending(),
            Self::Xml(xml) => xml.pending(),
            Self::Form(form) => form.pending(),
            Self::Multipart(multipart) => multipart.pending(),
            Self::Text(text) => text.pending(),
        }
    }
}
