//! What an operation asks of a server: its depth, its breadth, its cost.
//!
//! Every measure of a set of selections is made of the measures of its parts, so each fragment is measured
//! once however often it is spread: a document whose fragments double each other costs no more than its length.

use super::parse::{Definition, Document, Kind, NONE, Times, What};
use crate::order;
use crate::protocol::Unreadable;

/// Levels of selections and fragments within each other that are followed.
const LEVELS_MAX: u32 = 256;

/// Levels below `__schema` and `__type`, of which the queries of common tools have up to 14.
const INTROSPECTION_LEVELS_MAX: u32 = 20;

/// Different fields at the root of an operation that are told apart.
pub(super) const ROOTS_MAX: usize = 64;

/// What an operation asks for; every number stops at the largest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Measures {
    /// Fields within each other.
    pub depth: u32,
    /// Fields under another name.
    pub aliases: u32,
    /// Fields at the root.
    pub root_fields: u32,
    /// Directives.
    pub directives: u32,
    /// `cost(field) = 1 + n · Σ cost(field within it)`, summed over the root's fields; `n` is the largest of
    /// the field's arguments `first`, `last` and `limit`, and 1 without them.
    pub complexity: u32,
    /// Whether `__schema` or `__type` is asked for. What is below them is measured no further: it is bounded by
    /// a depth of its own, and a limit for data would refuse the queries of common tools.
    pub introspects: bool,
}

impl Measures {
    /// Adds the measures of what is asked for beside it: the deepest, and the sum of everything else.
    pub(super) fn add(&mut self, other: &Self) {
        self.depth = self.depth.max(other.depth);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.root_fields = self.root_fields.saturating_add(other.root_fields);
        self.directives = self.directives.saturating_add(other.directives);
        self.complexity = self.complexity.saturating_add(other.complexity);
        self.introspects |= other.introspects;
    }
}

/// A fragment, on the way to its measures.
#[derive(Debug, Clone, Copy)]
enum Fragment {
    New,
    /// It is being measured: who comes to it now goes round in a circle.
    Open,
    Measured(Measures),
}

