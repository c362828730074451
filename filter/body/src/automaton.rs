//! All field paths of a plan as one automaton over bits.
//!
//! A path of n steps has n + 1 bits: bit i says that its first i steps have led here. Going down to a child is one shift
//! for all paths at once: of the bits that are set, those whose next step the child's label meets move up by one, and those
//! whose next step may skip levels stay as well. A document's depth costs a set of bits for each level, no more; nothing is
//! determinised, so no set of paths blows up.

use crate::path::{FieldPath, Label, fits};
use crate::rule::RuleSet;

/// Bits of all paths of a plan, at most: their steps and one for each path.
pub const BITS_MAX: usize = 2048;

/// Where in all paths a value is. Its length is [`Automaton::words`].
pub type State = [u64];

/// The automaton.
#[derive(Debug, Default)]
pub(crate) struct Automaton {
    words: usize,
    /// The first bit of each path, and the rule that it is of.
    firsts: Vec<(usize, usize)>,
    /// Bits whose next step may skip levels.
    loops: Vec<u64>,
    /// The last bit of each path, by rule: for fields to mask and for fields to keep.
    accepting: Vec<u64>,
    accepts: Vec<Accept>,
    /// Masks, `words` each: bits whose next step is met. Number 0 is for a key that nothing names, number 1 for an element.
    masks: Vec<u64>,
    /// Names with the number of their mask, sorted.
    names: Vec<(Box<str>, usize)>,
    /// Indexes with the number of their mask, sorted.
    indexes: Vec<(u32, usize)>,
    /// Patterns with the bits before their steps.
    patterns: Vec<(Box<str>, Vec<u64>)>,
}

#[derive(Debug, Clone, Copy)]
struct Accept {
    bit: usize,
    rule: usize,
    keep: bool,
}

/// The mask for a key that nothing names.
pub(crate) const OTHER: usize = 0;
/// The mask for an element that no index names.
pub(crate) const ELEMENT: usize = 1;

// === impl Automaton ===

impl Automaton {
    /// Of paths, each with its rule and whether it is one of those to keep. None if they have too many steps.
    pub(crate) fn new(paths: &[(&FieldPath, usize, bool)]) -> Option<Self> {
        let bits: usize = paths.iter().map(|(path, ..)| path.steps.len() + 1).sum();
        if bits > BITS_MAX {
            return None;
        }
        let words = bits.div_ceil(64);
        let mut all = Self { words, loops: vec![0; words], accepting: vec![0; words], ..Self::default() };
        let mut steps: Vec<(usize, &Label)> = Vec::new();
        let mut bit = 0;
        for (path, rule, keep) in paths {
            all.firsts.push((bit, *rule));
            for step in &path.steps {
                if step.descend {
                    set(&mut all.loops, bit);
                }
                steps.push((bit, &step.label));
                bit += 1;
            }
            set(&mut all.accepting, bit);
            all.accepts.push(Accept { bit, rule: *rule, keep: *keep });
            bit += 1;
        }
        all.label(&steps);
        Some(all)
    }

    /// Makes the masks of the labels.
    fn label(&mut self, steps: &[(usize, &Label)]) {
        let mask = |meets: &dyn Fn(&Label) -> bool| {
            let mut mask = vec![0; self.words];
            steps.iter().filter(|(_, label)| meets(label)).for_each(|(bit, _)| set(&mut mask, *bit));
            mask
        };
        let mut masks = mask(&|label| matches!(label, Label::Any));
        masks.extend(mask(&|label| matches!(label, Label::Any)));
        let (mut names, mut indexes, mut patterns) = (Vec::new(), Vec::new(), Vec::new());
        for (_, label) in steps {
            match label {
                Label::Any => {}
                Label::Name(name) => insert(&mut names, name.as_str()),
                Label::Index(index) => insert(&mut indexes, *index),
                Label::Pattern(pattern) => insert(&mut patterns, pattern.as_str()),
            }
        }
        let mut number = 1;
        let mut add = |bits: Vec<u64>| {
            masks.extend(bits);
            number += 1;
            number
        };
        let meets_name = |name: &str, label: &Label| match label {
            Label::Any => true,
            Label::Name(other) => other == name,
            Label::Pattern(pattern) => fits(pattern, name.as_bytes()),
            Label::Index(_) => false,
        };
        self.names = names.into_iter().map(|name| (name.into(), add(mask(&|label| meets_name(name, label))))).collect();
        let meets_index = |index: u32, label: &Label| match label {
            Label::Any => true,
            Label::Index(other) => *other == index,
            Label::Name(_) | Label::Pattern(_) => false,
        };
        let by_index = indexes.into_iter().map(|index| (index, add(mask(&|label| meets_index(index, label)))));
        self.indexes = by_index.collect();
        let meets_pattern = |pattern: &str, label: &Label| matches!(label, Label::Pattern(other) if other == pattern);
        let by_pattern = |pattern: &str| (pattern.into(), mask(&|label| meets_pattern(pattern, label)));
        self.patterns = patterns.into_iter().map(by_pattern).collect();
        self.masks = masks;
    }

