//! Which rules may have a call in their scope, without asking each.
//!
//! A rule is filed once: under the APIs that it names, else under its path templates, else under its
//! exact hosts; what names none of them is asked about every call. So a policy of ten thousand
//! rules costs a call what the rules about its own API and path cost.

use super::rule::{Call, Rule};
use crate::catalog::Template;
use crate::catalog::template::Segment;
use crate::hash::Table;
use crate::host::HostPattern;

/// Rules by what they name.
#[derive(Debug, Default)]
pub(super) struct Index {
    by_api: Vec<Vec<u32>>,
    hosts: Table<Box<str>, u32>,
    by_host: Vec<Vec<u32>>,
    paths: Paths,
    rest: Vec<u32>,
}

impl Index {
    /// Files rules, whose numbers are their places; `apis` is the number of declared APIs.
    pub(super) fn new(rules: &[Rule], apis: usize) -> Self {
        let mut index = Self { by_api: vec![Vec::new(); apis], ..Self::default() };
        for (number, rule) in (0_u32..).zip(rules) {
            index.file(number, rule);
        }
        index
    }

    fn file(&mut self, number: u32, rule: &Rule) {
        let scope = &rule.scope;
        let exact = |host: &HostPattern| match host {
            HostPattern::Exact(host) => Some(host.clone()),
            HostPattern::Below(_) | HostPattern::Any => None,
        };
        let hosts: Option<Vec<Box<str>>> = scope.hosts.as_ref().and_then(|list| list.iter().map(exact).collect());
        if let Some(apis) = &scope.apis {
            for api in apis {
                if let Some(list) = self.by_api.get_mut(*api as usize) {
                    list.push(number);
                }
            }
        } else if let Some(templates) = &scope.paths {
            templates.iter().for_each(|template| self.paths.add(template, number));
        } else if let Some(operations) = &scope.operations {
            operations.iter().for_each(|operation| self.paths.add(&operation.template, number));
        } else if let Some(hosts) = hosts {
            for host in hosts {
                let next = u32::try_from(self.by_host.len()).unwrap_or(u32::MAX);
                let place = *self.hosts.entry(host).or_insert(next);
                if place == next {
                    self.by_host.push(Vec::new());
                }
                // One host may be written in several ways.
                if let Some(filed) = self.by_host.get_mut(place as usize).filter(|filed| filed.last() != Some(&number))
                {
                    filed.push(number);
                }
            }
        } else {
            self.rest.push(number);
        }
    }

    /// The numbers of the rules that may have the call in their scope, in no order and none twice.
    pub(super) fn candidates<'i>(&'i self, call: &Call<'_>) -> impl Iterator<Item = u32> + 'i {
        let by_api = call.api.and_then(|api| self.by_api.get(api as usize)).map_or(&[][..], Vec::as_slice);
        let place = self.hosts.get(call.host).and_then(|place| self.by_host.get(*place as usize));
        let by_host = place.map_or(&[][..], Vec::as_slice);
        let by_path = self.paths.find(call.path.segments());
        by_api.iter().chain(by_host).chain(&self.rest).copied().chain(by_path)
    }
}

#[derive(Debug, Default)]
struct Node {
    literals: Table<Box<str>, u32>,
    one: Option<u32>,
    /// Rules whose template ends here.
    ends: Vec<u32>,
    /// Rules whose template takes any rest from here.
    rests: Vec<u32>,
}

/// Rules by path template: all that match are found, not only the most specific.
#[derive(Debug, Default)]
struct Paths {
    nodes: Vec<Node>,
}

impl Paths {
    fn add(&mut self, template: &Template, rule: u32) {
        let mut at = 0;
        if self.nodes.is_empty() {
            self.nodes.push(Node::default());
        }
        for segment in template.segments() {
            let next = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
            let Some(node) = self.nodes.get_mut(at as usize) else { return };
            at = match segment {
                Segment::Rest => {
                    node.rests.push(rule);
                    return;
                }
                Segment::One => *node.one.get_or_insert(next),
                Segment::Literal(text) => *node.literals.entry(text.into()).or_insert(next),
            };
            if at == next {
                self.nodes.push(Node::default());
            }
        }
        if let Some(node) = self.nodes.get_mut(at as usize) {
            node.ends.push(rule);
        }
    }

    fn find<'p>(&self, segments: impl Iterator<Item = &'p str>) -> Vec<u32> {
        let mut found = Vec::new();
        if self.nodes.is_empty() {
            return found;
        }
        // The places reached: at most one for each node, so a path costs at most the whole tree.
        let mut places = vec![0_u32];
        let node = |at: &u32| self.nodes.get(*at as usize);
        for segment in segments {
            let mut next = Vec::new();
            for node in places.iter().filter_map(node) {
                found.extend_from_slice(&node.rests);
                next.extend(node.literals.get(segment).copied());
                // What stands behind a trailing slash that counts is no item.
                next.extend(node.one.filter(|_| !segment.is_empty()));
            }
            places = next;
            if places.is_empty() {
                break;
            }
        }
        for node in places.iter().filter_map(node) {
            found.extend_from_slice(&node.rests);
            found.extend_from_slice(&node.ends);
        }
        crate::order::sort_numbers(&mut found);
        found.dedup();
        found
    }
}