pub(super) struct Measuring<'m, 'd> {
    document: &'m Document<'d>,
    /// Fragments by name, each with its place among the definitions.
    names: Vec<(&'d str, usize)>,
    fragments: Vec<Fragment>,
    variable: &'m dyn Fn(&str) -> Option<u32>,
    levels: u32,
}

impl<'m, 'd> Measuring<'m, 'd> {
    /// Measures under what the request says of its variables.
    ///
    /// # Errors
    /// [`Unreadable::Ambiguous`] where two fragments have one name.
    pub(super) fn new(
        document: &'m Document<'d>,
        variable: &'m dyn Fn(&str) -> Option<u32>,
    ) -> Result<Self, Unreadable> {
        let named = |(place, one): (usize, &Definition<'d>)| Some((one.name.filter(|_| one.kind.is_none())?, place));
        let mut names: Vec<_> = document.definitions.iter().enumerate().filter_map(named).collect();
        if sort(&mut names) {
            return Err(Unreadable::Ambiguous);
        }
        let fragments = vec![Fragment::New; document.definitions.len()];
        Ok(Self { document, names, fragments, variable, levels: 0 })
    }

    /// The measures of an operation. Every fragment is followed, spread or not: a circle is refused wherever it is.
    ///
    /// # Errors
    /// A circle, a fragment that is not there, or too many levels.
    pub(super) fn of(&mut self, operation: &Definition<'d>) -> Result<Measures, Unreadable> {
        for at in 0..self.names.len() {
            if let Some(&(name, _)) = self.names.get(at) {
                self.fragment(name)?;
            }
        }
        let mut all = self.selections(operation.first)?;
        all.directives = all.directives.saturating_add(operation.directives);
        Ok(all)
    }

    fn place(&self, name: &str) -> Result<usize, Unreadable> {
        let found = self.names.binary_search_by(|(known, _)| (*known).cmp(name)).ok();
        found.and_then(|at| self.names.get(at)).map(|(_, place)| *place).ok_or(Unreadable::Syntax)
    }

    fn fragment(&mut self, name: &str) -> Result<Measures, Unreadable> {
        let place = self.place(name)?;
        match self.fragments.get(place) {
            Some(Fragment::Measured(measures)) => return Ok(*measures),
            Some(Fragment::Open) => return Err(Unreadable::Cycle),
            Some(Fragment::New) | None => {}
        }
        let Some(definition) = self.document.definitions.get(place) else { return Err(Unreadable::Syntax) };
        self.set(place, Fragment::Open);
        let mut measures = self.selections(definition.first)?;
        measures.directives = measures.directives.saturating_add(definition.directives);
        self.set(place, Fragment::Measured(measures));
        Ok(measures)
    }

    fn set(&mut self, place: usize, fragment: Fragment) {
        if let Some(slot) = self.fragments.get_mut(place) {
            *slot = fragment;
        }
    }

    fn selections(&mut self, first: u32) -> Result<Measures, Unreadable> {
        self.levels += 1;
        if self.levels > LEVELS_MAX {
            return Err(Unreadable::TooDeep);
        }
        let mut all = Measures::default();
        let mut at = first;
        while let Some(selection) = self.document.selection(at) {
            let (what, inner) = (selection.what, selection.inner);
            let mut one = match what {
                What::Spread(name) => self.fragment(name)?,
                What::Inline => self.selections(inner)?,
                What::Field(_) if inner == NONE => Measures::default(),
                What::Field(_) => self.selections(inner)?,
            };
            if let What::Field(name) = what {
                let introspects = matches!(name, "__schema" | "__type");
                if introspects && one.depth > INTROSPECTION_LEVELS_MAX {
                    return Err(Unreadable::TooDeep);
                }
                let times = self.times(&selection.times);
                let within = if introspects { 0 } else { one.complexity.saturating_mul(times) };
                one = Measures {
                    depth: if introspects { 1 } else { one.depth.saturating_add(1) },
                    aliases: one.aliases.saturating_add(u32::from(selection.is_aliased)),
                    root_fields: 1,
                    directives: one.directives,
                    complexity: within.saturating_add(1),
                    introspects: introspects || one.introspects,
                };
            }
            one.directives = one.directives.saturating_add(selection.directives);
            all.add(&one);
            at = selection.next;
        }
        self.levels -= 1;
        Ok(all)
    }

    fn times(&self, said: &[Times<'d>; 3]) -> u32 {
        let number = |times: &Times<'d>| match *times {
            Times::Unsaid => None,
            Times::Said(number) => Some(number),
            Times::Variable(name) => (self.variable)(name),
        };
        said.iter().filter_map(number).max().unwrap_or(1).max(1)
    }

    /// The different fields at the root of an operation, in the order of their names; `__typename`, which asks
    /// for nothing, only where it is alone.
    ///
    /// # Errors
    /// [`Unreadable::TooMany`] beyond the bound.
    pub(super) fn roots(&self, operation: &Definition<'d>) -> Result<Vec<(&'d str, usize)>, Unreadable> {
        let mut roots: Vec<(&'d str, usize)> = Vec::new();
        let mut seen = vec![false; self.fragments.len()];
        let mut open = vec![operation.first];
        while let Some(mut at) = open.pop() {
            while let Some(selection) = self.document.selection(at) {
                match selection.what {
                    What::Field(name) if roots.iter().any(|(root, _)| *root == name) => {}
                    What::Field(_) if roots.len() == ROOTS_MAX => return Err(Unreadable::TooMany),
                    What::Field(name) => roots.push((name, 0)),
                    What::Inline => open.push(selection.inner),
                    What::Spread(name) => {
                        let place = self.place(name)?;
                        if let Some(seen) = seen.get_mut(place).filter(|seen| !**seen) {
                            *seen = true;
                            open.extend(self.document.definitions.get(place).map(|definition| definition.first));
                        }
                    }
                }
                at = selection.next;
            }
        }
        sort(&mut roots);
        if roots.len() > 1 {
            roots.retain(|(name, _)| *name != "__typename");
        }
        Ok(roots)
    }
}

/// Sorts names, each with a place; gives whether one stands twice.
#[inline(never)]
fn sort(names: &mut [(&str, usize)]) -> bool {
    order::sort(names, |a, b| a.0 < b.0);
    names.windows(2).any(|pair| matches!(pair, [a, b] if a.0 == b.0))
}

/// The operation that a request executes (section 6.1): the one of the name that it gives, or the only one.
///
/// # Errors
/// [`Unreadable::Ambiguous`] where two have one name, or where there are several and no name is given, which
/// servers answer differently; [`Unreadable::Syntax`] where none has it.
pub(super) fn chosen<'m, 'd>(
    document: &'m Document<'d>,
    name: Option<&str>,
) -> Result<(Kind, &'m Definition<'d>), Unreadable> {
    let operations = || document.definitions.iter().filter_map(|one| Some((one.kind?, one)));
    let mut names: Vec<(&str, usize)> = operations().map(|(_, one)| (one.name.unwrap_or_default(), 0)).collect();
    let is_twice = sort(&mut names);
    // A document with an operation without a name has no other (section 5.2.2).
    if is_twice || (names.len() > 1 && names.first() == Some(&("", 0))) {
        return Err(Unreadable::Ambiguous);
    }
    match name {
        None if names.len() > 1 => Err(Unreadable::Ambiguous),
        None => operations().next().ok_or(Unreadable::Syntax),
        Some(name) => operations().find(|(_, one)| one.name == Some(name)).ok_or(Unreadable::Syntax),
    }
}
