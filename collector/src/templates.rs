//! Path templates, refined by what many calls show together.
//!
//! A filter sees one call at a time, so it takes for a value only what plainly is one: names and slugs
//! stay in its templates. Here all templates of one host stand side by side, as a tree of segments. Two
//! things tell a value from a name that somebody chose: its siblings have the same below them
//! (`/users/ann/orders`, `/users/bob/orders`), and it is asked for seldom while there are many of its
//! kind. A sibling that has much of its own below it, or that is asked for far more often, stays.
//!
//! What becomes a value is one node then, with all that was below the many; so what lies deeper is judged
//! by more calls, from the top down.

use std::collections::BTreeMap;

use ostiary_engine::catalog::infer::PLACEHOLDER;

/// So many siblings at least make a kind.
const KIND_MIN: usize = 8;

/// Calls of a sibling that was hardly ever asked for.
const SELDOM: u64 = 3;

/// Calls of a placeholder that shows what its siblings may look like.
const SHOWN_MIN: u64 = 10;

/// How many times as often as the middle one of its kind a value is asked for at most.
const OFTENER_MAX: u64 = 8;

/// Rounds at one node: each may show that a sibling more is of the kind.
const ROUNDS_MAX: usize = 4;

/// The templates of one host, as a tree of segments.
#[derive(Debug, Default)]
pub struct Tree {
    root: Node,
}

#[derive(Debug, Default)]
struct Node {
    children: BTreeMap<String, Node>,
    calls: u64,
    /// Whether a template ends here.
    ends: bool,
}

/// What lies below a node, as far as it is compared: the first two segments, empty where there are none.
type Below<'n> = Vec<(&'n str, &'n str)>;

// === impl Tree ===

impl Tree {
    /// Adds a template with how often it was called.
    pub fn add(&mut self, template: &str, calls: u64) {
        let mut node = &mut self.root;
        node.calls = node.calls.saturating_add(calls);
        for segment in template.split('/').skip(1) {
            node = node.children.entry(segment.to_owned()).or_default();
            node.calls = node.calls.saturating_add(calls);
        }
        node.ends = true;
    }

    /// Finds the values among the segments.
    pub fn refine(&mut self) {
        self.root.refine();
    }

    /// The refined form of a template that was added.
    #[must_use]
    pub fn template(&self, template: &str) -> Option<String> {
        let mut node = &self.root;
        let mut out = String::with_capacity(template.len());
        for segment in template.split('/').skip(1) {
            let named = node.children.get_key_value(segment);
            let (shown, next) = named.or_else(|| node.children.get_key_value(PLACEHOLDER))?;
            out.push('/');
            out.push_str(shown);
            node = next;
        }
        Some(out)
    }
}

// === impl Node ===

impl Node {
    /// Templates have few segments, so this goes no deeper than they do.
    fn refine(&mut self) {
        for _ in 0..ROUNDS_MAX {
            let values = self.values();
            if values.is_empty() {
                break;
            }
            let mut kind = self.children.remove(PLACEHOLDER).unwrap_or_default();
            for value in values {
                if let Some(node) = self.children.remove(&value) {
                    kind.merge(node);
                }
            }
            self.children.insert(PLACEHOLDER.to_owned(), kind);
        }
        for child in self.children.values_mut() {
            child.refine();
        }
    }

    fn merge(&mut self, other: Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.ends |= other.ends;
        for (segment, node) in other.children {
            self.children.entry(segment).or_default().merge(node);
        }
    }

    fn below(&self) -> Below<'_> {
        let end = |ends: bool| ends.then_some("");
        let mut below: Below<'_> = end(self.ends).map(|end| (end, end)).into_iter().collect();
        for (first, child) in &self.children {
            let seconds = end(child.ends).into_iter().chain(child.children.keys().map(String::as_str));
            below.extend(seconds.map(|second| (first.as_str(), second)));
        }
        below
    }

    /// The children that are values.
    fn values(&self) -> Vec<String> {
        let shown = self.children.get(PLACEHOLDER).filter(|shown| shown.calls >= SHOWN_MIN);
        let named = self.children.iter().filter(|(segment, _)| *segment != PLACEHOLDER);
        let siblings: Vec<Sibling<'_>> =
            named.map(|(segment, node)| Sibling { segment, calls: node.calls, below: node.below() }).collect();
        let shown = shown.map(Node::below);
        let kind = Kind { siblings: &siblings, shown: shown.as_deref() };
        let mut is_value = kind.alike();
        kind.keep_usual(&mut is_value);
        kind.add_seldom(&mut is_value);
        kind.add_covered(&mut is_value);
        let values = siblings.iter().zip(is_value).filter(|(_, is_value)| *is_value);
        values.map(|(sibling, _)| sibling.segment.to_owned()).collect()
    }
}

/// A named child of a node.
struct Sibling<'n> {
    segment: &'n str,
    calls: u64,
    below: Below<'n>,
}

