//! A response on its way back through the filter, as Envoy leads it: what the filter holds comes again with what follows, and
//! an answer of the filter's own takes the place of a response whose head has not left, and ends one whose head has.

use super::host::FakeHost;
use ostiary_engine::pairs::{self, Pairs};
use ostiary_filter::stream::{Flow, Input, Stream};

/// What the upstream answers.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The headers, `:status` first.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body's chunks; none when there is no body.
    pub body: Vec<Vec<u8>>,
    /// The trailers that end it, if any do.
    pub trailers: Vec<(String, Vec<u8>)>,
}

/// The status that headers state; 0 where they state none.
pub fn status(headers: &[(String, Vec<u8>)]) -> u16 {
    let status = headers.iter().find(|(name, _)| name == ":status");
    status.and_then(|(_, value)| std::str::from_utf8(value).ok()?.parse().ok()).unwrap_or(0)
}

/// What left of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Left {
    /// The headers as the filter left them; `None` when they did not leave.
    pub headers: Option<Vec<(String, Vec<u8>)>>,
    /// The pieces of the body, each as it left.
    pub body: Vec<Vec<u8>>,
    /// Whether all of it left.
    pub whole: bool,
    /// The trailers as the filter left them.
    pub trailers: Vec<(String, Vec<u8>)>,
}

/// Leads an answer through the filter.
pub fn pass_back(host: &FakeHost, stream: &mut Stream<FakeHost>, answer: &Answer) -> Left {
    let world = &host.world;
    let mut left = Left::default();
    let replied = || world.reply.borrow().is_some();
    let before = replied();
    *world.answer_headers.borrow_mut() = Some(pairs::serialized(&answer.headers));
    let trailers = !answer.trailers.is_empty();
    let end = answer.body.is_empty() && !trailers;
    let flow = stream.step(Input::ResponseHeaders { end });
    let headers = world.answer_headers.borrow_mut().take().unwrap_or_default();
    if flow == Flow::Stop && (replied() || before) {
        reply_through(stream, replied() && !before);
        return left;
    }
    // A head that is held leaves with the first bytes that do.
    let mut is_held = flow == Flow::Stop;
    let line = |(name, value): (&[u8], &[u8])| (String::from_utf8_lossy(name).into_owned(), value.to_vec());
    let headers: Vec<_> = Pairs::new(&headers).map(line).collect();
    left.headers = (!is_held).then(|| headers.clone());
    let mut held = Vec::new();
    for (index, chunk) in answer.body.iter().enumerate() {
        held.extend_from_slice(chunk);
        let end = index + 1 == answer.body.len() && !trailers;
        let len = held.len();
        *world.answer_body.borrow_mut() = Some(std::mem::take(&mut held));
        let flow = stream.step(Input::ResponseBody { len, end });
        held = world.answer_body.borrow_mut().take().unwrap_or_default();
        if replied() && !before {
            return left;
        }
        if flow == Flow::Continue {
            if std::mem::take(&mut is_held) {
                left.headers = Some(headers.clone());
            }
            left.body.push(std::mem::take(&mut held));
        }
    }
    if trailers {
        *world.answer_trailers.borrow_mut() = Some(pairs::serialized(&answer.trailers));
        // What was let go is not there any more.
        *world.answer_body.borrow_mut() = (!held.is_empty()).then(|| std::mem::take(&mut held));
        let flow = stream.step(Input::ResponseTrailers);
        held = world.answer_body.borrow_mut().take().unwrap_or_default();
        if flow == Flow::Stop {
            return left;
        }
        let lines = world.answer_trailers.borrow_mut().take().unwrap_or_default();
        left.trailers = Pairs::new(&lines).map(line).collect();
        left.headers = Some(headers);
    }
    left.whole = held.is_empty() || trailers;
    if trailers && !held.is_empty() {
        left.body.push(held);
    }
    left
}

/// The filter's own answer comes back through the filter.
fn reply_through(stream: &mut Stream<FakeHost>, replied: bool) {
    if replied {
        assert_eq!(stream.step(Input::ResponseHeaders { end: false }), Flow::Continue);
        assert_eq!(stream.step(Input::ResponseBody { len: 0, end: true }), Flow::Continue);
    }
}
