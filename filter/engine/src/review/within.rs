//! Whether what one rule takes is within what another takes.
//!
//! Each function says yes only where that is so for every call whatever, in the order of answers that
//! [`super`] describes; a no says nothing.

use super::Work;
use crate::access::{Atom, Conditions, Exemption, OperationPattern, Rule, Scope, Test, glob_matches};
use crate::catalog::Template;
use crate::catalog::template::Segment;
use crate::config::access::Scheme;
use crate::host::HostPattern;
use std::sync::Arc;

/// Whether all that `inner` has in its scope and all that meets its conditions is so with `outer` too.
pub(super) fn rule(inner: &Rule, outer: &Rule, work: &Work) -> bool {
    let lasts = outer.expires_s.is_none_or(|end_s| inner.expires_s.is_some_and(|own_s| own_s <= end_s));
    lasts
        && scope(&inner.scope, &outer.scope, work)
        && conditions(&inner.conditions, &outer.conditions, work)
        && exemptions(inner, outer, work)
}

/// Whether what `outer` leaves out is left out by `inner` too, or is not in its scope.
fn exemptions(inner: &Rule, outer: &Rule, work: &Work) -> bool {
    let within = |own: &Exemption, exempt: &Exemption| {
        scope(&exempt.scope, &own.scope, work) && conditions(&exempt.conditions, &own.conditions, work)
    };
    outer.exempt.iter().all(|exempt| {
        inner.exempt.iter().any(|own| within(own, exempt)) || super::apart::scopes(&inner.scope, &exempt.scope)
    })
}

/// Whether every call in one scope is in the other.
pub(super) fn scope(inner: &Scope, outer: &Scope, work: &Work) -> bool {
    apis(inner, outer)
        && hosts(inner, outer, work)
        && methods(inner, outer, work)
        && paths(inner, outer, work)
        && operations(inner, outer, work)
        && names(inner.routes.as_deref(), outer.routes.as_deref(), work)
        && names(inner.filter_chains.as_deref(), outer.filter_chains.as_deref(), work)
}

/// Both are sorted, and a pattern of names may stand for many.
fn apis(inner: &Scope, outer: &Scope) -> bool {
    let Some(outer) = &outer.apis else { return true };
    inner.apis.as_ref().is_some_and(|own| own.iter().all(|api| outer.binary_search(api).is_ok()))
}

fn names(inner: Option<&[Box<str>]>, outer: Option<&[Box<str>]>, work: &Work) -> bool {
    let Some(outer) = outer else { return true };
    inner.is_some_and(|inner| work.each(inner, outer, |inner, outer| inner == outer))
}

fn hosts(inner: &Scope, outer: &Scope, work: &Work) -> bool {
    let Some(outer) = &outer.hosts else { return true };
    work.each(inner.hosts.as_deref().unwrap_or(&[HostPattern::Any]), outer, host)
}

fn host(inner: &HostPattern, outer: &HostPattern) -> bool {
    match (inner, outer) {
        (_, HostPattern::Any) => true,
        (HostPattern::Exact(host), outer) => outer.matches(host),
        (HostPattern::Below(inner), HostPattern::Below(outer)) => inner.ends_with(&**outer),
        (HostPattern::Any, _) | (HostPattern::Below(_), HostPattern::Exact(_)) => false,
    }
}

/// `GET` means HEAD too.
fn method(inner: &str, outer: &str) -> bool {
    inner == outer || (inner == "HEAD" && outer == "GET")
}

fn methods(inner: &Scope, outer: &Scope, work: &Work) -> bool {
    let Some(outer) = &outer.methods else { return true };
    let own = inner.methods.as_ref().is_some_and(|own| work.each(own, outer, |inner, outer| method(inner, outer)));
    let operations = inner.operations.as_ref();
    own || operations.is_some_and(|own| work.each(own, outer, |inner, outer| method(&inner.method, outer)))
}

