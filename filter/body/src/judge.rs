//! What becomes of one value: judged decoded, by the rules that its place and its content meet, and counted.
//!
//! Formats differ in how they find values and how they write them; here all of them meet.

use crate::detect::lanes::{self, Bits, LANE, Lane};
use crate::detect::{Context, DataType, Found, Gate, Types};
use crate::encoding::Encoding;
use crate::json::DEPTH_MAX;
use crate::masker::{Blocked, Cause};
use crate::places::Places;
use crate::plan::{Active, Limits, Plan};
use crate::report::{Inspected, Report, Why};
use crate::rule::{Mask, Oversize, Rule, RuleSet, Unreadable};
use std::cell::Cell;
use std::rc::Rc;

/// What a value is, which says how a mask of it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text between delimiters that stay: of an element, an attribute, a form.
    Text(Encoding),
    /// The inside of a JSON string.
    String,
    /// The inside of a JSON string that is a key.
    Key,
    /// The inside of a JSON string of which it is not known whether it is a key.
    Loose,
    /// What stands in JSON without quotes: a number, `true`, `null`, or what is none of these.
    Bare,
    /// The same where a key is expected.
    BareKey,
}

/// What becomes of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It leaves as it came.
    Keep,
    /// What [`Judge::written`] holds leaves instead, with its quotes if it has any.
    Replace,
    /// It goes, and what names it too.
    Remove,
}

/// Where a value is, for the report.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spot<'a> {
    /// The path of what it is in, by [`crate::verdict::descend`].
    pub(crate) path: &'a [u8],
    pub(crate) step: SpotStep<'a>,
}

/// The last step of a path.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SpotStep<'a> {
    Root,
    Element,
    Key(&'a [u8]),
}

/// The strongest rule for a data type.
#[derive(Debug, Clone, Copy)]
enum Strongest {
    Unasked,
    None,
    Rule(u16),
}

/// What is in force for a body, and what is known of it.
#[derive(Debug)]
pub(crate) struct Judge {
    pub(crate) plan: Rc<Plan>,
    pub(crate) active: Active,
    pub(crate) limits: Limits,
    pub(crate) report: Report,
    pub(crate) places: Places,
    /// Whether what went out differs from what came.
    pub(crate) changed: bool,
    /// The mask of the last value judged.
    pub(crate) written: Vec<u8>,
    /// The rule that wrote it.
    pub(crate) wrote: Option<usize>,
    /// Whether any rule in force, or in shadow, names fields.
    pub(crate) fields: bool,
    /// Data types that rules in force mask.
    pub(crate) masked: Types,
    /// Whether a rule in force may remove something.
    pub(crate) removes: bool,
    /// Whether data types are looked for at all.
    pub(crate) looks: bool,
    pub(crate) gate: Gate,
    /// The strongest rule in force for each data type, as far as it was asked for: most bodies hold few of them.
    by_type: Vec<Cell<Strongest>>,
    /// Whether rules in shadow name data types.
    pub(crate) shadows_types: bool,
    /// Data types to look for before and beyond the limit of inspection.
    pub(crate) wanted: Types,
    pub(crate) wanted_beyond: Types,
    /// Bytes that came before the piece at hand.
    pub(crate) offset: u64,
    pub(crate) found: Vec<Found>,
    /// Where the value begins of which `found` is already known.
    pub(crate) looked: Option<u64>,
    pub(crate) decoded: Vec<u8>,
}

// === impl Judge ===

