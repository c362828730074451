//! The way through what most bodies are made of: keys that came before, and values that are whole in the piece.
//!
//! Whatever is anything else is left to the general way, from its first byte on, so what is quick is never different. Where
//! something may be removed, an item of which anything is to be said is left to it too, with the comma before it, which may have to go.

use super::classes::{Id, Lead, Member, PACKED_MAX, Says, UNKNOWN};
use super::glance;
use super::{Expect, Flow, Json, Name};
use crate::judge::{Judge, Kind, Verdict};
use crate::masker::Blocked;
use crate::rule::RuleSet;
use crate::scan::{Scan, is_space};
use crate::verdict::Value;

/// The container at hand.
#[derive(Clone, Copy)]
struct Inside {
    is_array: bool,
    class: Id,
}

/// Where the walk is.
#[derive(Clone, Copy)]
struct Place {
    at: usize,
    expect: Expect,
    /// Where the item at hand began, with the comma before it, and what was expected there.
    item: (usize, Expect),
}

impl Place {
    /// Where an item begins, or one has ended.
    #[inline(always)]
    const fn at(at: usize, expect: Expect) -> Self {
        Self { at, expect, item: (at, expect) }
    }

    /// Where the item at hand began, of which nothing was read yet but perhaps its comma.
    #[inline(always)]
    fn begun(self) -> (usize, Expect) {
        if self.expect == Expect::After { (self.at, Expect::After) } else { self.item }
    }
}

/// Where a value begins whose key ends at `end`, as most are written; none where its colon is elsewhere.
#[inline(always)]
fn behind_colon(piece: &[u8], end: usize) -> Option<usize> {
    match piece.get(end..) {
        Some([b':', b' ', ..]) => Some(end + 2),
        Some([b':', ..]) => Some(end + 1),
        _ => None,
    }
}

// === impl Json ===

impl<S: Scan> Json<S> {
    /// Walks from `at` on to the first byte that is left to the general way. Nothing waits and nothing is muted.
    ///
    /// A function of its own, so that what it counts with stays in registers.
    #[inline(never)]
    pub(super) fn quick(&mut self, judge: &mut Judge, flow: &mut Flow<'_>, at: usize) -> Result<usize, Blocked> {
        if !S::GLANCES || self.leaves_commas(judge) {
            return Ok(at);
        }
        let Some(inside) = self.inside() else { return Ok(at) };
        if self.expect == Expect::Value && !inside.is_array && self.class == UNKNOWN {
            return Ok(at);
        }
        let entered = self.class;
        let place = self.walk(judge, flow, inside, Place::at(at, self.expect))?;
        let (end, expect) =
            if judge.removes && place.expect != Expect::After { place.item } else { (place.at, place.expect) };
        if end == at {
            // Nothing was done, nor may it seem so.
            self.class = entered;
            return Ok(at);
        }
        let is_array = self.levels.last().is_some_and(|level| level.is_array);
        if matches!(expect, Expect::Colon | Expect::Value) && !is_array {
            self.is_of(self.class);
        }
        self.expect = expect;
        Ok(end)
    }

    #[inline(always)]
    fn walk(
        &mut self,
        judge: &mut Judge,
        flow: &mut Flow<'_>,
        mut inside: Inside,
        mut place: Place,
    ) -> Result<Place, Blocked> {
        let piece = flow.piece;
        while let Some(byte) = piece.get(place.at).copied() {
            let at = place.at;
            match (byte, place.expect) {
                (b',', Expect::After) if self.leaves_commas(judge) => return Ok(place),
                (b',', Expect::After) if inside.is_array => {
                    place = Place { at: at + 1, expect: Expect::Value, item: (at, Expect::After) };
                }
                (b',', Expect::After) | (b'"', Expect::Key) => {
                    let goes_on;
                    (place, goes_on) = self.members(judge, flow, inside, place)?;
                    if !goes_on {
                        return Ok(place);
                    }
                }
                (b'{' | b'[', Expect::Value) => {
                    if inside.is_array {
                        self.class = self.element(inside);
                    }
                    if !self.may_open(judge) {
                        return Ok(place);
                    }
                    self.keeps(judge);
                    self.push(piece, byte == b'[');
                    place = Place::at(at + 1, self.expect);
                    let Some(level) = self.inside() else { return Ok(place) };
                    inside = level;
                }
                (b'}' | b']', expect) if expect != Expect::Colon => {
                    if inside.is_array != (byte == b']') || expect == Expect::Value && !inside.is_array {
                        return Ok(place);
                    }
                    self.leave();
                    place = Place::at(at + 1, Expect::After);
                    let Some(level) = self.inside() else { return Ok(place) };
                    inside = level;
                }
                (byte, expect) if is_space(byte) && expect != Expect::Colon => {
                    place.at = self.scan.skip_space(piece, at);
                    if place.at - place.item.0 > judge.limits.token {
                        // Of what waits so long not all leaves.
                        return Ok(place);
                    }
                }
                (_, Expect::Value) => {
                    let class = if inside.is_array { self.element(inside) } else { self.class };
                    let Some(end) = self.quick_token(judge, flow, at, class)? else { return Ok(place) };
                    self.keeps(judge);
                    place = Place::at(end, Expect::After);
                }
                _ => return Ok(place),
            }
        }
        Ok(place)
    }

