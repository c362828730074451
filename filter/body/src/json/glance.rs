//! One token at a glance, sixteen bytes at a time: where it ends, and whether it may hold a data type.

use crate::detect::lanes::{self, Lane};
use crate::judge::Judge;

/// The length of the string whose inside begins at `at`, and whether it may hold a data type. None unless it is shorter than a lane,
/// and written as it is meant.
#[inline(always)]
pub(super) fn string(judge: &Judge, piece: &[u8], at: usize, has_context: bool) -> Option<(usize, bool)> {
    let lane = Lane::at(piece, at);
    let stops = lanes::quotes(lane);
    let len = stops.trailing_zeros() as usize;
    if stops == 0 || piece.get(at + len) != Some(&b'"') {
        return None;
    }
    Some((len, may_hold(judge, lane, len, has_context)))
}

/// The same of the token without quotes that begins at `at`. None if it is none, or is longer than numbers are, or the piece ends
/// with it.
#[inline(always)]
pub(super) fn bare(judge: &Judge, piece: &[u8], at: usize, has_context: bool) -> Option<(usize, bool)> {
    let lane = Lane::at(piece, at);
    let ends = lanes::ends(lane);
    let len = ends.trailing_zeros() as usize;
    if ends == 0 || len == 0 || at + len >= piece.len() {
        return None;
    }
    Some((len, may_hold(judge, lane, len, has_context)))
}

/// Whether what a lane begins with may hold a data type.
#[inline(always)]
fn may_hold(judge: &Judge, lane: Lane, len: usize, has_context: bool) -> bool {
    judge.looks && (has_context || len >= judge.gate.bytes || judge.has_enough_in(lane, len))
}