    /// Words of a state.
    pub(crate) const fn words(&self) -> usize {
        self.words
    }

    /// The state at a body's root, for these rules only.
    pub(crate) fn start(&self, rules: &RuleSet) -> Vec<u64> {
        let mut state = vec![0; self.words];
        let firsts = self.firsts.iter().filter(|(_, rule)| rules.contains(*rule));
        firsts.for_each(|(bit, _)| set(&mut state, *bit));
        state
    }

    /// The number of the mask for a name, if one is made for it.
    pub(crate) fn named(&self, key: &[u8]) -> Option<usize> {
        let at = self.names.binary_search_by(|(name, _)| name.as_bytes().cmp(key)).ok()?;
        self.names.get(at).map(|(_, mask)| *mask)
    }

    /// The number of the mask for an element.
    pub(crate) fn element(&self, index: u64) -> usize {
        let found = self.indexes.binary_search_by(|(at, _)| u64::from(*at).cmp(&index)).ok();
        found.and_then(|at| self.indexes.get(at)).map_or(ELEMENT, |(_, mask)| *mask)
    }

    /// Whether an element's place within its array matters.
    pub(crate) const fn counts_elements(&self) -> bool {
        !self.indexes.is_empty()
    }

    /// The mask for a key that has none of its own: that of [`OTHER`], and what patterns add. False if none adds anything.
    pub(crate) fn patterns(&self, key: &[u8], mask: &mut [u64]) -> bool {
        let fitting = self.patterns.iter().filter(|(pattern, _)| fits(pattern, key));
        let mut any = false;
        for (_, bits) in fitting {
            if !any {
                mask.copy_from_slice(self.mask(OTHER));
            }
            mask.iter_mut().zip(bits).for_each(|(word, bits)| *word |= bits);
            any = true;
        }
        any
    }

    /// A mask by its number.
    pub(crate) fn mask(&self, number: usize) -> &[u64] {
        self.masks.get(number * self.words..(number + 1) * self.words).unwrap_or_default()
    }

    /// The state of a child, whose label has this mask. Whether anything is left in it, and whether a path ends in it.
    #[inline]
    pub(crate) fn step(&self, state: &State, mask: &[u64], child: &mut State) -> (bool, bool) {
        let (mut carry, mut alive, mut ends) = (0, 0, 0);
        let words = state.iter().zip(mask).zip(&self.loops).zip(&self.accepting).zip(child);
        for ((((state, mask), loops), accepting), child) in words {
            let moved = state & mask;
            *child = moved << 1 | carry | state & loops;
            carry = moved >> 63;
            alive |= *child;
            ends |= *child & accepting;
        }
        (alive != 0, ends != 0)
    }

    /// The rules whose paths end in this state: those that mask, and those that keep.
    pub(crate) fn ends(&self, state: &State) -> (RuleSet, RuleSet) {
        let (mut mask, mut keep) = (RuleSet::NONE, RuleSet::NONE);
        for accept in self.accepts.iter().filter(|accept| get(state, accept.bit)) {
            if accept.keep { &mut keep } else { &mut mask }.add(accept.rule);
        }
        (mask, keep)
    }

