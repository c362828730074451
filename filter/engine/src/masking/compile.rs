//! Masking rules as they were written become ones that run.

use super::{Inspection, Masking, Rule};
use crate::access::Around;
use crate::config::masking::{
    Detector, Inspect, Masking as Written, On, Pseudonyms, Shape, Word, Written as WrittenMask,
};
use crate::config::read::Problems;
use crate::config::types::{Glob, NonEmpty};
use crate::config::{self, Mode, nearest};
use crate::hash;
use crate::noted::Notes;
use ostiary_body::detect::{CUSTOM_MAX, Custom, DataType, Detectors, Types};
use ostiary_body::plan::{Look, Plan};
use ostiary_body::rule::{self, Mask, Oversize, RULES_MAX};
use std::rc::Rc;

/// Characters of a data type's name: what a record takes.
const NAME_MAX: usize = 64;
/// What the mask of a rule is where it names none.
const REPLACEMENT: &str = "***";
/// Bytes of a body that are looked at where no rule asks for more and the policy does not say.
const INSPECT_BYTES: u64 = 1 << 20;
/// Calls that are looked into each second where the policy does not say: looking costs about a tenth of a millisecond, so
/// a twentieth of a core.
const INSPECT_PER_SECOND: u32 = 500;
/// The same where the policy samples: what shows data is recorded whatever chance says, so all has to be looked into.
const INSPECT_PER_SECOND_SAMPLED: u32 = 1_000_000;

/// What is written about masking in a layer's base.
pub(crate) struct Sections<'c> {
    pub(crate) detectors: &'c [Detector],
    pub(crate) inspect: Option<&'c Inspect>,
    pub(crate) pseudonyms: Option<&'c Pseudonyms>,
    /// Whether records go anywhere: without, nobody would learn what was found.
    pub(crate) reports: bool,
    /// Whether only a part of the calls has records.
    pub(crate) samples: bool,
    pub(crate) mode: Mode,
}

/// Compiles all masking rules of a policy.
pub(crate) fn compile(
    written: Vec<Written>,
    sections: &Sections<'_>,
    around: &Around<'_>,
    problems: &mut Problems,
) -> Option<Masking> {
    if written.len() > RULES_MAX {
        problems.push("masking", format!("{} rules, at most {RULES_MAX} are taken", written.len()));
        return None;
    }
    let key = key(sections.pseudonyms, problems);
    let custom = custom(sections.detectors, problems);
    let known = Known::new(sections.detectors);
    let mut names = hash::Names::default();
    let (mut rules, mut bodies) = (Vec::new(), Vec::new());
    for (index, rule) in written.into_iter().enumerate() {
        let path = format!("masking[{index}]");
        if names.take(rule.name.as_str(), index).is_some() {
            problems.push(format!("{path}.name"), "another masking rule has this name: records go by it");
        }
        let body = body(&rule, &path, (key.is_some(), &known), problems);
        rules.push(one(rule, &path, sections.mode, &body, around, problems));
        bodies.push(body);
    }
    let inspection = inspection(sections, &known, key.is_some(), problems);
    // What nobody asks for is not looked for.
    let inspected = inspection.responses.union(inspection.requests);
    let enabled = bodies.iter().fold(inspected, |enabled, rule| enabled.union(rule.types));
    let detectors = Rc::new(Detectors::new(enabled, custom));
    let plan = match Plan::new(bodies, detectors, key.map_or(&[], str::as_bytes)) {
        Ok(plan) => plan,
        Err(error) => {
            problems.push("masking", error.to_string());
            return None;
        }
    };
    let key_id = sections.pseudonyms.and_then(|pseudonyms| pseudonyms.key_id.as_ref()).map_or("1", |id| id.as_str());
    Some(Masking { rules, plan: Rc::new(plan), inspection, key_id: key.is_some().then(|| key_id.into()) })
}

/// What is looked at where no rule asks for it; nothing where nobody is told.
fn inspection(sections: &Sections<'_>, known: &Known<'_>, has_key: bool, problems: &mut Problems) -> Inspection {
    let written = sections.inspect;
    let looks = |asked: fn(&Inspect) -> Option<bool>| sections.reports && written.and_then(asked).unwrap_or(true);
    let types = match written.and_then(|inspect| inspect.data_types.as_ref()) {
        Some(globs) => types(globs, "inspect.data_types", known, problems),
        None => known.0.iter().map(|(data_type, _)| *data_type).collect(),
    };
    let (of_responses, of_requests) = (looks(|inspect| inspect.responses), looks(|inspect| inspect.requests));
    let notes = Notes { signs: looks(|inspect| inspect.signs), parameters: looks(|inspect| inspect.parameters) };
    let look =
        |of: bool| Look { signs: notes.signs && of, shapes: notes.parameters && of, ids: has_key, ..Look::default() };
    Inspection {
        responses: if of_responses { types } else { Types::NONE },
        requests: if of_requests { types } else { Types::NONE },
        notes,
        look: look(of_responses),
        look_at_requests: Look { of_request: true, ..look(of_requests) },
        bytes_max: written
            .and_then(|inspect| inspect.max_bytes)
            .map_or(INSPECT_BYTES, |size| u64::try_from(size.bytes()).unwrap_or(u64::MAX)),
        per_second: match written.and_then(|inspect| inspect.max_per_second) {
            Some(calls) => calls.get(),
            None if sections.samples => INSPECT_PER_SECOND_SAMPLED,
            None => INSPECT_PER_SECOND,
        },
    }
}