fn paths(inner: &Scope, outer: &Scope, work: &Work) -> bool {
    let Some(outer) = &outer.paths else { return true };
    let own = inner.paths.as_ref().is_some_and(|own| work.each(own, outer, template));
    let operations = inner.operations.as_ref();
    own || operations.is_some_and(|own| work.each(own, outer, |inner, outer| template(&inner.template, outer)))
}

fn operations(inner: &Scope, outer: &Scope, work: &Work) -> bool {
    let Some(outer) = &outer.operations else { return true };
    let operation = |inner: &OperationPattern, outer: &OperationPattern| {
        let name = outer.name.is_none() || inner.name == outer.name;
        name && method(&inner.method, &outer.method) && template(&inner.template, &outer.template)
    };
    if inner.operations.as_ref().is_some_and(|own| work.each(own, outer, operation)) {
        return true;
    }
    let (Some(methods), Some(paths)) = (&inner.methods, &inner.paths) else { return false };
    methods.iter().all(|own| {
        let by_method: Vec<&OperationPattern> =
            outer.iter().filter(|outer| outer.name.is_none() && method(own, &outer.method)).collect();
        work.each(paths, &by_method, |inner, outer| template(inner, &outer.template))
    })
}

/// Whether every path that one template takes is taken by the other.
pub(super) fn template(inner: &Template, outer: &Template) -> bool {
    let (mut inner, mut outer) = (inner.segments(), outer.segments());
    loop {
        match (inner.next(), outer.next()) {
            (_, Some(Segment::Rest)) | (None, None) => return true,
            (Some(Segment::Literal(_) | Segment::One), Some(Segment::One)) => {}
            (Some(Segment::Literal(inner)), Some(Segment::Literal(outer))) if inner == outer => {}
            _ => return false,
        }
    }
}

/// Whether the answer of each of `outer`'s conditions is never before the least of `inner`'s.
fn conditions(inner: &Conditions, outer: &Conditions, work: &Work) -> bool {
    wants(outer).all(|outer| wants(inner).any(|inner| inner.is_within(outer, work)))
}

/// Whether conditions are never all known to be met.
pub(super) fn contradict(conditions: &Conditions, work: &Work) -> bool {
    let wanted: Vec<Want<'_>> = wants(conditions).collect();
    let excluded = |one: &Want<'_>, other: &Want<'_>| one.is_within(other.turned(), work) || one.never_with(*other);
    wanted.iter().enumerate().any(|(index, one)| wanted.iter().skip(index + 1).any(|other| excluded(one, other)))
}

fn wants(conditions: &Conditions) -> impl Iterator<Item = Want<'_>> {
    let atoms = conditions.others.iter().chain(&conditions.caller);
    atoms.map(|Atom { test, negated }| Want { test, negated: *negated })
}

/// A test and whether its contrary is wanted.
#[derive(Clone, Copy)]
struct Want<'t> {
    test: &'t Test,
    negated: bool,
}

impl<'t> Want<'t> {
    const fn turned(self) -> Self {
        Self { test: self.test, negated: !self.negated }
    }

    /// Whether an authenticated caller is wanted, or an anonymous one.
    fn authenticated(self) -> Option<bool> {
        match self.test {
            Test::Authenticated(wanted) => Some(*wanted != self.negated),
            _ => None,
        }
    }

    /// Whether the caller is wanted to be someone, and not merely not to be: then it is authenticated.
    const fn names_caller(self) -> bool {
        matches!(self.test, Test::Caller(_) | Test::Role(_)) && !self.negated
    }

    /// The field that must be there, or must not be.
    fn presence(self) -> Option<(Field<'t>, bool)> {
        let (field, matched) = self.field()?;
        matched.presence().map(|wanted| (field, wanted != self.negated))
    }

    fn field(self) -> Option<(Field<'t>, &'t crate::access::Match)> {
        match self.test {
            Test::Header(header) => Some((Field::Header(header.name()), header)),
            Test::Parameter(parameter) => Some((Field::Parameter(parameter.name()), parameter)),
            _ => None,
        }
    }

