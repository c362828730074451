//! Where operations are served: the servers of a document as host patterns and base paths.
//!
//! A server's variables with an `enum` are written out, each choice. A variable without one may be
//! anything: in the host it becomes `*.` before what follows it, in the base path a parameter. The
//! scheme and the port do not matter, because a request's host is matched without them.

use super::notes::Notes;
use super::shape::Shape;
use super::source::scalar;
use ostiary_engine::config::read::Problems;
use ostiary_engine::host::{self, HostPattern};
use serde_json::{Map, Value};

/// Servers that the variables of one URL may stand for, at most.
const CHOICES_MAX: usize = 256;

/// One place where operations are served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The host as a policy writes it; `*` for any.
    pub host: String,
    /// The path that all templates begin with.
    pub base: Shape,
}

/// What is being read, and where what is found out goes.
pub struct Reader<'n> {
    /// Where the server stands, for messages.
    pub at: String,
    /// Warnings.
    pub notes: &'n mut Notes,
    /// What cannot be imported.
    pub problems: &'n mut Problems,
}

impl Reader<'_> {
    /// The places of a list of servers.
    pub fn servers(&mut self, list: &[Value]) -> Vec<Place> {
        let mut places = Vec::new();
        let at = std::mem::take(&mut self.at);
        for (index, server) in list.iter().enumerate() {
            self.at = format!("{at}servers[{index}].url");
            let none = Map::new();
            let variables = server.get("variables").and_then(Value::as_object).unwrap_or(&none);
            match server.get("url").and_then(Value::as_str) {
                Some(url) => self.server(url, variables, &mut places),
                None => self.problems.push(self.at.as_str(), "a server's URL is missing, or is no text"),
            }
        }
        places
    }

    /// The places of one server.
    pub fn server(&mut self, url: &str, variables: &Map<String, Value>, places: &mut Vec<Place>) {
        match self.choices(url, variables) {
            Ok(urls) => {
                for url in urls {
                    match self.place(&url) {
                        Ok(place) if !places.contains(&place) => places.push(place),
                        Ok(_) => {}
                        Err(why) => self.problems.push(self.at.as_str(), format!("`{url}`: {why}")),
                    }
                }
            }
            Err(why) => self.problems.push(self.at.as_str(), format!("`{url}`: {why}")),
        }
    }

    /// The URLs that a URL with variables stands for; what may be anything stays in them as `{name}`.
    fn choices(&mut self, url: &str, variables: &Map<String, Value>) -> Result<Vec<String>, String> {
        let mut urls = vec![url.to_owned()];
        for name in names(url)? {
            let variable = variables.get(name);
            let default = variable.and_then(|variable| variable.get("default")).and_then(scalar);
            let list = variable.and_then(|variable| variable.get("enum")).and_then(Value::as_array);
            let mut values: Vec<String> = list.into_iter().flatten().filter_map(scalar).collect();
            let begins = url.starts_with(&format!("{{{name}}}")) && !url.contains("://");
            match default {
                Some(default) if !values.is_empty() => {
                    if !values.contains(&default) {
                        self.notes.say(&self.at, format!("the default `{default}` of `{name}` is not in its `enum`"));
                        values.push(default);
                    }
                }
                // It would be scheme, host and path at once, or any number of segments.
                Some(default) if begins || default.is_empty() || default.contains('/') => {
                    let message = format!("`{{{name}}}` has no `enum`: only its default `{default}` is declared");
                    self.notes.say(&self.at, message);
                    values.push(default);
                }
                None if begins && values.is_empty() => {
                    return Err(format!("nothing says what `{{{name}}}` is: name the server with `--server`"));
                }
                Some(_) | None => {}
            }
            if values.is_empty() {
                self.notes.say(&self.at, format!("`{{{name}}}` has no `enum`: any value of it is declared"));
                continue;
            }
            if urls.len() * values.len() > CHOICES_MAX {
                return Err(format!(
                    "its variables stand for more than {CHOICES_MAX} servers: name them with `--server`"
                ));
            }
            let all = urls.iter().flat_map(|url| values.iter().map(|value| url.replace(&format!("{{{name}}}"), value)));
            urls = all.collect();
        }
        Ok(urls)
    }

    fn place(&mut self, url: &str) -> Result<Place, String> {
        let (authority, path) = parts(url)?;
        let host = match authority {
            Some(authority) => self.host(authority)?,
            None => "*".to_owned(),
        };
        let path = path.trim_start_matches("./").trim_start_matches("../");
        if authority.is_none() && !path.is_empty() && !path.starts_with('/') {
            self.notes.say(&self.at, "it is relative to where the document is served: taken to begin at the root");
        }
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let shaped = Shape::of(&path, &|_| false)?;
        for note in shaped.notes {
            self.notes.say(&self.at, note);
        }
        Ok(Place { host, base: shaped.shape })
    }

    /// The host pattern of an authority.
    fn host(&mut self, authority: &str) -> Result<String, String> {
        if authority.contains('@') {
            return Err("a server holds no user information".to_owned());
        }
        let (name, port) = match authority.rsplit_once(':') {
            Some((name, port)) if port.starts_with('{') => (name, ""),
            Some((name, port)) if !port.contains(']') => (name, port),
            Some(_) | None => (authority, ""),
        };
        if !port.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!("`{port}` is no port"));
        }
        if name.contains('{') {
            let varying = name.rsplit_once('}').map_or("", |(_, fixed)| fixed);
            // What stands in one label with the variable varies with it.
            let fixed = varying.split_once('.').map_or("", |(_, fixed)| fixed);
            let pattern = if fixed.is_empty() { "*".to_owned() } else { format!("*.{fixed}") };
            let pattern = HostPattern::parse(&pattern)?.text().into_owned();
            self.notes.say(&self.at, format!("the host `{name}` is written `{pattern}`"));
            return Ok(pattern);
        }
        let form = if name.starts_with("*.") { name.into() } else { canonical(name)? };
        Ok(HostPattern::parse(&form)?.text().into_owned())
    }
}

fn canonical(name: &str) -> Result<std::borrow::Cow<'_, str>, String> {
    host::canonical(name.as_bytes()).map_err(|_| format!("`{name}` is no host"))
}

/// The variables of a URL, each once.
fn names(url: &str) -> Result<Vec<&str>, String> {
    let mut names = Vec::new();
    let mut rest = url;
    while let Some((_, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or("it holds a `{` that is not closed")?;
        if !names.contains(&name) {
            names.push(name);
        }
        rest = after;
    }
    Ok(names)
}

/// Authority and path of a URL; no authority when it is relative.
fn parts(url: &str) -> Result<(Option<&str>, &str), String> {
    let absolute = match url.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => {
            let known = ["http", "https", "ws", "wss"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
            if !known && !scheme.starts_with('{') {
                return Err(format!("`{scheme}` is not HTTP"));
            }
            Some(rest)
        }
        Some(_) | None => url.strip_prefix("//"),
    };
    if let Some(rest) = absolute {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        return Ok((Some(authority), path));
    }
    let first = url.split('/').next().unwrap_or_default();
    if !["", ".", ".."].contains(&first) && first.contains(['.', ':']) {
        return Err("it is relative; if it begins with a host, write `https://` before it".to_owned());
    }
    Ok((None, url))
}
