//! How one request is read, and what holds for what it says.
//!
//! A body is held only where something acts on what it says; where that is only recorded, it is looked at as it
//! flows by. So an inventory costs no request its time.

use super::plan::{LIMITS, Protocols, Spoken};
use super::{Said, Unreadable, content, graphql, json_rpc, soap};
use crate::Protocol;
use crate::access::{Circumstances, Met};
use crate::judge::RequestHead;
use crate::refusal::Refusal;

/// Bytes of a body that is looked at for its name alone, where nothing is declared.
const UNDECLARED_BYTES_MAX: usize = 16 << 10;

/// What becomes of a request's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Way {
    /// Nobody asks what it says.
    #[default]
    Unread,
    /// It is looked at as it flows by, for the record.
    Peeked,
    /// It is held until it is whole: what it says decides.
    Held,
}

/// What came of a body.
#[derive(Debug, Clone, Copy)]
pub enum Body<'b> {
    /// It has not come yet.
    Awaited,
    /// All of it.
    Whole(&'b [u8]),
    /// It is longer than is read, or it could not be had.
    TooLong,
}

/// How a request is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading<'p> {
    spoken: Option<&'p Spoken>,
    /// What it speaks; `None` where that has to be recognised.
    pub(crate) protocol: Option<Protocol>,
    pub(crate) way: Way,
    pub(crate) bytes_max: usize,
}

/// What holds for what was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Ruling {
    pub(crate) acting: Option<Refusal>,
    pub(crate) in_shadow: Option<Refusal>,
    /// The limit that was exceeded.
    pub(crate) exceeded: Option<&'static str>,
}

impl Protocols {
    /// How a request to this API is read.
    pub(crate) fn reading(&self, api: Option<u32>, head: &RequestHead<'_>) -> Reading<'_> {
        let spoken = self.of(api);
        let mut reading = Reading {
            spoken,
            protocol: spoken.and_then(|spoken| spoken.protocol),
            way: Way::Unread,
            bytes_max: UNDECLARED_BYTES_MAX,
        };
        if head.protocol != Protocol::Rest {
            reading.protocol = Some(head.protocol);
            return reading;
        }
        match spoken {
            Some(spoken) if spoken.has_bodies() => {
                reading.bytes_max = spoken.bytes_max;
                if !self.shadow && spoken.acts() {
                    reading.way = Way::Held;
                } else if self.reports || spoken.is_named || spoken.limits.any() {
                    reading.way = Way::Peeked;
                }
            }
            _ if reading.protocol.is_none() && self.reports && may_say(head) => reading.way = Way::Peeked,
            _ => {}
        }
        reading
    }
}

/// Whether a request to an API of which nothing is declared may say what it calls.
fn may_say(head: &RequestHead<'_>) -> bool {
    if head.ends {
        return head.path.is_some_and(|target| target.windows(6).any(|part| part == b"query="));
    }
    let speaks = |kind: String| content::is_json(&kind) || kind == "application/graphql" || soap::is_soap(&kind);
    content::kind(head.lines).is_ok_and(speaks) && !content::is_longer(head.lines, UNDECLARED_BYTES_MAX)
}

// === impl Reading ===

impl Reading<'_> {
    /// What a request says; `None` where it says nothing of what it calls, or has not said it yet.
    pub(crate) fn said(&self, head: &RequestHead<'_>, body: Body<'_>) -> Option<Result<Said, Unreadable>> {
        if self.way == Way::Unread {
            return None;
        }
        let target = head.path.unwrap_or_default();
        // What is at the end of the head is whole.
        let body = if head.ends { Body::Whole(b"") } else { body };
        let kind = match body {
            Body::Whole([_, ..]) => content::kind(head.lines),
            _ => Err(Unreadable::Missing),
        };
        let read = |protocol: Protocol| match (protocol, body) {
            (_, Body::Awaited) => None,
            (Protocol::Graphql, Body::Whole(b"")) => graphql::read_query(target).transpose(),
            (Protocol::Soap, Body::Whole(b"")) => {
                Some(soap::action(head.lines).and_then(|action| soap::read(action.as_deref(), None)))
            }
            (_, Body::Whole(b"")) => None,
            (_, Body::TooLong) => Some(Err(Unreadable::TooLarge)),
            (protocol, Body::Whole(body)) => {
                Some(kind.as_deref().map_err(|why| *why).and_then(|kind| match protocol {
                    Protocol::Graphql => graphql::read(kind, body, target),
                    Protocol::JsonRpc => json_rpc::read(kind, body),
                    _ if soap::is_soap(kind) => soap::read(soap::action(head.lines)?.as_deref(), Some(body)),
                    _ => Err(Unreadable::Kind),
                }))
            }
        };
        match (self.protocol, body) {
            (Some(protocol), _) => read(protocol),
            (None, Body::Whole(text)) => recognised(head, kind.as_deref().ok(), text).and_then(read).filter(is_sure),
            (None, _) => None,
        }
    }

