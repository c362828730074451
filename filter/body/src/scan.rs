//! Finding the next byte that matters.
//!
//! Two scanners answer the same three questions. The plain one reads byte by byte: it is short enough to be believed, the
//! oracle of the other in tests, and what hosts without vector instructions run.

use crate::detect::lanes::{self, Bits, LANE, Lane};

/// What a scanner of JSON is asked. `at` may be the piece's length, and so may the answer.
pub(crate) trait Scan: Default + std::fmt::Debug {
    /// Whether tokens are looked at by lanes too, before they are asked for.
    const GLANCES: bool;

    /// The first byte from `at` on that is no white space. Control characters count as white space, here and everywhere.
    fn skip_space(&self, piece: &[u8], at: usize) -> usize;

    /// The byte after the quote that ends the string whose inside goes on at `at`, and whether no escape is before it.
    ///
    /// # Errors
    /// The piece ends before; whether with a backslash that escapes what comes next.
    fn string_end(&self, piece: &[u8], at: usize) -> Result<(usize, bool), bool>;

    /// The first byte from `at` on that ends a token without quotes.
    fn bare_end(&self, piece: &[u8], at: usize) -> usize;
}

/// Byte by byte.
#[cfg(any(test, all(target_arch = "wasm32", not(target_feature = "simd128"))))]
#[derive(Debug, Default)]
pub(crate) struct Plain;

// === impl Plain ===

#[cfg(any(test, all(target_arch = "wasm32", not(target_feature = "simd128"))))]
impl Scan for Plain {
    const GLANCES: bool = false;

    fn skip_space(&self, piece: &[u8], at: usize) -> usize {
        find(piece, at, |byte| !is_space(byte))
    }

    fn string_end(&self, piece: &[u8], mut at: usize) -> Result<(usize, bool), bool> {
        let mut is_plain = true;
        loop {
            at = find(piece, at, |byte| byte == b'"' || byte == b'\\');
            match piece.get(at) {
                Some(b'"') => return Ok((at + 1, is_plain)),
                Some(_) if at + 1 < piece.len() => (at, is_plain) = (at + 2, false),
                other => return Err(other.is_some()),
            }
        }
    }

    fn bare_end(&self, piece: &[u8], at: usize) -> usize {
        find(piece, at, |byte| is_space(byte) || b"\"{}[]:,".contains(&byte))
    }
}

/// By lanes of sixteen bytes. Nothing of one is carried into the next or into the next piece, so there is nothing to resume.
#[derive(Debug, Default)]
pub(crate) struct Lanes;

// === impl Lanes ===

impl Scan for Lanes {
    const GLANCES: bool = true;

    #[inline(always)]
    fn skip_space(&self, piece: &[u8], at: usize) -> usize {
        if piece.get(at).is_some_and(|byte| !is_space(*byte)) { at } else { find_by_lanes(piece, at, lanes::solid) }
    }

    #[inline(never)]
    fn string_end(&self, piece: &[u8], at: usize) -> Result<(usize, bool), bool> {
        let (mut base, mut is_plain) = (at, true);
        while base < piece.len() {
            let mut stops = lanes::quotes(Lane::at(piece, base));
            let mut next = base + LANE;
            while stops != 0 {
                let place = stops.trailing_zeros() as usize;
                if piece.get(base + place) == Some(&b'"') {
                    return Ok((base + place + 1, is_plain));
                }
                if base + place + 1 == piece.len() {
                    return Err(true);
                }
                is_plain = false;
                // What it escapes is none of these, here or in the next lane.
                stops &= !(0b11 << place);
                next = base + LANE + usize::from(place + 1 == LANE);
            }
            base = next;
        }
        Err(false)
    }

    #[inline]
    fn bare_end(&self, piece: &[u8], at: usize) -> usize {
        find_by_lanes(piece, at, lanes::ends)
    }
}