/// The named children of a node, and what lies below its placeholder.
struct Kind<'n> {
    siblings: &'n [Sibling<'n>],
    shown: Option<&'n [(&'n str, &'n str)]>,
}

/// How many siblings have a segment below them, in first and in second place.
type Counts<'n> = [BTreeMap<&'n str, usize>; 2];

// === impl Kind ===

impl<'n> Kind<'n> {
    /// Siblings that have mostly the same below them as many others, or as the placeholder.
    fn alike(&self) -> Vec<bool> {
        let counts = self.counts();
        let [firsts, seconds] = &counts;
        let is_shared = |counts: &BTreeMap<&str, usize>, segment: &str| {
            is_name(segment) && counts.get(segment).is_some_and(|count| *count >= KIND_MIN)
        };
        let alike = |sibling: &Sibling<'_>| {
            let telling: Vec<_> =
                sibling.below.iter().filter(|(first, second)| is_name(first) || is_name(second)).collect();
            let shared =
                telling.iter().filter(|(first, second)| is_shared(firsts, first) || is_shared(seconds, second));
            // Four of five: a value may have a part below it that no other has been asked for yet.
            !telling.is_empty() && shared.count() * 5 >= telling.len() * 4
        };
        self.siblings.iter().map(alike).collect()
    }

    fn counts(&self) -> Counts<'n> {
        let mut counts: Counts<'n> = Default::default();
        let all = self.siblings.iter().map(|sibling| (&sibling.below[..], 1));
        for (below, weight) in all.chain(self.shown.map(|shown| (shown, KIND_MIN))) {
            for (at, count) in counts.iter_mut().enumerate() {
                let mut segments: Vec<&str> =
                    below.iter().map(|&(first, second)| if at == 0 { first } else { second }).collect();
                segments.sort_unstable();
                segments.dedup();
                for segment in segments {
                    *count.entry(segment).or_default() += weight;
                }
            }
        }
        counts
    }

    /// Takes out what is asked for far more often than the rest, and all where they are too few.
    fn keep_usual(&self, is_value: &mut [bool]) {
        let most = self.median(is_value).saturating_mul(OFTENER_MAX);
        for (is_value, sibling) in is_value.iter_mut().zip(self.siblings) {
            *is_value &= sibling.calls <= most;
        }
        self.drop_few(is_value);
    }

    /// Adds siblings with no names below them that are asked for seldom: where they are many themselves, or end as values do.
    fn add_seldom(&self, is_value: &mut [bool]) {
        let covered = self.covered(is_value);
        let is_bare =
            |sibling: &Sibling<'_>| !sibling.below.iter().any(|(first, second)| is_name(first) || is_name(second));
        let seldom: Vec<bool> =
            self.siblings.iter().map(|sibling| sibling.calls <= SELDOM && is_bare(sibling)).collect();
        let are_many = seldom.iter().filter(|is_seldom| **is_seldom).count() >= KIND_MIN;
        for ((is_value, is_seldom), sibling) in is_value.iter_mut().zip(seldom).zip(self.siblings) {
            *is_value |= is_seldom && (are_many || sibling.below.iter().all(|pair| covered.contains(pair)));
        }
        self.drop_few(is_value);
    }

    /// Adds siblings below which nothing is but what is below values, if they are asked for no oftener than the middle one.
    fn add_covered(&self, is_value: &mut [bool]) {
        if !is_value.contains(&true) {
            return;
        }
        let (covered, most) = (self.covered(is_value), self.median(is_value).max(SELDOM));
        for (is_value, sibling) in is_value.iter_mut().zip(self.siblings) {
            *is_value |= sibling.calls <= most && sibling.below.iter().all(|pair| covered.contains(pair));
        }
    }

    /// A few are no kind, unless a placeholder shows one.
    fn drop_few(&self, is_value: &mut [bool]) {
        if self.shown.is_none() && is_value.iter().filter(|is_value| **is_value).count() < KIND_MIN {
            is_value.fill(false);
        }
    }

    fn covered(&self, is_value: &[bool]) -> std::collections::BTreeSet<(&'n str, &'n str)> {
        let values = self.siblings.iter().zip(is_value).filter(|(_, is_value)| **is_value);
        let below = values.flat_map(|(sibling, _)| sibling.below.iter().copied());
        below.chain(self.shown.into_iter().flatten().copied()).collect()
    }

    /// How often the middle one of the values is asked for.
    fn median(&self, is_value: &[bool]) -> u64 {
        let mut calls: Vec<u64> = self
            .siblings
            .iter()
            .zip(is_value)
            .filter(|(_, is_value)| **is_value)
            .map(|(sibling, _)| sibling.calls)
            .collect();
        calls.sort_unstable();
        calls.get(calls.len() / 2).copied().unwrap_or(0)
    }
}

/// Whether a segment tells anything: it is there, and no placeholder.
fn is_name(segment: &str) -> bool {
    !segment.is_empty() && segment != PLACEHOLDER
}