/// The key of pseudonyms.
fn key<'c>(written: Option<&'c Pseudonyms>, problems: &mut Problems) -> Option<&'c str> {
    let written = written?;
    match (&written.key, &written.key_env) {
        (Some(key), _) => return Some(key.as_str()),
        (None, Some(name)) => problems.push(
            "pseudonyms.key_env",
            format!(
                "the variable `{}` holds no key of 16 to 256 characters: set it in the vm's environment",
                name.as_str()
            ),
        ),
        (None, None) => problems.push("pseudonyms", "give `key`, or name the variable that holds it by `key_env`"),
    }
    None
}

fn one(
    written: Written,
    path: &str,
    mode: Mode,
    body: &rule::Rule,
    around: &Around<'_>,
    problems: &mut Problems,
) -> Rule {
    let scope = crate::access::Scope::compile(path, written.called, around.catalog, around.paths, problems);
    let conditions = around.ground.conditions(path, written.conditions, None, problems);
    let at = format!("{path}.unless");
    let unless = written.unless.map(|unless| {
        let unless = around.ground.conditions(&at, unless, None, problems);
        if unless == crate::access::Conditions::default() {
            problems.push(at.as_str(), "holds no condition, so nothing would ever be masked");
        }
        unless
    });
    let on_request = written.on == Some(On::Request);
    let headers = written.headers.map(|list| list.0.iter().map(|name| name.as_str().into()).collect());
    let headers: Vec<Box<str>> = headers.unwrap_or_default();
    if !body.names_anything() && headers.is_empty() {
        problems.push(path, "masks nothing: give `fields`, `data_types`, `keep_only` or `headers`");
    }
    Rule {
        name: written.name.as_str().into(),
        on_request,
        shadow: written.shadow.unwrap_or(false) || mode == Mode::Shadow,
        scope,
        conditions,
        unless,
        statuses: written.status.map(|list| list.0),
        headers,
    }
}

/// What a rule asks of bodies.
fn body(written: &Written, path: &str, (has_key, known): (bool, &Known<'_>), problems: &mut Problems) -> rule::Rule {
    let paths = |list: &Option<NonEmpty<_>>| list.as_ref().map(|list| list.0.clone()).unwrap_or_default();
    let at = format!("{path}.data_types");
    let mask = written.mask.as_ref().map_or_else(
        || Mask::Replace(REPLACEMENT.to_owned()),
        |mask| self::mask(mask, &format!("{path}.mask"), problems),
    );
    if matches!(mask, Mask::Hash | Mask::Digits) && !has_key {
        problems.push(
            format!("{path}.mask"),
            "needs a key: give `pseudonyms.key`, or name the variable that holds it by `pseudonyms.key_env`",
        );
    }
    let oversize = match (written.on, written.oversize) {
        (Some(On::Request), oversize) => {
            refuses(written, &mask, path, problems);
            oversize.unwrap_or(Oversize::Block)
        }
        (Some(On::Response) | None, oversize) => oversize.unwrap_or_default(),
    };
    rule::Rule {
        fields: paths(&written.fields),
        types: written.data_types.as_ref().map_or(Types::NONE, |globs| types(globs, &at, known, problems)),
        keep_only: paths(&written.keep_only),
        mask,
        numbers: written.numbers.unwrap_or_default(),
        oversize,
        unreadable: written.unreadable.unwrap_or_default(),
    }
}

/// Holds a rule about requests to what it can do.
fn refuses(written: &Written, mask: &Mask, path: &str, problems: &mut Problems) {
    if *mask != Mask::Block {
        problems.push(format!("{path}.mask"), "a request is never changed: write `mask: block`, which refuses it");
    }
    for (key, given) in [
        ("keep_only", written.keep_only.is_some()),
        ("status", written.status.is_some()),
        ("numbers", written.numbers.is_some()),
        ("oversize", written.oversize == Some(Oversize::Mask)),
    ] {
        if given {
            let hint = if key == "oversize" { "write `block` or `pass`" } else { "leave it out" };
            problems.push(format!("{path}.{key}"), format!("says nothing of a request: {hint}"));
        }
    }
}

/// The data types that `*` stands for, by name.
struct Known<'c>(Vec<(DataType, &'c str)>);