    /// The rules of fields to keep that may still find one below this state.
    pub(crate) fn may_keep(&self, state: &State) -> RuleSet {
        let mut rules = RuleSet::NONE;
        for (accept, (first, _)) in self.accepts.iter().zip(&self.firsts).filter(|(accept, _)| accept.keep) {
            if (*first..accept.bit).any(|bit| get(state, bit)) {
                rules.add(accept.rule);
            }
        }
        rules
    }
}

/// Keeps a list sorted and without repetition. There are a few hundred labels at most, and a sort is 10 KB of module.
fn insert<T: Ord>(list: &mut Vec<T>, item: T) {
    if let Err(at) = list.binary_search(&item) {
        list.insert(at, item);
    }
}

fn set(words: &mut [u64], bit: usize) {
    if let Some(word) = words.get_mut(bit / 64) {
        *word |= 1 << (bit % 64);
    }
}

fn get(words: &[u64], bit: usize) -> bool {
    words.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::{Automaton, OTHER};
    use crate::path::{FieldPath, Label, Step, fits};
    use crate::rule::RuleSet;
    use proptest::prelude::*;

    /// A way down: keys and indexes.
    #[derive(Debug, Clone)]
    enum Down {
        Key(String),
        Index(u32),
    }

    /// What the path language means, in six lines.
    fn leads(steps: &[Step], way: &[Down]) -> bool {
        let Some((step, rest)) = steps.split_first() else { return way.is_empty() };
        let Some((down, below)) = way.split_first() else { return false };
        let meets = match (&step.label, down) {
            (Label::Any, _) => true,
            (Label::Name(name), Down::Key(key)) => name == key,
            (Label::Pattern(pattern), Down::Key(key)) => fits(pattern, key.as_bytes()),
            (Label::Index(index), Down::Index(at)) => index == at,
            _ => false,
        };
        meets && leads(rest, below) || step.descend && leads(steps, below)
    }

    fn path() -> impl Strategy<Value = FieldPath> {
        let name = prop_oneof!["[ab]", "[ab]\\*", "\\*", "\\[[01]\\]", "\\[\\*\\]"];
        prop::collection::vec((name, any::<bool>()), 0..5).prop_map(|steps| {
            let written = steps.iter().fold("$".to_owned(), |path, (name, descend)| {
                let dots = match (descend, name.starts_with('[')) {
                    (true, _) => "..",
                    (false, true) => "",
                    (false, false) => ".",
                };
                path + dots + name
            });
            FieldPath::parse(&written).unwrap()
        })
    }

    fn way() -> impl Strategy<Value = Vec<Down>> {
        prop::collection::vec(prop_oneof!["[abc]{1,2}".prop_map(Down::Key), (0..3_u32).prop_map(Down::Index)], 0..6)
    }

    proptest! {
        /// Every path ends exactly where its meaning says, whatever other paths are beside it.
        #[test]
        fn paths_end_where_they_lead(paths in prop::collection::vec(path(), 1..40), way in way()) {
            let listed: Vec<_> = paths.iter().enumerate().map(|(rule, path)| (path, rule, rule % 2 == 1)).collect();
            let automaton = Automaton::new(&listed).unwrap();
            let mut state = automaton.start(&(0..paths.len()).collect());
            for down in &way {
                let mut child = vec![0; automaton.words()];
                let mut own = vec![0; automaton.words()];
                let mask = match down {
                    Down::Key(key) => match automaton.named(key.as_bytes()) {
                        Some(mask) => automaton.mask(mask),
                        None if automaton.patterns(key.as_bytes(), &mut own) => &own,
                        None => automaton.mask(OTHER),
                    },
                    Down::Index(index) => automaton.mask(automaton.element(u64::from(*index))),
                };
                automaton.step(&state, mask, &mut child);
                state = child;
            }
            let (masking, keeping) = automaton.ends(&state);
            let leading: RuleSet = listed.iter().filter(|(path, ..)| leads(&path.steps, &way)).map(|(_, rule, _)| *rule).collect();
            prop_assert_eq!(masking.union(keeping), leading);
            prop_assert!(keeping.iter().all(|rule| rule % 2 == 1));
        }
    }
}
