//! What is known of the values of a body, kept for when they come again: bodies are many objects with the same keys.
//!
//! Of where a value is, little matters to rules and to detectors, so most values of a body are of few classes. The class of a value
//! follows from that of the object that it is in and from its key: so a key that came before, in an object of the same class,
//! costs one comparison. Both tables have a fixed size. Keys are compared whole: whoever finds many of one place makes the table
//! slower and nothing else.

use super::nodes::Node;
use crate::detect::Types;
use crate::detect::lanes::{self, Bits, LANE, Lane};
use crate::rule::RuleSet;
use std::cell::RefCell;

/// Classes that are kept: more than there are levels, so that those of all open containers have room.
const CLASSES_MAX: usize = 256;
/// Levels of a document that can have classes at once.
pub(crate) const DEPTH_MAX: usize = CLASSES_MAX / 2;
/// Places for keys.
const SLOTS: usize = 256;
/// Bytes that are compared at once, at most: of a key with the quote that ends it, and of a member as far as its value.
pub(super) const PACKED_MAX: usize = 2 * LANE;

/// The number of a class, and beside it what is asked most often: in its two highest bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Id(u16);

const PLAIN: u16 = 1 << 15;
const CONTEXT: u16 = 1 << 14;

/// The number of none.
pub(super) const UNKNOWN: Id = Id(PLAIN - 1);

/// A class of values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Class {
    pub(super) node: Node,
    id: Id,
    /// What rules by field say of its values that are no containers.
    pub(super) says: Says,
    /// The class of its elements, where they are all of one.
    pub(super) element: Id,
}

/// What rules by field say of a class of values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Says {
    /// It is not known, or they may remove them.
    #[default]
    Unknown,
    /// They stay, masked or not.
    Stay,
    /// This rule masks them, and no other has to be told of it.
    Mask(u8),
}

/// The tables.
#[derive(Debug, Default)]
pub(crate) struct Classes {
    known: Vec<Class>,
    /// The automaton's state in each class.
    states: Vec<u64>,
    slots: Vec<Slot>,
    /// The place of the key that came last, and of the one that came after it the last time.
    last: u16,
    next: u16,
}

/// A key in objects of one class.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    key: Packed,
    /// How it was written the last time: from where the last value ended, or the object began, to where its own value began.
    written: Packed,
    lead: Lead,
    /// Where in that its inside begins.
    inside: u8,
    /// The class of the object.
    of: Id,
    /// The class of the value.
    to: Id,
    /// The place of the key that came after it last.
    next: u16,
}

/// What is written before a key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Lead {
    /// It is not known.
    #[default]
    Unknown,
    /// A comma, and perhaps white space.
    Comma,
    /// White space at most.
    First,
}

/// A member of an object, as far as its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    /// From where to where the key is, without quotes.
    pub(super) name: (usize, usize),
    /// Where the value begins.
    pub(super) value: usize,
    /// The class of the value.
    pub(super) class: Id,
}

/// Some bytes as the table compares them, filled up with zeros: a key with the quote that ends it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Packed {
    lanes: [[u8; LANE]; 2],
    /// A bit for each of its bytes.
    bits: u32,
    /// How many they are; nought where no key is.
    len: u8,
}

/// What classes are known under: which rules are in force and in shadow, and which data types a key must not hold to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) enforced: RuleSet,
    pub(crate) shadow: RuleSet,
    pub(crate) wanted: Types,
    pub(crate) wanted_beyond: Types,
}

/// Tables of bodies that are over, for those that come: the bodies of a service have the same keys, and finding out what a key
/// means takes longer than to read past it. What a table knows follows from the plan and from what is asked, so which body
/// has learnt it changes nothing.
#[derive(Debug, Default)]
pub(crate) struct Pool(RefCell<Vec<(Asked, Classes)>>);

/// Tables that are kept.
const POOLED_MAX: usize = 4;

// === impl Pool ===

impl Pool {
    /// Tables for a body of which this is asked.
    pub(crate) fn lend(&self, asked: &Asked) -> Classes {
        let mut pooled = self.0.borrow_mut();
        let same = pooled.iter().rposition(|(of, _)| of == asked);
        same.map_or_else(Classes::default, |at| Classes { last: 0, next: 0, ..pooled.remove(at).1 })
    }