impl<'c> Known<'c> {
    fn new(detectors: &'c [Detector]) -> Self {
        let standard = Types::standard().iter().filter_map(|data_type| Some((data_type, data_type.name()?)));
        let custom = (0..).zip(detectors);
        let custom = custom.filter_map(|(number, written)| Some((DataType::custom(number)?, written.name.as_str())));
        Self(standard.chain(custom).collect())
    }
}

/// The users' own detectors.
fn custom(written: &[Detector], problems: &mut Problems) -> Vec<Custom> {
    if written.len() > CUSTOM_MAX {
        problems.push("detectors", format!("{} detectors, at most {CUSTOM_MAX} are taken", written.len()));
    }
    let mut names = hash::Names::default();
    let mut custom = Vec::new();
    for (index, written) in written.iter().enumerate() {
        let (path, name) = (format!("detectors[{index}]"), written.name.as_str());
        if DataType::named(name).is_some() || names.take(name, index).is_some() {
            problems.push(format!("{path}.name"), "a data type has this name: take another one");
        }
        if name.len() > NAME_MAX {
            problems.push(format!("{path}.name"), format!("is longer than {NAME_MAX} characters"));
        }
        let words = written.context.as_ref().map(|list| &list.0[..]).unwrap_or_default();
        let words: Vec<String> = words.iter().map(|word| word.as_str().to_owned()).collect();
        match Custom::new(name.to_owned(), written.pattern.as_str(), written.checksum, &words) {
            Ok(one) => custom.push(one),
            Err(error) => problems.push(format!("{path}.pattern"), error.to_string()),
        }
    }
    custom
}

/// The data types of these names.
fn types(globs: &NonEmpty<Glob>, path: &str, Known(known): &Known<'_>, problems: &mut Problems) -> Types {
    let mut types = Types::NONE;
    for (index, glob) in globs.0.iter().enumerate() {
        // Some data types have to be asked for by name.
        if let Some(data_type) = DataType::named(glob.as_str()) {
            types = types.with(data_type);
            continue;
        }
        let mut fits = false;
        for (data_type, name) in known {
            if crate::access::glob_matches(glob.as_str(), name) {
                types = types.with(*data_type);
                fits = true;
            }
        }
        if !fits {
            let names: Vec<&str> = known.iter().map(|(_, name)| *name).collect();
            let hint = nearest(glob.as_str(), &names).map_or_else(
                || "`filter/detect/DETECTORS.md` lists them".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            problems.push(format!("{path}[{index}]"), format!("no data type is named `{}`: {hint}", glob.as_str()));
        }
    }
    types
}

fn mask(written: &WrittenMask, path: &str, problems: &mut Problems) -> Mask {
    let shape = match written {
        WrittenMask::Word(word) => {
            return match word {
                Word::Hash => Mask::Hash,
                Word::Digits => Mask::Digits,
                Word::Nullify => Mask::Null,
                Word::Remove => Mask::Remove,
                Word::Block => Mask::Block,
            };
        }
        WrittenMask::Shape(shape) => shape,
    };
    shaped(shape).unwrap_or_else(|| {
        problems.push(
            path,
            "give one of `replace`, `keep_first` and `keep_last` (with `with`, one character), `date` and `number`",
        );
        Mask::default()
    })
}

fn shaped(shape: &Shape) -> Option<Mask> {
    let count = |whole: config::values::Whole<0, 1_024>| usize::try_from(whole.get()).unwrap_or(0);
    let keeps = shape.keep_first.is_some() || shape.keep_last.is_some();
    let kinds = [shape.replace.is_some(), keeps, shape.date.is_some(), shape.number.is_some()];
    if kinds.iter().filter(|given| **given).count() != 1 || (shape.with.is_some() && !keeps) {
        return None;
    }
    if let Some(text) = &shape.replace {
        return Some(Mask::Replace(text.as_str().to_owned()));
    }
    if let Some(part) = shape.date {
        return Some(Mask::TruncateDate(part));
    }
    if let Some(digits) = shape.number {
        return Some(Mask::TruncateNumber(u8::try_from(digits.get()).unwrap_or(u8::MAX)));
    }
    let mut with = shape.with.as_ref().map_or("*", |with| with.as_str()).chars();
    let (with, rest) = (with.next()?, with.next());
    rest.is_none().then_some(Mask::Keep {
        first: shape.keep_first.map_or(0, count),
        last: shape.keep_last.map_or(0, count),
        with,
    })
}

#[cfg(test)]
#[path = "compile_tests.rs"]
mod tests;
