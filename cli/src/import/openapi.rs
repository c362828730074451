//! `ostiary import openapi`: what an OpenAPI document describes, as the `apis` of a policy.
//!
//! A document says more about paths than a template can, and a policy says what the filter takes for
//! documented. So the import is exact where it can be, wider with a warning where a template has to
//! take more than the document says, and refused, with the path named, where nothing fits. Whatever
//! comes out was read by the filter's own engine before it is printed.
//!
//! The way: [`source`] reads the document and follows its references, [`operation`] walks its paths,
//! with [`server`] for where they are served and [`shape`] for their templates; [`declare`] makes
//! APIs of them, [`name`] names these, [`mod@write`] prints them.

mod declare;
mod facts;
mod name;
mod notes;
mod operation;
mod server;
mod shape;
mod source;
mod write;

use crate::answer::{Answer, problems_json};
use notes::Notes;
use ostiary_engine::config::read::Problems;
use ostiary_engine::config::types::{NamePattern, Pattern};
use ostiary_engine::policy::Policy;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::PathBuf;
use write::Api;

/// The longest prefix of names, so that what follows it still fits into a name.
const PREFIX_LEN_MAX: usize = 40;

/// Labels by `--label` at most; a policy takes 32 in all.
const LABELS_MAX: usize = 16;

/// What to import and how.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The document (YAML or JSON); `-` reads standard input.
    file: PathBuf,

    /// Which operations make an API.
    #[arg(long, value_enum, default_value_t = Grouping::Tag)]
    group: Grouping,

    /// One API per group instead of one per group and method: shorter, but it declares every method of the group for each of its paths.
    #[arg(long)]
    merge_methods: bool,

    /// Leave out what cannot be declared, with a warning, instead of importing nothing.
    #[arg(long)]
    leave_out: bool,

    /// Begins the name of every API, before a dot; tells the APIs of several documents apart.
    #[arg(long, value_name = "NAME", value_parser = prefix)]
    prefix: Option<String>,

    /// A server in place of the document's own, such as `https://shop.example/v1`, or `/v1` for any host; may be given more than once.
    #[arg(long = "server", value_name = "URL")]
    servers: Vec<String>,

    /// An extension of the document (`x-pci`) whose value becomes a label (`pci`); may be given more than once. `x-owner` becomes the owner by itself.
    #[arg(long = "label", value_name = "EXTENSION", value_parser = extension)]
    labels: Vec<String>,
}

impl Options {
    /// Says that something of the document cannot be declared.
    fn stands_in_the_way(&self, place: &str, why: String, notes: &mut Notes, problems: &mut Problems) {
        if self.leave_out {
            notes.say(place, format!("is left out: {why}"));
        } else {
            problems.push(place, why);
        }
    }
}

/// Which operations make an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Grouping {
    /// Those whose first tag is the same; those without a tag by their path.
    Tag,
    /// Those whose paths begin with the same segment, `api` and versions not counted.
    Path,
    /// All of the document, under its title.
    One,
    /// Each operation by itself, under its operationId.
    Operation,
}

fn prefix(text: &str) -> Result<String, String> {
    if text.len() <= PREFIX_LEN_MAX && NamePattern::is_match(text) {
        return Ok(text.to_owned());
    }
    Err(format!("at most {PREFIX_LEN_MAX} letters, digits, `_`, `-` and `.`, beginning with none of the last two"))
}

fn extension(text: &str) -> Result<String, String> {
    match text.strip_prefix("x-") {
        Some(label) if NamePattern::is_match(label) => Ok(text.to_owned()),
        Some(_) | None => Err("write an extension such as `x-pci`".to_owned()),
    }
}

/// Imports a document.
///
/// # Errors
/// Why it cannot be read.
pub fn run(options: &Options) -> Result<Answer, String> {
    let file = options.file.display();
    if options.labels.len() > LABELS_MAX {
        return Err(format!("{} labels, at most {LABELS_MAX} are taken", options.labels.len()));
    }
    let document = source::read(&options.file)?;
    let mut notes = Notes::default();
    let made = import(&document, options, &mut notes);
    let mut answer = match made {
        Ok(apis) => Answer::good(write::yaml(&apis), write::json(&apis)),
        Err(problems) => refused(&file.to_string(), &problems),
    };
    answer.warnings = notes.into_lines();
    Ok(answer)
}

/// The APIs of a document, as the engine takes them.
///
/// # Errors
/// Everything that stands in the way, each with the path or the key of the document that it is about.
fn import(document: &Value, options: &Options, notes: &mut Notes) -> Result<Vec<Api>, Problems> {
    let mut problems = Problems::default();
    let described = operation::all(document, options, notes, &mut problems);
    let apis = declare::apis(&described, options, notes, &mut problems);
    if problems.is_empty() && apis.is_empty() {
        problems.push("paths", "no operation is in it that could be declared");
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    // What is left for the engine to refuse is about all templates together.
    Policy::from_json(write::json(&apis).to_string().as_bytes()).map(|_| apis)
}

fn refused(file: &str, problems: &Problems) -> Answer {
    let count = problems.len();
    let mut text = format!("{file}: nothing is imported: {count} error{}", if count == 1 { "" } else { "s" });
    for problem in problems.iter() {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  error: {problem}");
    }
    let beyond = count.saturating_sub(problems.iter().count());
    if beyond > 0 {
        let _ = write!(text, "\n  and {beyond} more");
    }
    let json = json!({ "error": "nothing is imported", "errors": problems_json(problems) });
    Answer { json, ..Answer::failed(text) }
}

#[cfg(test)]
#[path = "openapi/openapi_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "openapi/law_tests.rs"]
mod law_tests;
