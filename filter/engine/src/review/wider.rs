//! Which rules may have all calls of a scope in theirs, without holding each against each.
//!
//! A rule is filed once, as the filter files it for requests: under its APIs, else its paths, else its
//! operations, else its hosts. Who looks for a wider scope looks where it would have to be filed.

use crate::access::{Rule, Scope};
use crate::catalog::Template;
use crate::catalog::template::Segment;
use crate::hash::Table;
use crate::host::HostPattern;

/// Rules by what they name.
#[derive(Default)]
pub(super) struct Wider<'r> {
    by_api: Table<u32, Vec<u32>>,
    by_host: Table<&'r str, Vec<u32>>,
    nodes: Vec<Node<'r>>,
    rest: Vec<u32>,
}

#[derive(Default)]
struct Node<'r> {
    literals: Table<&'r str, u32>,
    one: Option<u32>,
    /// Rules with a template that ends here.
    ends: Vec<u32>,
    /// Rules with a template that takes any rest from here.
    rests: Vec<u32>,
}

impl<'r> Wider<'r> {
    /// Files rules, whose numbers are their places.
    pub(super) fn new(rules: &'r [Rule]) -> Self {
        let mut wider = Self { nodes: vec![Node::default()], ..Self::default() };
        for (number, rule) in (0_u32..).zip(rules) {
            wider.file(number, &rule.scope);
        }
        wider
    }

    fn file(&mut self, number: u32, scope: &'r Scope) {
        let exact = |host: &'r HostPattern| match host {
            HostPattern::Exact(host) => Some(&**host),
            HostPattern::Below(_) | HostPattern::Any => None,
        };
        let hosts: Option<Vec<&str>> = scope.hosts.as_ref().and_then(|list| list.iter().map(exact).collect());
        if let Some(apis) = &scope.apis {
            apis.iter().for_each(|api| self.by_api.entry(*api).or_default().push(number));
        } else if let Some(paths) = &scope.paths {
            paths.iter().for_each(|path| self.add(path, number));
        } else if let Some(operations) = &scope.operations {
            operations.iter().for_each(|operation| self.add(&operation.template, number));
        } else if let Some(hosts) = hosts {
            hosts.into_iter().for_each(|host| self.by_host.entry(host).or_default().push(number));
        } else {
            self.rest.push(number);
        }
    }

    fn add(&mut self, template: &'r Template, number: u32) {
        let mut at = 0;
        for segment in template.segments() {
            let next = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
            let Some(node) = self.nodes.get_mut(at as usize) else { return };
            at = match segment {
                Segment::Rest => return node.rests.push(number),
                Segment::One => *node.one.get_or_insert(next),
                Segment::Literal(text) => *node.literals.entry(text).or_insert(next),
            };
            if at == next {
                self.nodes.push(Node::default());
            }
        }
        if let Some(node) = self.nodes.get_mut(at as usize) {
            node.ends.push(number);
        }
    }

    /// The rules that may be wider than a scope, none twice. If one of the scope's own elements
    /// is within no rule, the scope is not, so the first of each list is looked up.
    pub(super) fn candidates(&self, scope: &Scope) -> impl Iterator<Item = u32> {
        let mut found = Vec::new();
        let api = scope.apis.as_ref().and_then(|list| list.first());
        found.extend(api.and_then(|api| self.by_api.get(api)).into_iter().flatten());
        if let Some(HostPattern::Exact(host)) = scope.hosts.as_ref().and_then(|list| list.first()) {
            found.extend(self.by_host.get(&**host).into_iter().flatten());
        }
        if let Some(path) = scope.paths.as_ref().and_then(|list| list.first()) {
            self.wider_than(path, &mut found);
        }
        if let Some(operation) = scope.operations.as_ref().and_then(|list| list.first()) {
            self.wider_than(&operation.template, &mut found);
        }
        found.sort_unstable();
        found.dedup();
        self.rest.iter().copied().chain(found)
    }

    /// The rules of all templates that take every path that this one takes.
    fn wider_than(&self, template: &Template, found: &mut Vec<u32>) {
        let node = |at: &u32| self.nodes.get(*at as usize);
        let mut places = vec![0_u32];
        for segment in template.segments() {
            let mut next = Vec::new();
            for node in places.iter().filter_map(node) {
                found.extend_from_slice(&node.rests);
                match segment {
                    Segment::Literal(text) => next.extend(node.literals.get(text).copied().into_iter().chain(node.one)),
                    Segment::One => next.extend(node.one),
                    Segment::Rest => {}
                }
            }
            if segment == Segment::Rest {
                return;
            }
            places = next;
        }
        for node in places.iter().filter_map(node) {
            found.extend_from_slice(&node.rests);
            found.extend_from_slice(&node.ends);
        }
    }
}