    /// Walks members of an object, from the key on that begins here, or the comma before it. Whether what it stopped at may be
    /// for the quick way.
    #[inline(always)]
    fn members(
        &mut self,
        judge: &mut Judge,
        flow: &mut Flow<'_>,
        inside: Inside,
        mut place: Place,
    ) -> Result<(Place, bool), Blocked> {
        let piece = flow.piece;
        loop {
            let lead = if place.expect == Expect::After { Lead::Comma } else { Lead::First };
            let followed = self.classes.follow(piece, place.at, lead, inside.class);
            // What is longer than a token may be is for the general way.
            let member = match followed.filter(|_| judge.limits.token >= PACKED_MAX) {
                Some(member) => member,
                None => match self.spelt(judge, piece, inside, place) {
                    Ok(member) => member,
                    Err(stopped) => return Ok(stopped),
                },
            };
            // Kept for whoever has to say where the value is.
            self.name = Name::Piece(member.name.0, member.name.1);
            let Some(end) = self.quick_token(judge, flow, member.value, member.class)? else {
                self.class = member.class;
                let goes_on = matches!(piece.get(member.value), Some(b'{' | b'['));
                return Ok((Place { at: member.value, expect: Expect::Value, item: place.begun() }, goes_on));
            };
            self.keeps(judge);
            place = Place::at(end, Expect::After);
            if piece.get(end) != Some(&b',') || self.leaves_commas(judge) {
                return Ok((place, true));
            }
        }
    }

    /// The member that begins here, which is not written as the last time. Else where the walk stops, and whether that may be for the
    /// quick way.
    #[inline(never)]
    fn spelt(&mut self, judge: &Judge, piece: &[u8], inside: Inside, place: Place) -> Result<Member, (Place, bool)> {
        let item = place.begun();
        let (lead, from) =
            if place.expect == Expect::After { (Lead::Comma, place.at + 1) } else { (Lead::First, place.at) };
        let at = self.scan.skip_space(piece, from);
        let stopped = Place { at, expect: Expect::Key, item };
        if piece.get(at) != Some(&b'"') || at - item.0 > judge.limits.token {
            return Err((stopped, at - item.0 <= judge.limits.token));
        }
        let known = self.classes.search_at(piece, at + 1, inside.class);
        let Some((end, class)) = known.filter(|(end, _)| end - at <= judge.limits.token) else {
            return Err((stopped, false));
        };
        let Some(value) = behind_colon(piece, end) else {
            (self.name, self.class) = (Name::Piece(at + 1, end - 1), class);
            return Err((Place { at: end, expect: Expect::Colon, item }, false));
        };
        self.classes.is_written(piece.get(place.at..value).unwrap_or_default(), lead, at + 1 - place.at);
        Ok(Member { name: (at + 1, end - 1), value, class })
    }

    #[inline(always)]
    fn inside(&self) -> Option<Inside> {
        self.levels.last().map(|level| Inside { is_array: level.is_array, class: level.class })
    }

    /// The class of the elements of the array at hand.
    #[inline(always)]
    fn element(&self, inside: Inside) -> Id {
        self.classes.get(inside.class).map_or(UNKNOWN, |class| class.element)
    }

    /// Whether a container may open that is the value at hand, with no rule by field having anything to say about it.
    #[inline(always)]
    fn may_open(&self, judge: &Judge) -> bool {
        self.class.is_plain() && self.levels.len() < judge.limits.depth
    }

    /// Whether the comma before the next item may have to go.
    #[inline(always)]
    fn leaves_commas(&self, judge: &Judge) -> bool {
        judge.removes && self.levels.last().is_none_or(|level| level.has_removed && !level.has_kept)
    }

