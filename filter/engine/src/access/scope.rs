//! The scope of a rule: what is called.

use super::conditions::Met;
use super::rule::{Call, glob_matches};
use crate::attributes::Unknown;
use crate::catalog::{Catalog, Template};
use crate::config::access as written;
use crate::config::nearest;
use crate::config::read::{Context, Kind, Problems, Read};
use crate::config::schema::Definitions;
use crate::config::types::{Line, Method, NonEmpty};
use crate::host::HostPattern;
use crate::path::PathRules;
use crate::protocol::Member;
use serde_json::{Value, json};

/// An operation as a rule names it: `GET /orders/{id}`, and behind it what the body calls:
/// `POST /graphql mutation {pay}`, `POST /mcp tools/call *`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationPattern {
    pub(crate) method: Box<str>,
    pub(crate) template: Template,
    /// A name, in which `*` stands for any part; `None` for whatever is called.
    pub(crate) name: Option<Box<str>>,
}

impl OperationPattern {
    /// Whether what a body calls has the name. What cannot be known, cannot be known.
    fn is_called(&self, named: Option<&[Member]>) -> Met {
        let Some(glob) = &self.name else { return Met::Yes };
        let Some(members) = named else { return Met::Unknown };
        let has_name = |member: &Member| member.labels.iter().any(|label| glob_matches(glob, label));
        match (members.iter().any(has_name), members.iter().any(|member| member.is_doubtful)) {
            (true, _) => Met::Yes,
            (false, true) => Met::Unknown,
            (false, false) => Met::No,
        }
    }
}

impl Read for OperationPattern {
    const EXPECTED: &'static str = "an operation such as `GET /orders/{id}`";
    const TAKES: &'static [Kind] = &[Kind::Text];

    fn text(context: &mut Context, text: &str) -> Option<Self> {
        let Some((method, rest)) = text.split_once(' ') else {
            context.mismatched_text(Self::EXPECTED, text);
            return None;
        };
        let (path, name) = rest.split_once(' ').map_or((rest, None), |(path, name)| (path, Some(name)));
        if name.is_some_and(|name| name.is_empty() || name.len() > 256 || name.contains(char::is_control)) {
            context.problem("what the body calls is a name of at most 256 bytes");
            return None;
        }
        let (method, template) = (Method::text(context, method), Template::text(context, path));
        Some(Self { method: method?.as_str().into(), template: template?, name: name.map(Into::into) })
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "string", "pattern": "^[A-Z][^ ]* /" })
    }
}

/// What is called. `None` means any.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) apis: Option<Vec<u32>>,
    pub(crate) operations: Option<Vec<OperationPattern>>,
    pub(crate) hosts: Option<Vec<HostPattern>>,
    pub(crate) methods: Option<Vec<Box<str>>>,
    pub(crate) paths: Option<Vec<Template>>,
    pub(crate) routes: Option<Vec<Box<str>>>,
    pub(crate) filter_chains: Option<Vec<Box<str>>>,
}

impl Scope {
    /// Compiles what was written at `path`. A name that no declared API has is a problem, because a
    /// rule that never matches protects nothing.
    pub(crate) fn compile(
        path: &str,
        written: written::Scope,
        catalog: &Catalog,
        rules: &PathRules,
        problems: &mut Problems,
    ) -> Self {
        let apis = written.apis.as_ref().map(|globs| {
            let mut named = Vec::new();
            for (index, glob) in globs.0.iter().enumerate() {
                let before = named.len();
                let all = (0..).zip(catalog.api_names());
                named.extend(all.filter(|(_, name)| glob_matches(glob.as_str(), name)).map(|(api, _)| api));
                if named.len() == before {
                    problems.push(format!("{path}.apis[{index}]"), no_such_api(glob.as_str(), catalog));
                }
            }
            crate::order::sort_numbers(&mut named);
            named.dedup();
            named
        });
        let names =
            |list: Option<NonEmpty<Line>>| list.map(|list| list.0.iter().map(|name| name.as_str().into()).collect());
        let operation =
            |written: OperationPattern| OperationPattern { template: written.template.read_by(rules), ..written };
        Self {
            apis,
            operations: written.operations.map(|list| list.0.into_iter().map(operation).collect()),
            hosts: written.hosts.map(|list| list.0),
            methods: written.methods.map(|list| list.0.iter().map(|method| method.as_str().into()).collect()),
            paths: written.paths.map(|list| list.0.iter().map(|template| template.read_by(rules)).collect()),
            routes: names(written.routes),
            filter_chains: names(written.filter_chains),
        }
    }

    /// Whether of every call it is known whether it is in the scope: nothing has to be asked of Envoy, or read
    /// in a body.
    pub(crate) fn is_always_known(&self) -> bool {
        self.routes.is_none() && self.filter_chains.is_none() && !self.names_calls()
    }

    /// Whether it asks for what a body calls.
    pub(crate) fn names_calls(&self) -> bool {
        self.operations.iter().flatten().any(|operation| operation.name.is_some())
    }

    /// Whether the call is in the scope.
    pub(crate) fn holds(&self, call: &Call<'_>) -> Met {
        // HEAD is GET without the content: a rule about GET that HEAD evades would protect nothing.
        let named = |method: &str| method == call.method || (method == "GET" && call.method == "HEAD");
        let on_path = |template: &Template| template.matches(call.path.segments());
        let head = self.apis.as_ref().is_none_or(|list| call.api.is_some_and(|api| list.binary_search(&api).is_ok()))
            && self.methods.as_ref().is_none_or(|list| list.iter().any(|method| named(method)))
            && self.hosts.as_ref().is_none_or(|list| list.iter().any(|host| host.matches(call.host)))
            && self.paths.as_ref().is_none_or(|list| list.iter().any(on_path));
        let operations = if head { self.called(call, &named) } else { Met::No };
        if operations == Met::No {
            return Met::No;
        }
        operations
            .and(among(self.routes.as_deref(), || call.around.route()))
            .and(among(self.filter_chains.as_deref(), || call.around.filter_chain()))
    }

    /// Whether one of the operations is called.
    fn called(&self, call: &Call<'_>, named: &dyn Fn(&str) -> bool) -> Met {
        let Some(list) = &self.operations else { return Met::Yes };
        let on_path = list
            .iter()
            .filter(|operation| named(&operation.method) && operation.template.matches(call.path.segments()));
        let mut called = Met::No;
        for operation in on_path {
            match operation.is_called(call.named) {
                Met::Yes => return Met::Yes,
                Met::Unknown => called = Met::Unknown,
                Met::No => {}
            }
        }
        called
    }
}

/// Whether what Envoy names is among the names; what is not wanted is not asked.
fn among<'n>(names: Option<&[Box<str>]>, named: impl FnOnce() -> Result<Option<&'n [u8]>, Unknown>) -> Met {
    let Some(names) = names else { return Met::Yes };
    match named() {
        Ok(name) => Met::known(name.is_some_and(|name| names.iter().any(|known| known.as_bytes() == name))),
        Err(Unknown) => Met::Unknown,
    }
}

fn no_such_api(glob: &str, catalog: &Catalog) -> String {
    let names: Vec<&str> = catalog.api_names().collect();
    match nearest(glob, &names) {
        Some(near) => format!("`{glob}` names no declared api, did you mean `{near}`?"),
        None => format!("`{glob}` names no declared api: declare it under `apis`"),
    }
}