    /// What holds for what was said.
    pub(crate) fn ruling(&self, said: &Result<Said, Unreadable>, around: &Circumstances<'_>) -> Ruling {
        let Some(spoken) = self.spoken.filter(|spoken| spoken.has_bodies()) else { return Ruling::default() };
        let (found, acts) = match said {
            // What nobody can read may be anything, so whatever acts on what is said refuses it.
            Err(why) if spoken.is_named || spoken.limits.any() => {
                let refusal =
                    if *why == Unreadable::TooLarge { Refusal::BodyTooLarge } else { Refusal::BodyUnreadable };
                (Some((refusal, None)), spoken.acts())
            }
            Err(_) => (None, false),
            Ok(said) => (exceeds(spoken, said, around), !spoken.limits.shadow),
        };
        let refusal = found.map(|(refusal, _)| refusal);
        Ruling {
            acting: refusal.filter(|_| acts),
            in_shadow: refusal.filter(|_| !acts),
            exceeded: found.and_then(|(_, limit)| limit),
        }
    }

    /// The protocol that it is declared to speak, where what is called stands in bodies.
    pub(crate) fn in_bodies(&self) -> Option<Protocol> {
        self.protocol.filter(|_| self.spoken.is_some_and(Spoken::has_bodies))
    }

    /// Whether rules name what this request may call.
    pub(crate) fn is_named(&self) -> bool {
        self.spoken.is_some_and(|spoken| spoken.is_named)
    }
}

/// What a body of this content type may be, by words that it must have.
fn recognised(head: &RequestHead<'_>, kind: Option<&str>, body: &[u8]) -> Option<Protocol> {
    if head.ends {
        return Some(Protocol::Graphql);
    }
    let kind = kind?;
    let has = |word: &[u8]| body.windows(word.len()).any(|part| part == word);
    if kind == "application/graphql" {
        Some(Protocol::Graphql)
    } else if content::is_json(kind) {
        let graphql = has(b"\"query\"") || has(b"\"persistedQuery\"");
        if has(b"\"jsonrpc\"") { Some(Protocol::JsonRpc) } else { graphql.then_some(Protocol::Graphql) }
    } else {
        let says = kind == "application/soap+xml" || head.lines.named("soapaction").next().is_some();
        (soap::is_soap(kind) && says).then_some(Protocol::Soap)
    }
}

/// Where nothing is declared, only what can be read is taken for what it looks like.
fn is_sure(said: &Result<Said, Unreadable>) -> bool {
    said.as_ref().is_ok_and(|said| !said.names.is_empty())
}

/// The first limit that is exceeded. Where it cannot be known whether somebody is excepted, nobody is.
fn exceeds(spoken: &Spoken, said: &Said, around: &Circumstances<'_>) -> Option<(Refusal, Option<&'static str>)> {
    let measures = said.measures.unwrap_or_default();
    let limits = &spoken.limits;
    let is_exempt = || limits.exempt.iter().any(|conditions| conditions.met(around) == Met::Yes);
    if limits.denies_introspection && measures.introspects && !is_exempt() {
        return Some((Refusal::GraphqlIntrospection, Some("introspection")));
    }
    let have = [
        said.requests,
        measures.depth,
        measures.aliases,
        measures.root_fields,
        measures.directives,
        measures.complexity,
    ];
    let over = LIMITS.iter().zip(limits.most).zip(have).find(|((_, most), have)| most.is_some_and(|most| *have > most));
    over.map(|((limit, _), _)| (Refusal::BodyLimit, Some(*limit)))
}