    /// An item of the container at hand stays.
    #[inline(always)]
    fn keeps(&mut self, judge: &Judge) {
        if judge.removes
            && let Some(level) = self.levels.last_mut()
        {
            level.has_kept = true;
        }
    }

    /// A value of this class, in quotes or without: where what follows it begins. None if it is for the general way.
    #[inline(always)]
    fn quick_token(
        &mut self,
        judge: &mut Judge,
        flow: &mut Flow<'_>,
        at: usize,
        class: Id,
    ) -> Result<Option<usize>, Blocked> {
        let piece = flow.piece;
        let is_quoted = piece.get(at) == Some(&b'"');
        let glance = if is_quoted {
            glance::string(judge, piece, at + 1, class.has_context())
                .map(|(len, may_hold)| (at + len + 2, may_hold, true))
        } else {
            glance::bare(judge, piece, at, class.has_context()).map(|(len, may_hold)| (at + len, may_hold, true))
        };
        let Some((end, may_hold, is_plain)) = glance.or_else(|| self.long_string(judge, piece, at, class)) else {
            return Ok(None);
        };
        if end - at > judge.limits.token {
            return Ok(None);
        }
        if class.is_plain() && !may_hold {
            return Ok(Some(end));
        }
        let stays = self.judge_quickly(judge, flow, (at, end, is_plain), class)?;
        Ok(stays.then_some(end))
    }

    /// A string that is longer than a lane, or has escapes: where what follows it begins, whether it may hold a data type, and whether
    /// it is written as it is meant.
    #[inline(always)]
    fn long_string(&self, judge: &Judge, piece: &[u8], at: usize, class: Id) -> Option<(usize, bool, bool)> {
        let inside = piece.get(at..)?.strip_prefix(b"\"")?;
        let (end, is_plain) = self.scan.string_end(piece, at + 1).ok()?;
        let may_hold = judge.looks && (class.has_context() || judge.may_hold_plain(inside, end - at - 2));
        Some((end, may_hold, is_plain))
    }

    /// A value that a rule by field names, or that may hold something. False if it is for the general way.
    #[inline(never)]
    fn judge_quickly(
        &mut self,
        judge: &mut Judge,
        flow: &mut Flow<'_>,
        (at, end, is_plain): (usize, usize, bool),
        id: Id,
    ) -> Result<bool, Blocked> {
        let piece = flow.piece;
        let is_bare = piece.get(at) != Some(&b'"');
        let raw = piece.get(at + usize::from(!is_bare)..end - usize::from(!is_bare)).unwrap_or_default();
        let Some(class) = self.classes.get(id) else { return Ok(false) };
        let (rules, context, offset) = (class.node.rules, class.node.context, judge.offset + at as u64);
        let says = class.says;
        if id.is_plain() && is_plain && judge.holds_nothing(raw, context, offset) {
            return Ok(true);
        }
        if judge.removes || !id.is_plain() && says == Says::Unknown {
            return Ok(false);
        }
        if is_plain && !is_bare && (id.is_plain() || says != Says::Stay) && !judge.shadows_types {
            if !id.is_plain() {
                judge.holds_nothing(raw, context, offset);
            }
            if judge.writes_found() {
                judge.looked = None;
                self.string(judge, flow, (at, end), says);
                return Ok(true);
            }
        }
        let kind = if is_bare { Kind::Bare } else { Kind::String };
        let spot = self.spot(piece);
        let verdict = judge.value(&Value { kind, raw, rules, context, spot, gone: false, offset, is_plain })?;
        if verdict != Verdict::Keep {
            self.flush(judge, flow, at);
            flow.out.extend_from_slice(if verdict == Verdict::Replace { &judge.written } else { b"null" });
            flow.copied = end;
        }
        Ok(true)
    }

    /// A string that is written as it is meant, and masked by texts where it is. What it holds is known.
    #[inline(always)]
    fn string(&self, judge: &mut Judge, flow: &mut Flow<'_>, (at, end): (usize, usize), says: Says) {
        let (piece, field) = (flow.piece, if let Says::Mask(rule) = says { Some(usize::from(rule)) } else { None });
        let raw = piece.get(at + 1..end - 1).unwrap_or_default();
        if field.is_some() || judge.masks_types() {
            flow.out.extend_from_slice(piece.get(flow.copied..=at).unwrap_or_default());
            judge.string(field, raw, flow.out);
            flow.copied = end - 1;
        }
        judge.tell(raw, &self.spot(piece), field, (false, field.is_some()), &RuleSet::NONE);
    }
}
