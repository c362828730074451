//! All path templates as one deterministic automaton over segments.
//!
//! A trie with parameters has to be searched with backtracking, and a policy (or an attacker who
//! knows it) can make that exponential: with `/a/{x}/…` beside `/{x}/a/…` every segment doubles the
//! branches. So the trie is determinised when the policy is compiled: a request then costs one look
//! into a table per segment, whether there are ten templates or fifty thousand.
//!
//! Determinising can blow up in turn, so two things bound it. A branch that can never win is
//! dropped: of two subtrees of the same shape, all of whose templates the first outranks, only the
//! first is kept. And where that is not enough, the states are limited and the policy is refused.

use super::template::Segment;
use crate::hash::Table;

/// A set of methods, one bit each.
pub(crate) type Methods = u64;

/// No state, no node.
const NONE: u32 = u32::MAX;

/// The templates overlap in so many ways that the automaton would outgrow its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMuchOverlap;

#[derive(Default)]
struct Node {
    literals: Vec<(u32, u32)>,
    one: Option<u32>,
    ends: Vec<(Methods, u32)>,
    rests: Vec<(Methods, u32)>,
}

/// The trie that the automaton is made from.
#[derive(Default)]
pub(crate) struct Builder {
    nodes: Vec<Node>,
    edges: Table<(u32, u32), u32>,
    literals: Table<Box<str>, u32>,
}

fn number(index: usize) -> u32 {
    // Templates times segments stay far below; `NONE` would only make a template unreachable.
    u32::try_from(index).unwrap_or(NONE)
}

impl Builder {
    /// Begins a group of templates that are looked up together (those of one host pattern).
    pub(crate) fn root(&mut self) -> u32 {
        self.nodes.push(Node::default());
        number(self.nodes.len() - 1)
    }

    /// Adds a template; of those that match a path and a method, the least `rank` is found. Ranks
    /// must follow [`super::template::specificity`], and be added in rising order.
    pub(crate) fn add<'t>(
        &mut self,
        root: u32,
        segments: impl Iterator<Item = Segment<'t>>,
        methods: Methods,
        rank: u32,
    ) {
        let mut at = root;
        for segment in segments {
            at = match segment {
                Segment::Literal(text) => self.literal(at, text),
                Segment::One => self.one(at),
                Segment::Rest => {
                    if let Some(node) = self.nodes.get_mut(at as usize) {
                        node.rests.push((methods, rank));
                    }
                    return;
                }
            };
        }
        if let Some(node) = self.nodes.get_mut(at as usize) {
            node.ends.push((methods, rank));
        }
    }

    fn literal(&mut self, at: u32, text: &str) -> u32 {
        let literal = match self.literals.get(text) {
            Some(literal) => *literal,
            None => {
                let literal = number(self.literals.len());
                self.literals.insert(text.into(), literal);
                literal
            }
        };
        if let Some(child) = self.edges.get(&(at, literal)) {
            return *child;
        }
        let child = self.root();
        self.edges.insert((at, literal), child);
        if let Some(node) = self.nodes.get_mut(at as usize) {
            node.literals.push((literal, child));
        }
        child
    }

    fn one(&mut self, at: u32) -> u32 {
        if let Some(child) = self.nodes.get(at as usize).and_then(|node| node.one) {
            return child;
        }
        let child = self.root();
        if let Some(node) = self.nodes.get_mut(at as usize) {
            node.one = Some(child);
        }
        child
    }

    /// Numbers the shapes of all subtrees: equal numbers match the same rests of paths with the
    /// same methods. Children come after their parents, so one pass from the end does.
    fn shapes(&mut self) -> Vec<u32> {
        type Shape = (Methods, Methods, u32, Vec<(u32, u32)>);
        let mut known: Table<Shape, u32> = Table::default();
        let mut shapes = vec![NONE; self.nodes.len()];
        for (index, node) in self.nodes.iter_mut().enumerate().rev() {
            crate::order::sort(&mut node.literals, |a, b| a < b);
            let of = |child: u32| shapes.get(child as usize).copied().unwrap_or(NONE);
            let all = |list: &[(Methods, u32)]| list.iter().fold(0, |all, (methods, _)| all | methods);
            let children = node.literals.iter().map(|(literal, child)| (*literal, of(*child))).collect();
            let shape = (all(&node.ends), all(&node.rests), node.one.map_or(NONE, of), children);
            let next = number(known.len());
            let shape = *known.entry(shape).or_insert(next);
            if let Some(slot) = shapes.get_mut(index) {
                *slot = shape;
            }
        }
        shapes
    }

    /// Makes the automaton. The number of a root's state is the root's place in `roots`.
    pub(crate) fn build(mut self, roots: &[u32]) -> Result<Automaton, TooMuchOverlap> {
        let shapes = self.shapes();
        let members_max = self.nodes.len() * 16 + 4096;
        let mut subsets = Subsets { shapes: &shapes, known: Table::default(), list: Vec::new(), members: 0 };
        let mut automaton = Automaton { literals: self.literals, ..Automaton::default() };
        for root in roots {
            subsets.push(vec![*root]);
        }
        let mut at = 0;
        // What stands behind a trailing slash that counts is no item: a parameter does not take it.
        let empty = automaton.literals.get("").copied();
        while let Some(subset) = subsets.list.get(at).cloned() {
            if subsets.members > members_max {
                return Err(TooMuchOverlap);
            }
            let state = number(at);
            let nodes: Vec<&Node> = subset.iter().filter_map(|node| self.nodes.get(*node as usize)).collect();
            let mut literals: Vec<u32> =
                nodes.iter().flat_map(|node| node.literals.iter().map(|(literal, _)| *literal)).collect();
            crate::order::sort_numbers(&mut literals);
            literals.dedup();
            for literal in literals {
                let next = nodes.iter().flat_map(|node| {
                    let found = node.literals.binary_search_by_key(&literal, |(literal, _)| *literal);
                    let child = found.ok().and_then(|at| node.literals.get(at)).map(|(_, child)| *child);
                    child.into_iter().chain(node.one.filter(|_| Some(literal) != empty))
                });
                let next = next.collect();
                automaton.next.insert((state, literal), subsets.intern(next));
            }
            let ones: Vec<u32> = nodes.iter().filter_map(|node| node.one).collect();
            let one = if ones.is_empty() { NONE } else { subsets.intern(ones) };
            let ends = automaton.answers(nodes.iter().flat_map(|node| &node.ends));
            let rests = automaton.answers(nodes.iter().flat_map(|node| &node.rests));
            automaton.states.push(State { one, ends, rests });
            at += 1;
        }
        Ok(automaton)
    }
}