/// The first byte from `at` on of which this is so.
#[inline]
fn find_by_lanes(piece: &[u8], mut at: usize, ask: impl Fn(Lane) -> Bits) -> usize {
    while at < piece.len() {
        let bits = ask(Lane::at(piece, at));
        if bits != 0 {
            // What is beyond the piece is white space.
            return (at + bits.trailing_zeros() as usize).min(piece.len());
        }
        at += LANE;
    }
    piece.len()
}

fn find(piece: &[u8], at: usize, wanted: impl Fn(u8) -> bool) -> usize {
    let rest = piece.get(at..).unwrap_or_default();
    rest.iter().position(|byte| wanted(*byte)).map_or(piece.len(), |found| at + found)
}

/// The fastest scanner that the host runs.
#[cfg(any(target_feature = "simd128", not(target_arch = "wasm32")))]
pub(crate) type Fast = Lanes;
/// The fastest scanner that the host runs.
#[cfg(all(target_arch = "wasm32", not(target_feature = "simd128")))]
pub(crate) type Fast = Plain;

/// White space outside strings: JSON's four, and the control characters that it has no use for.
pub(crate) const fn is_space(byte: u8) -> bool {
    byte <= b' '
}

/// Where a byte is, or the piece's length.
pub(crate) fn find_byte(piece: &[u8], wanted: u8) -> usize {
    let pattern = u64::from_ne_bytes([wanted; 8]);
    find_by_words(piece, |word| has_zero(word ^ pattern), |byte| byte == wanted)
}

/// Where a line ends, or the piece's length.
pub(crate) fn find_line_end(piece: &[u8]) -> usize {
    let (feed, back) = (u64::from_ne_bytes([b'\n'; 8]), u64::from_ne_bytes([b'\r'; 8]));
    find_by_words(piece, |word| has_zero(word ^ feed) || has_zero(word ^ back), |byte| byte == b'\n' || byte == b'\r')
}

/// Whether one of a word's bytes is zero: only then does taking one from each borrow from a byte's own high bit.
const fn has_zero(word: u64) -> bool {
    word.wrapping_sub(0x0101_0101_0101_0101) & !word & 0x8080_8080_8080_8080 != 0
}

fn find_by_words(piece: &[u8], may: impl Fn(u64) -> bool, is: impl Fn(u8) -> bool) -> usize {
    let (words, _) = piece.as_chunks::<8>();
    let skipped = 8 * words.iter().take_while(|word| !may(u64::from_ne_bytes(**word))).count();
    find(piece, skipped, is)
}

#[cfg(test)]
mod tests {
    use super::{Lanes, Plain, Scan, find_byte, find_line_end};
    use proptest::prelude::*;

    proptest! {
        /// The fast scanner answers what the plain one answers.
        #[test]
        fn lanes_answer_as_bytes_do(
            piece in prop::collection::vec(prop_oneof![any::<u8>(), Just(b' '), Just(b'a'), prop::sample::select(&b"\"\\:,{}[]\n"[..])], 0..200),
            places in prop::collection::vec(0..210_usize, 1..20),
        ) {
            for at in places.into_iter().map(|at| at.min(piece.len())) {
                prop_assert_eq!(Lanes.skip_space(&piece, at), Plain.skip_space(&piece, at));
                prop_assert_eq!(Lanes.string_end(&piece, at), Plain.string_end(&piece, at));
                prop_assert_eq!(Lanes.bare_end(&piece, at), Plain.bare_end(&piece, at));
            }
        }

        /// Words are skipped only where nothing is.
        #[test]
        fn ends_are_found(piece in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\n'), Just(b'\r'), Just(b'\x0b')], 0..40)) {
            let found = |wanted: &[u8]| piece.iter().position(|byte| wanted.contains(byte)).unwrap_or(piece.len());
            prop_assert_eq!(find_byte(&piece, b'\n'), found(b"\n"));
            prop_assert_eq!(find_line_end(&piece), found(b"\r\n"));
        }
    }
}