impl Judge {
    pub(crate) fn new(plan: Rc<Plan>, mut active: Active, mut limits: Limits) -> Self {
        limits.depth = limits.depth.clamp(1, DEPTH_MAX);
        let known: RuleSet = (0..plan.rules.len()).collect();
        active.enforced = active.enforced.both(known);
        active.shadow = active.shadow.both(known).without(active.enforced);
        let rules = |set: RuleSet| set.iter().filter_map(|number| Some((number, plan.rules.get(number)?)));
        let types = |set: RuleSet| rules(set).fold(Types::NONE, |types, (_, rule)| types.union(rule.types));
        let (masked, shadow_types) = (types(active.enforced), types(active.shadow));
        let wanted_beyond = masked.union(shadow_types);
        let wanted = wanted_beyond.union(active.inspect);
        let both = active.enforced.union(active.shadow);
        let fields = rules(both).any(|(_, rule)| !rule.fields.is_empty() || !rule.keep_only.is_empty());
        let names = |rule: &Rule| !rule.fields.is_empty() || !rule.types.is_empty();
        let removes = |rule: &Rule| names(rule) && rule.mask == Mask::Remove || !rule.keep_only.is_empty();
        let removes = rules(active.enforced).any(|(_, rule)| removes(rule));
        // Where no rule masks data types, which is so in most heads, there is nothing to remember.
        let by_type = if masked.is_empty() { Vec::new() } else { vec![Cell::new(Strongest::Unasked); 256] };
        let gate = plan.gate;
        let mut report = Report::default();
        if wanted.is_empty() {
            report.inspected = Inspected::None(Why::NotAsked);
        }
        Self {
            report,
            places: Places::default(),
            changed: false,
            written: Vec::new(),
            wrote: None,
            fields,
            masked,
            removes,
            looks: !wanted.is_empty(),
            gate,
            by_type,
            shadows_types: !shadow_types.is_empty(),
            wanted,
            wanted_beyond,
            offset: 0,
            found: Vec::new(),
            looked: None,
            decoded: Vec::new(),
            plan,
            active,
            limits,
        }
    }

    /// Whether a rule in force masks data types.
    pub(crate) fn masks_types(&self) -> bool {
        !self.masked.is_empty()
    }

    /// Whether nothing that may still come can matter.
    pub(crate) fn idle(&self) -> bool {
        !self.fields && (!self.looks || self.offset >= self.limits.inspect && !self.looks_beyond())
    }

    fn looks_beyond(&self) -> bool {
        self.masks_types() || self.shadows_types
    }

    /// The body is over.
    pub(crate) fn close(&mut self) {
        if self.looks && self.offset > self.limits.inspect && self.wanted != self.wanted_beyond {
            self.report.inspected = Inspected::Partial(Why::Limit);
        }
    }

    /// Whether a text may hold a data type: a test that costs little and that every text with one passes. The text begins
    /// `rest` and is `len` bytes long.
    #[inline]
    pub(crate) fn may_hold(&self, rest: &[u8], len: usize, context: Context) -> bool {
        self.looks && (self.plan.detectors.tells(context) || self.may_hold_plain(rest, len))
    }

    /// The same of a text whose place says nothing about it, where data types are looked for.
    #[inline]
    pub(crate) fn may_hold_plain(&self, rest: &[u8], len: usize) -> bool {
        len >= self.gate.bytes || self.has_enough(rest, len)
    }

    /// Whether the first bytes of a lane, and fewer than all of it, have what the gate asks for.
    #[inline]
    pub(crate) fn has_enough_in(&self, lane: Lane, len: usize) -> bool {
        self.is_enough(lane, !(Bits::MAX << len), &mut (0, 0))
    }

    /// Counts what the gate asks for.
    #[inline]
    fn has_enough(&self, mut rest: &[u8], mut len: usize) -> bool {
        let mut counted = (0, 0);
        while len > 0 {
            let inside = if len < LANE { (1 << len) - 1 } else { Bits::MAX };
            if self.is_enough(Lane::begin(rest), inside, &mut counted) {
                return true;
            }
            rest = rest.get(LANE..).unwrap_or_default();
            len = len.saturating_sub(LANE);
        }
        false
    }

    /// Whether these bytes of a lane, with the digits and colons counted before, are enough. What is escaped may be anything.
    #[inline(always)]
    fn is_enough(&self, lane: Lane, inside: Bits, (digits, colons): &mut (usize, u32)) -> bool {
        *digits += (lanes::digits(lane) & inside).count_ones() as usize;
        *colons += (lanes::colons(lane) & inside).count_ones();
        *digits >= self.gate.digits || *colons > 1 && self.gate.colons || lanes::marks(lane) & inside != 0
    }

    /// Looks into a value that is written as it is meant; whether it holds nothing. What it holds is still known when the same
    /// value is judged.
    pub(crate) fn holds_nothing(&mut self, raw: &[u8], context: Context, offset: u64) -> bool {
        self.find(raw, context, self.wanted_at(offset));
        self.looked = (!self.found.is_empty()).then_some(offset);
        self.found.is_empty()
    }

    /// The data types to look for at this place of the body.
    pub(crate) const fn wanted_at(&self, offset: u64) -> Types {
        if offset < self.limits.inspect { self.wanted } else { self.wanted_beyond }
    }

    /// The strongest rule in force of those whose fields a value is in.
    #[inline]
    pub(crate) fn strongest(&self, rules: RuleSet) -> Option<usize> {
        if rules.is_empty() { None } else { self.strongest_of(rules) }
    }

