//! JSON-RPC 2.0 (<https://www.jsonrpc.org/specification>), and what the Model Context Protocol calls by it: a
//! tool and a prompt by their names, a resource by the scheme of its address.

use super::requests::{self, keys};
use super::{Member, Said, Unreadable, content, is_plain, plain, whole};
use crate::Protocol;
use crate::config::json::Scalar;
use crate::config::read::{Broken, Entries, Ignored, Item, Sink};

/// The longest id that is told back, in bytes.
const ID_BYTES_MAX: usize = 64;

/// One request.
#[derive(Debug, Default)]
struct Asked {
    method: Option<String>,
    /// `params.name`, and `params.uri`.
    name: Option<String>,
    uri: Option<String>,
    id: Option<String>,
    /// Whether it says which version it speaks.
    is_versioned: bool,
    /// Whether it is an answer: MCP's clients send some.
    is_answer: bool,
}

/// Reads a body of this content type.
///
/// # Errors
/// Why it cannot be read, or in more than one way.
pub fn read(kind: &str, body: &[u8]) -> Result<Said, Unreadable> {
    if !(content::is_json(kind) || matches!(kind, "application/json-rpc" | "application/jsonrequest")) {
        return Err(Unreadable::Kind);
    }
    let mut said = Said { protocol: Protocol::JsonRpc, ..Said::default() };
    let mut list = Vec::new();
    said.is_batch = requests::walk(body, &mut |object| {
        let mut asked = Asked::default();
        let is_twice = request(object, &mut asked)?;
        list.push(asked);
        Ok(is_twice.then_some(Unreadable::Ambiguous))
    })?;
    for asked in &list {
        take(asked, &mut said)?;
    }
    if !said.is_batch {
        said.id = list.first().and_then(|only| only.id.as_deref()).map(Into::into);
    }
    Ok(said)
}

fn take(asked: &Asked, said: &mut Said) -> Result<(), Unreadable> {
    said.requests += 1;
    let Some(method) = &asked.method else {
        let answer = Member { labels: vec!["response".into()], is_doubtful: false };
        return if asked.is_answer { said.call("response", answer) } else { Err(Unreadable::Syntax) };
    };
    if !asked.is_versioned {
        return Err(Unreadable::Syntax);
    }
    let scheme = asked.uri.as_deref().map(|uri| uri.split_once(':').map_or("", |(scheme, _)| scheme));
    let target = match &**method {
        "tools/call" | "prompts/get" => asked.name.as_deref(),
        "resources/read" | "resources/subscribe" | "resources/unsubscribe" => scheme,
        _ => None,
    };
    let told = match target {
        Some(target) => format!("{} {}", plain(method), plain(target)),
        None => plain(method).to_owned(),
    };
    let mut labels: Vec<Box<str>> = vec![method.as_str().into()];
    labels.extend(target.map(|target| format!("{method} {target}").into()));
    said.call(&told, Member { labels, is_doubtful: false })
}

/// What a request says, by the names that servers read, and what its `params` say.
const NAMES: [&str; 6] = ["method", "params", "id", "jsonrpc", "result", "error"];
const IN_PARAMS: [&str; 2] = ["name", "uri"];

/// Takes what a request says; gives whether something stands twice in it.
fn request(object: &mut dyn Entries, asked: &mut Asked) -> Result<bool, Broken> {
    keys(object, &NAMES, &mut |at, object| {
        if at == 1 {
            let mut params = Params { asked: &mut *asked, is_twice: false };
            object.value(&mut params)?;
            return Ok(params.is_twice);
        }
        let mut value = Scalar::default();
        object.value(&mut value)?;
        match at {
            0 => asked.method = value.text,
            2 => asked.id = id(&value),
            3 => asked.is_versioned = value.text.as_deref() == Some("2.0"),
            _ => asked.is_answer = true,
        }
        Ok(false)
    })
}

struct Params<'a> {
    asked: &'a mut Asked,
    is_twice: bool,
}

impl Sink for Params<'_> {
    fn take(&mut self, item: Item<'_>) -> Result<(), Broken> {
        let Item::Object(object) = item else { return Ignored.take(item) };
        let asked = &mut *self.asked;
        self.is_twice = keys(object, &IN_PARAMS, &mut |at, object| {
            let mut value = Scalar::default();
            object.value(&mut value)?;
            *(if at == 0 { &mut asked.name } else { &mut asked.uri }) = value.text;
            Ok(false)
        })?;
        Ok(())
    }
}

/// The id as an answer has to carry it: a whole number, or a text that needs no escapes.
fn id(value: &Scalar) -> Option<String> {
    match (&value.text, value.number) {
        (Some(text), _) if text.len() <= ID_BYTES_MAX && is_plain(text) => Some(format!("\"{text}\"")),
        (None, Some(number)) => whole(number).map(|number| number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
#[path = "json_rpc_tests.rs"]
mod tests;
