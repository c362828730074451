//! Whether what a scope names has nothing in common, with itself or with another.

use super::Work;
use crate::access::{OperationPattern, Scope};
use crate::catalog::template::{Segment, segments};
use crate::catalog::{Catalog, Template};
use crate::host::HostPattern;

/// Where each API is served.
pub(super) struct Declared<'c> {
    by_api: Vec<Vec<(&'c HostPattern, &'c str)>>,
}

impl<'c> Declared<'c> {
    pub(super) fn of(catalog: &'c Catalog) -> Self {
        let mut by_api: Vec<Vec<(&HostPattern, &str)>> = catalog.api_names().map(|_| Vec::new()).collect();
        for (api, host, template) in catalog.declared() {
            if let Some(list) = by_api.get_mut(api as usize) {
                list.push((host, template));
            }
        }
        Self { by_api }
    }
}

/// Why no call can be in the scope.
///
/// That an API does not declare a method is no reason: its rules hold for every method on its paths.
pub(super) fn no_call(scope: &Scope, declared: &Declared<'_>, work: &Work) -> Option<&'static str> {
    if let Some(operations) = &scope.operations {
        if !operations.iter().any(|operation| has_method(&operation.method, scope.methods.as_deref())) {
            return Some("its `methods` and `operations` have no method in common");
        }
        let both = |operation: &&OperationPattern| has_method(&operation.method, scope.methods.as_deref());
        let on_paths = |operation: &OperationPattern| has_path(operation.template.as_str(), scope.paths.as_deref());
        if !operations.iter().filter(both).any(on_paths) {
            return Some("its `paths` and `operations` have no path in common");
        }
    }
    let apis = scope.apis.as_ref()?;
    if scope.hosts.is_none() && scope.paths.is_none() && scope.operations.is_none() {
        return None;
    }
    let asked = scope.paths.as_ref().map_or(0, Vec::len) + scope.operations.as_ref().map_or(0, Vec::len) + 1;
    for (host, template) in apis.iter().filter_map(|api| declared.by_api.get(*api as usize)).flatten() {
        work.spend(asked);
        let at_host = scope.hosts.as_ref().is_none_or(|hosts| hosts.iter().any(|own| meet(own, host)));
        let by_path = has_path(template, scope.paths.as_deref());
        let operations = scope.operations.as_ref();
        let by_operation = operations
            .is_none_or(|list| list.iter().any(|operation| templates_meet(template, operation.template.as_str())));
        if work.is_used_up() || (at_host && by_path && by_operation) {
            return None;
        }
    }
    Some("none of its `apis` is served at its hosts and paths")
}

/// Whether no call is in both scopes.
pub(super) fn scopes(one: &Scope, other: &Scope) -> bool {
    // Sorted, and possibly long.
    let apis = match (&one.apis, &other.apis) {
        (Some(one), Some(other)) => one.iter().any(|api| other.binary_search(api).is_ok()),
        (None, _) | (_, None) => true,
    };
    let hosts = both(&one.hosts, &other.hosts, meet);
    let methods = both(&one.methods, &other.methods, |one, other| methods_meet(one, other));
    let paths = both(&one.paths, &other.paths, |one, other| templates_meet(one.as_str(), other.as_str()));
    let operations = both(&one.operations, &other.operations, |one, other| {
        methods_meet(&one.method, &other.method) && templates_meet(one.template.as_str(), other.template.as_str())
    });
    let mixed = |one: &Scope, other: &Scope| {
        one.operations.as_ref().is_some_and(|operations| {
            !operations.iter().any(|operation| {
                has_method(&operation.method, other.methods.as_deref())
                    && has_path(operation.template.as_str(), other.paths.as_deref())
            })
        })
    };
    !(apis && hosts && methods && paths && operations) || mixed(one, other) || mixed(other, one)
}

/// Whether two lists have something in common; no list is any.
fn both<T>(one: &Option<Vec<T>>, other: &Option<Vec<T>>, meet: impl Fn(&T, &T) -> bool) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.iter().any(|one| other.iter().any(|other| meet(one, other))),
        (None, _) | (_, None) => true,
    }
}

fn has_method(method: &str, methods: Option<&[Box<str>]>) -> bool {
    methods.is_none_or(|list| list.iter().any(|own| methods_meet(own, method)))
}

/// `GET` means HEAD too.
fn methods_meet(one: &str, other: &str) -> bool {
    one == other || matches!((one, other), ("GET", "HEAD") | ("HEAD", "GET"))
}

fn has_path(template: &str, paths: Option<&[Template]>) -> bool {
    paths.is_none_or(|list| list.iter().any(|own| templates_meet(own.as_str(), template)))
}

/// Whether a host can match both patterns.
fn meet(one: &HostPattern, other: &HostPattern) -> bool {
    match (one, other) {
        (HostPattern::Any, _) | (_, HostPattern::Any) => true,
        (HostPattern::Exact(host), other) => other.matches(host),
        (one, HostPattern::Exact(host)) => one.matches(host),
        (HostPattern::Below(one), HostPattern::Below(other)) => one.ends_with(&**other) || other.ends_with(&**one),
    }
}

/// Whether a path can match both templates.
fn templates_meet(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (segments(one), segments(other));
    loop {
        match (one.next(), other.next()) {
            (Some(Segment::Rest), _) | (_, Some(Segment::Rest)) | (None, None) => return true,
            (None, Some(_)) | (Some(_), None) => return false,
            (Some(Segment::Literal(one)), Some(Segment::Literal(other))) if one != other => return false,
            (Some(_), Some(_)) => {}
        }
    }
}
