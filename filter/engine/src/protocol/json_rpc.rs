//! JSON-RPC 2.0 (<https://www.jsonrpc.org/specification>), and what the Model Context Protocol calls by it: a
//! tool and a prompt by their names, a resource by the scheme of its address.

use super::{BATCH_MAX, Member, Said, Unreadable, content, is_plain, plain, whole};
use crate::Protocol;
use crate::config::json;
use crate::config::read::{Broken, Entries, Ignored, Item, Sink};
use crate::quota::body::is_named;

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
    if body.is_empty() {
        return Err(Unreadable::Missing);
    }
    let mut requests = Requests { list: Vec::new(), is_batch: false, is_within: false, trouble: None };
    let walked = json::walk(body, &mut requests);
    if let Some(trouble) = requests.trouble {
        return Err(trouble);
    }
    walked.map_err(|_| Unreadable::Syntax)?;
    let mut said = Said { protocol: Protocol::JsonRpc, is_batch: requests.is_batch, ..Said::default() };
    for asked in &requests.list {
        take(asked, &mut said)?;
    }
    match (&requests.list[..], said.is_batch) {
        ([], _) => return Err(Unreadable::Missing),
        ([only], false) => said.id = only.id.as_deref().map(Into::into),
        _ => {}
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

/// The requests of a body.
struct Requests {
    list: Vec<Asked>,
    is_batch: bool,
    is_within: bool,
    trouble: Option<Unreadable>,
}

impl Sink for Requests {
    fn take(&mut self, item: Item<'_>) -> Result<(), Broken> {
        match item {
            Item::Object(object) => self.request(object),
            Item::List(list) if !self.is_within => {
                (self.is_batch, self.is_within) = (true, true);
                while list.next(self)? {}
                self.is_within = false;
                Ok(())
            }
            item => {
                self.trouble = Some(Unreadable::Syntax);
                Ignored.take(item)
            }
        }
    }
}

/// What a request says, by the names that servers read; those from the seventh on are within `params`.
const NAMES: [&str; 6] = ["method", "params", "id", "jsonrpc", "result", "error"];
const IN_PARAMS: [&str; 2] = ["name", "uri"];

impl Requests {
    fn request(&mut self, object: &mut dyn Entries) -> Result<(), Broken> {
        let mut asked = Asked::default();
        let twice = each(object, &NAMES, &mut |at, object| {
            let (mut text, mut value) = (None, Value::Nothing);
            if at == 1 {
                let mut params = Params { asked: &mut asked, is_twice: false };
                object.value(&mut params)?;
                return Ok(params.is_twice);
            }
            object.value(&mut Scalar { text: &mut text, value: &mut value })?;
            match at {
                0 => asked.method = text,
                2 => asked.id = id(text.as_deref(), &value),
                3 => asked.is_versioned = text.as_deref() == Some("2.0"),
                _ => asked.is_answer = true,
            }
            Ok(false)
        })?;
        if twice {
            self.trouble = Some(Unreadable::Ambiguous);
        }
        if self.list.len() == BATCH_MAX {
            self.trouble = Some(Unreadable::TooMany);
        } else {
            self.list.push(asked);
        }
        Ok(())
    }
}

/// Takes the values of some keys by their number; gives whether one stood twice or held one that did.
fn each(
    object: &mut dyn Entries,
    names: &[&str],
    take: &mut dyn FnMut(usize, &mut dyn Entries) -> Result<bool, Broken>,
) -> Result<bool, Broken> {
    let (mut seen, mut is_twice) = (0_u32, false);
    while let Some(key) = object.next_key()? {
        match names.iter().position(|name| is_named(&key, name)) {
            Some(at) => {
                is_twice |= seen & (1 << at) != 0;
                seen |= 1 << at;
                is_twice |= take(at, object)?;
            }
            None => object.value(&mut Ignored)?,
        }
    }
    Ok(is_twice)
}

struct Params<'a> {
    asked: &'a mut Asked,
    is_twice: bool,
}

impl Sink for Params<'_> {
    fn take(&mut self, item: Item<'_>) -> Result<(), Broken> {
        let Item::Object(object) = item else { return Ignored.take(item) };
        let asked = &mut *self.asked;
        self.is_twice = each(object, &IN_PARAMS, &mut |at, object| {
            let slot = if at == 0 { &mut asked.name } else { &mut asked.uri };
            object.value(&mut Scalar { text: slot, value: &mut Value::Nothing })?;
            Ok(false)
        })?;
        Ok(())
    }
}

/// What is no text.
enum Value {
    Nothing,
    Number(f64),
}

/// Takes a single value.
struct Scalar<'a> {
    text: &'a mut Option<String>,
    value: &'a mut Value,
}

impl Sink for Scalar<'_> {
    fn take(&mut self, item: Item<'_>) -> Result<(), Broken> {
        match item {
            Item::Text(text) => *self.text = Some(text.to_owned()),
            Item::Number(number) => *self.value = Value::Number(number),
            item => Ignored.take(item)?,
        }
        Ok(())
    }
}

/// The id as an answer has to carry it: a whole number, or a text that needs no escapes.
fn id(text: Option<&str>, value: &Value) -> Option<String> {
    match (text, value) {
        (Some(text), _) if text.len() <= ID_BYTES_MAX && is_plain(text) => Some(format!("\"{text}\"")),
        (None, Value::Number(number)) => whole(*number).map(|number| number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
#[path = "json_rpc_tests.rs"]
mod tests;