    /// Whether something is asked of the value of a field.
    fn asks_for_value_of(self, field: Field<'_>) -> bool {
        self.field().is_some_and(|(own, matched)| own == field && matched.presence().is_none())
    }

    /// Whether this one's answer never comes after the other's.
    fn is_within(self, other: Self, work: &Work) -> bool {
        match (self.authenticated(), other.authenticated()) {
            (Some(own), Some(other)) => return own == other,
            (None, Some(other)) => return other && self.names_caller(),
            (Some(own), None) => return !own && other.turned().names_caller(),
            (None, None) => {}
        }
        match (self.presence(), other.presence()) {
            (Some(own), Some(other)) => return own == other,
            // What has a certain value is there, and what is not there has none.
            (None, Some((field, wanted))) => return wanted && !self.negated && self.asks_for_value_of(field),
            (Some((field, wanted)), None) => return !wanted && other.negated && other.asks_for_value_of(field),
            (None, None) => {}
        }
        match (self.negated, other.negated) {
            (false, false) => within(self.test, other.test, work),
            (true, true) => within(other.test, self.test, work),
            (false, true) => excludes(self.test, other.test, work),
            (true, false) => false,
        }
    }

    /// Whether both are never met together, though it may be unknown of both.
    fn never_with(self, other: Self) -> bool {
        match (self.field(), other.field()) {
            (Some((field, own)), Some((same, other_field))) if field == same && !self.negated && !other.negated => {
                own.differs_from(other_field)
            }
            _ => false,
        }
    }
}

/// A header or a query parameter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field<'t> {
    Header(&'t str),
    Parameter(&'t str),
}

fn within(inner: &Test, outer: &Test, work: &Work) -> bool {
    match (inner, outer) {
        (Test::Address(inner), Test::Address(outer)) => work.each(inner, outer, |inner, outer| {
            Arc::ptr_eq(inner, outer) || {
                work.spend(inner.bytes() / 8);
                inner.is_within(outer)
            }
        }),
        (Test::Country(inner), Test::Country(outer)) => work.each(inner, outer, |inner, outer| inner == outer),
        (Test::Caller(inner), Test::Caller(outer)) | (Test::UserAgent(inner), Test::UserAgent(outer)) => {
            // A pattern that takes the other's text, stars and all, takes what stands for the stars.
            work.each(inner, outer, |inner, outer| glob_matches(outer, inner))
        }
        (Test::Role(inner), Test::Role(outer)) => work.each(inner, outer, |inner, outer| inner == outer),
        (Test::Header(inner), Test::Header(outer)) | (Test::Parameter(inner), Test::Parameter(outer)) => inner == outer,
        (Test::Scheme(inner), Test::Scheme(outer)) => work.each(inner, outer, |inner, outer| inner == outer),
        (Test::Tls(_), Test::Scheme(outer)) => outer.contains(&Scheme::Https),
        (Test::Tls(inner), Test::Tls(outer)) => *inner as u8 >= *outer as u8,
        (Test::When(inner), Test::When(outer)) => inner.is_within(outer),
        (Test::InternalUrl, Test::InternalUrl) => true,
        _ => false,
    }
}

/// Whether the answer of one never comes after that of the other's contrary.
fn excludes(one: &Test, other: &Test, work: &Work) -> bool {
    match (one, other) {
        (Test::Address(one), Test::Address(other)) => {
            work.spend(one.iter().map(|set| set.bytes() / 8).sum::<usize>() * other.len());
            one.iter().all(|one| other.iter().all(|other| one.is_disjoint_from(other)))
        }
        (Test::Country(one), Test::Country(other)) => !one.iter().any(|one| other.contains(one)),
        (Test::Scheme(one), Test::Scheme(other)) => !one.iter().any(|one| other.contains(one)),
        (Test::Scheme(schemes), Test::Tls(_)) | (Test::Tls(_), Test::Scheme(schemes)) => {
            !schemes.contains(&Scheme::Https)
        }
        _ => false,
    }
}