/// Sets of nodes that have become states, or will.
struct Subsets<'s> {
    shapes: &'s [u32],
    known: Table<Vec<u32>, u32>,
    list: Vec<Vec<u32>>,
    members: usize,
}

impl Subsets<'_> {
    /// The state of a set of nodes, the most specific first.
    fn intern(&mut self, mut nodes: Vec<u32>) -> u32 {
        // A later node of the same shape matches what an earlier one matches, and always loses.
        let mut seen: Vec<u32> = Vec::new();
        nodes.retain(|node| {
            let shape = self.shapes.get(*node as usize).copied().unwrap_or(NONE);
            let fresh = !seen.contains(&shape);
            if fresh {
                seen.push(shape);
            }
            fresh
        });
        if let Some(state) = self.known.get(&nodes) {
            return *state;
        }
        let state = self.push(nodes.clone());
        self.known.insert(nodes, state);
        state
    }

    fn push(&mut self, nodes: Vec<u32>) -> u32 {
        self.members += nodes.len();
        self.list.push(nodes);
        number(self.list.len() - 1)
    }
}

#[derive(Debug, Clone, Copy)]
struct State {
    one: u32,
    ends: (u32, u32),
    rests: (u32, u32),
}

/// The automaton: immutable, and the same cost per segment for any number of templates.
#[derive(Debug, Default)]
pub(crate) struct Automaton {
    literals: Table<Box<str>, u32>,
    next: Table<(u32, u32), u32>,
    states: Vec<State>,
    answers: Vec<(Methods, u32)>,
}

impl Automaton {
    /// Lays down the answers of a state: for each method only the best, so the list is never longer
    /// than there are methods.
    fn answers<'n>(&mut self, candidates: impl Iterator<Item = &'n (Methods, u32)>) -> (u32, u32) {
        let first = self.answers.len();
        let mut covered = 0;
        for (methods, rank) in candidates {
            let fresh = methods & !covered;
            if fresh != 0 {
                covered |= fresh;
                self.answers.push((fresh, *rank));
            }
        }
        (number(first), number(self.answers.len()))
    }

    fn best(&self, range: (u32, u32), method: Methods) -> Option<u32> {
        let answers = self.answers.get(range.0 as usize..range.1 as usize)?;
        answers.iter().find(|(methods, _)| methods & method != 0).map(|(_, rank)| *rank)
    }

    /// The least rank among the templates of a root that match the segments and the method.
    pub(crate) fn find<'p>(&self, root: u32, segments: impl Iterator<Item = &'p str>, method: Methods) -> Option<u32> {
        let mut at = root;
        let mut best: Option<u32> = None;
        let better = |best: Option<u32>, found: Option<u32>| match (best, found) {
            (Some(best), Some(found)) => Some(best.min(found)),
            (best, found) => best.or(found),
        };
        for segment in segments {
            let state = self.states.get(at as usize)?;
            best = better(best, self.best(state.rests, method));
            let literal = self.literals.get(segment).and_then(|literal| self.next.get(&(at, *literal)));
            at = literal.copied().unwrap_or(if segment.is_empty() { NONE } else { state.one });
            if at == NONE {
                return best;
            }
        }
        let state = self.states.get(at as usize)?;
        best = better(best, self.best(state.rests, method));
        better(best, self.best(state.ends, method))
    }
}

#[cfg(test)]
#[path = "automaton_tests.rs"]
mod tests;