    fn strongest_of(&self, rules: RuleSet) -> Option<usize> {
        let mut best = None;
        for number in rules.both(self.active.enforced).iter() {
            if best.is_none_or(|best| self.strength(number) > self.strength(best)) {
                best = Some(number);
            }
        }
        best
    }

    pub(crate) fn strength(&self, rule: usize) -> u8 {
        self.plan.rules.get(rule).map_or(0, |rule| rule.mask.strength())
    }

    pub(crate) fn mask(&self, rule: usize) -> &Mask {
        static HIDE: Mask = Mask::Null;
        self.plan.rules.get(rule).map_or(&HIDE, |rule| &rule.mask)
    }

    /// What a token that is too long to be judged comes to. `rules` are those whose fields it is in; if it may hold text,
    /// those that mask data types have a say too.
    pub(crate) fn oversize(&self, rules: RuleSet, text: bool) -> Result<Oversize, Blocked> {
        let mut outcome = Oversize::Pass;
        for number in self.active.enforced.iter() {
            let Some(rule) = self.plan.rules.get(number) else { continue };
            let says = rules.contains(number) || text && !rule.types.is_empty();
            if !says {
                continue;
            }
            if rule.oversize == Oversize::Block {
                return Err(Blocked { rule: number, cause: Cause::Oversize });
            }
            outcome = outcome.max(rule.oversize);
        }
        Ok(outcome)
    }

    /// The rule that masks a data type: the strongest in force, of equal ones the first.
    pub(crate) fn rule_of(&self, data_type: DataType) -> Option<usize> {
        let place = self.by_type.get(data_type.index())?;
        let strongest = match place.get() {
            Strongest::Unasked => {
                let names =
                    |number: &usize| self.plan.rules.get(*number).is_some_and(|rule| rule.types.contains(data_type));
                let naming: RuleSet = self.active.enforced.iter().filter(names).collect();
                let strongest = self.strongest(naming);
                strongest.and_then(|rule| u16::try_from(rule).ok()).map_or(Strongest::None, Strongest::Rule)
            }
            known => known,
        };
        place.set(strongest);
        if let Strongest::Rule(rule) = strongest { Some(usize::from(rule)) } else { None }
    }

    /// The first rule in force that masks data types and has this to say about what is too long.
    pub(crate) fn first_by_type(&self, outcome: Oversize) -> Option<usize> {
        let says = |rule: &Rule| !rule.types.is_empty() && rule.oversize == outcome;
        self.active.enforced.iter().find(|number| self.plan.rules.get(*number).is_some_and(says))
    }

    /// The rules in force that name fields.
    pub(crate) fn field_rules(&self) -> RuleSet {
        let names = |number: &usize| {
            self.plan.rules.get(*number).is_some_and(|rule| !rule.fields.is_empty() || !rule.keep_only.is_empty())
        };
        self.active.enforced.iter().filter(names).collect()
    }

    /// The structure broke: the rest follows the rules that name fields.
    pub(crate) fn broken(&mut self) -> Result<(), Blocked> {
        if self.looks {
            self.report.partial(Why::Broken);
        }
        self.unreadable(self.field_rules())
    }

    /// What is looked at as text is read as such, unless there is a NUL in it: of UTF-16 and UTF-32 without a mark, whatever ASCII is
    /// in them shows by its empty bytes.
    pub(crate) fn is_text(&mut self, text: &[u8]) -> Result<(), Blocked> {
        if !self.looks || !text.contains(&0) {
            return Ok(());
        }
        self.report.partial(Why::Format);
        if self.masks_types() { self.unreadable(self.active.enforced) } else { Ok(()) }
    }

    /// Something is not read that these rules are about.
    pub(crate) fn unreadable(&self, rules: RuleSet) -> Result<(), Blocked> {
        let blocks =
            |number: &usize| self.plan.rules.get(*number).is_some_and(|rule| rule.unreadable == Unreadable::Block);
        let blocking = rules.iter().find(blocks);
        blocking.map_or(Ok(()), |rule| Err(Blocked { rule, cause: Cause::Unreadable }))
    }

    /// A value that goes or is replaced as a whole, by a rule, without being looked at.
    pub(crate) fn taken(&mut self, rule: usize, spot: Spot<'_>) {
        self.report.rule(rule, true);
        self.places.count(&mut self.report, None, true, &spot);
        self.changed = true;
    }
}