    /// Takes tables back; the oldest give way.
    pub(crate) fn take_back(&self, asked: Asked, classes: Classes) {
        if classes.known.is_empty() {
            return;
        }
        let mut pooled = self.0.borrow_mut();
        if pooled.len() >= POOLED_MAX {
            pooled.remove(0);
        }
        pooled.push((asked, classes));
    }
}

// === impl Id ===

impl Id {
    /// Whether no rule by field has anything to say about values of the class.
    #[inline(always)]
    pub(super) const fn is_plain(self) -> bool {
        self.0 & PLAIN != 0
    }

    /// Whether what their names say may make something of whatever is in them.
    #[inline(always)]
    pub(super) const fn has_context(self) -> bool {
        self.0 & CONTEXT != 0
    }

    #[inline(always)]
    fn index(self) -> usize {
        usize::from(self.0 & (CONTEXT - 1))
    }
}

// === impl Packed ===

impl Packed {
    /// A key of `len` bytes that begins `rest`, where a quote follows it; none if it is too long to be kept.
    pub(super) fn new(rest: &[u8], len: usize) -> Option<Self> {
        Self::of(rest.get(..=len)?)
    }

    fn of(written: &[u8]) -> Option<Self> {
        if written.is_empty() || written.len() > PACKED_MAX {
            return None;
        }
        let (lanes, _) = lanes::of_bytes(written);
        let [first, second, ..] = lanes;
        let bits = u32::MAX >> (PACKED_MAX - written.len());
        Some(Self { lanes: [first, second], bits, len: u8::try_from(written.len()).ok()? })
    }

    /// The key whose inside begins at `at`, where it is short and has no escapes.
    fn at(piece: &[u8], at: usize) -> Option<Self> {
        let rest = piece.get(at..)?;
        let len = rest.iter().take(PACKED_MAX).position(|byte| matches!(byte, b'"' | b'\\'))?;
        if rest.get(len) == Some(&b'"') { Self::new(rest, len) } else { None }
    }

    /// Whether the piece goes on with it at `at`.
    #[inline(always)]
    fn is_at(&self, piece: &[u8], at: usize) -> bool {
        let [first, second] = &self.lanes;
        let (low, high) = (Bits::from(self.bits & 0xffff), Bits::from(self.bits >> LANE));
        lanes::alike(Lane::at(piece, at), Lane::new(first)) & low == low
            && (high == 0 || lanes::alike(Lane::at(piece, at + LANE), Lane::new(second)) & high == high)
    }

    /// The first of its two places in objects of a class.
    fn slot(&self, of: Id) -> usize {
        let (words, _) = self.lanes.as_flattened().as_chunks::<8>();
        let mix = |hash: u64, word: u64| (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        let hash = words.iter().fold(u64::from(of.0), |hash, word| mix(hash, u64::from_le_bytes(*word)));
        usize::try_from(hash % SLOTS as u64).unwrap_or(0)
    }
}

// === impl Classes ===

impl Classes {
    /// A class by its number; none for [`UNKNOWN`].
    #[inline]
    pub(super) fn get(&self, id: Id) -> Option<&Class> {
        self.known.get(id.index())
    }

    /// The automaton's state in a class.
    pub(super) fn state(&self, id: Id, words: usize) -> &[u64] {
        let at = id.index() * words;
        self.states.get(at..at + words).unwrap_or_default()
    }

    /// The class of values with such a place; `tells` is whether their context tells any data type. None if there is no room for
    /// another one.
    pub(super) fn of(&mut self, node: &Node, state: &[u64], tells: bool) -> Option<Id> {
        let is_it = |class: &&Class| class.node == *node && self.state(class.id, state.len()) == state;
        if let Some(class) = self.known.iter().find(is_it) {
            return Some(class.id);
        }
        let number = u16::try_from(self.known.len()).ok().filter(|number| usize::from(*number) < CLASSES_MAX)?;
        let is = |yes: bool, bit: u16| if yes { bit } else { 0 };
        let id = Id(number | is(node.is_plain, PLAIN) | is(tells, CONTEXT));
        self.known.push(Class { node: *node, id, says: Says::Unknown, element: UNKNOWN });
        self.states.extend_from_slice(state);
        Some(id)
    }

    /// Keeps what rules by field say of the values of a class that are no containers.
    pub(super) fn set_says(&mut self, of: Id, says: Says) {
        if let Some(class) = self.known.get_mut(of.index()) {
            class.says = says;
        }
    }

