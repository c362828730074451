//! One token at a glance, sixteen bytes at a time: where it ends, and whether it may hold a data type.

use crate::detect::lanes::{self, Bits, LANE, Lane};
use crate::judge::Judge;
use crate::scan::is_space;

/// The length of the string whose inside begins at `at`, whether it may hold a data type, and whether it is written as it is meant.
/// None if the piece ends before it does.
#[inline(always)]
pub(super) fn string(judge: &Judge, piece: &[u8], at: usize, has_context: bool) -> Option<(usize, bool, bool)> {
    let lane = Lane::at(piece, at);
    let stops = lanes::quotes(lane);
    let len = stops.trailing_zeros() as usize;
    if stops != 0 && piece.get(at + len) == Some(&b'"') {
        let may_hold = judge.looks && (has_context || len >= judge.gate.bytes || judge.has_enough_in(lane, len));
        return Some((len, may_hold, true));
    }
    let (len, is_plain) = long(piece, at)?;
    let may_hold = judge.looks && (has_context || judge.may_hold_plain(piece.get(at..).unwrap_or_default(), len));
    Some((len, may_hold, is_plain))
}

/// The length of a string that is longer than a lane, or has escapes, and whether it has none.
#[inline(never)]
fn long(piece: &[u8], at: usize) -> Option<(usize, bool)> {
    let mut base = at;
    let mut is_plain = true;
    while base < piece.len() {
        let mut stops = lanes::quotes(Lane::at(piece, base));
        let mut next = base + LANE;
        while stops != 0 {
            let place = stops.trailing_zeros() as usize;
            if piece.get(base + place) == Some(&b'"') {
                return Some((base + place - at, is_plain));
            }
            is_plain = false;
            // What it escapes is none of these, here or in the next lane.
            stops &= !(0b11 << place);
            next = base + LANE + usize::from(place + 1 == LANE);
        }
        base = next;
    }
    None
}

/// The same of the token without quotes that begins at `at`. None if it is none, or is longer than numbers are, or the piece ends
/// with it.
#[inline(always)]
pub(super) fn bare(judge: &Judge, piece: &[u8], at: usize, has_context: bool) -> Option<(usize, bool, bool)> {
    let lane = Lane::at(piece, at);
    let ends: Bits = lanes::ends(lane);
    let len = ends.trailing_zeros() as usize;
    if ends == 0 || len == 0 || at + len >= piece.len() {
        return None;
    }
    let may_hold = judge.looks && (has_context || len >= judge.gate.bytes || judge.has_enough_in(lane, len));
    let is_plain = lanes::quotes(lane).trailing_zeros() as usize >= len;
    Some((len, may_hold, is_plain))
}

/// The first byte from `at` on that is no white space, or the piece's end.
#[inline(always)]
pub(super) fn skip_space(piece: &[u8], mut at: usize) -> usize {
    while piece.get(at).is_some_and(|byte| is_space(*byte)) {
        let solid = lanes::solid(Lane::at(piece, at));
        at += if solid == 0 { LANE } else { solid.trailing_zeros() as usize };
    }
    at.min(piece.len())
}