    /// The elements of arrays of a class are of this one.
    pub(super) fn set_element(&mut self, of: Id, element: Id) {
        if let Some(class) = self.known.get_mut(of.index()) {
            class.element = element;
        }
    }

    /// The member that begins at `at` in an object of this class, if it is written as it was the last time. Objects that are alike
    /// have their keys in the same order, so it is the one that came after the last member.
    #[inline(always)]
    pub(super) fn follow(&mut self, piece: &[u8], at: usize, lead: Lead, of: Id) -> Option<Member> {
        let slot = self.slots.get(usize::from(self.next))?;
        if slot.of != of || slot.lead != lead || !slot.written.is_at(piece, at) {
            return None;
        }
        (self.last, self.next) = (self.next, slot.next);
        let from = at + usize::from(slot.inside);
        let name = (from, from + usize::from(slot.key.len) - 1);
        Some(Member { name, value: at + usize::from(slot.written.len), class: slot.to })
    }

    /// The class of the value of a key whose inside begins at `at`, if it is known, and where what follows the key begins.
    pub(super) fn search_at(&mut self, piece: &[u8], at: usize, of: Id) -> Option<(usize, Id)> {
        let key = Packed::at(piece, at)?;
        self.search(&key, of).map(|to| (at + usize::from(key.len), to))
    }

    /// The member that came last is written like this, up to its value; its key's inside begins at a place of it.
    pub(super) fn is_written(&mut self, written: &[u8], lead: Lead, inside: usize) {
        let (Some(slot), Some(written)) = (self.slots.get_mut(usize::from(self.last)), Packed::of(written)) else {
            return;
        };
        (slot.written, slot.lead, slot.inside) = (written, lead, u8::try_from(inside).unwrap_or(0));
    }

    /// The class of a key's value in objects of a class, if it is known.
    pub(super) fn search(&mut self, key: &Packed, of: Id) -> Option<Id> {
        let first = key.slot(of);
        let is_it = |at: &usize| self.slots.get(*at).is_some_and(|slot| slot.of == of && slot.key == *key);
        let at = [first, first ^ 1].into_iter().find(is_it)?;
        let number = u16::try_from(at).ok()?;
        if let Some(last) = self.slots.get_mut(usize::from(self.last)) {
            last.next = number;
        }
        let slot = self.slots.get(at)?;
        (self.last, self.next) = (number, slot.next);
        Some(slot.to)
    }

    /// Keeps what class a key's value is of: at a place that is free, else at the first of its two, whose key gives way.
    pub(super) fn put(&mut self, key: Packed, of: Id, to: Id) {
        if self.slots.is_empty() {
            self.slots = vec![Slot::default(); SLOTS];
        }
        let first = key.slot(of);
        let is_free = |at: usize| self.slots.get(at).is_some_and(|slot| slot.key.len == 0);
        let at = if !is_free(first) && is_free(first ^ 1) { first ^ 1 } else { first };
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = Slot { key, of, to, ..Slot::default() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Classes, Id, Packed};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        /// What is answered for a key was put for this very key in objects of this class, whatever stands behind it in the piece.
        #[test]
        fn only_the_same_key_is_known(keys in prop::collection::vec(("[ab\\x00]{0,33}", 0..3_u16, "[ab\"]{0,40}"), 1..60)) {
            let mut table = Classes::default();
            let mut last = BTreeMap::new();
            for (number, (key, of, rest)) in (0..).zip(&keys) {
                let piece = format!("{key}\"{rest}");
                let Some(packed) = Packed::new(piece.as_bytes(), key.len()) else {
                    prop_assert!(key.len() > 31);
                    prop_assert_eq!(table.search_at(piece.as_bytes(), 0, Id(*of)), None);
                    continue;
                };
                if let Some((end, to)) = table.search_at(piece.as_bytes(), 0, Id(*of)) {
                    prop_assert_eq!(end, key.len() + 1);
                    prop_assert_eq!(Some(&to), last.get(&(key, of)));
                    continue;
                }
                table.put(packed, Id(*of), Id(number));
                prop_assert_eq!(table.search_at(piece.as_bytes(), 0, Id(*of)), Some((key.len() + 1, Id(number))));
                last.insert((key, of), Id(number));
            }
        }
    }
}
