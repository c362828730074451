//! Sixteen bytes at a time: which of them are what. Shared with what reads bodies.
//!
//! Each question is asked in two ways: with the vectors of Wasm, and with arrays elsewhere. A lane is put together from its
//! bytes, which the compiler turns into one load, so nothing here needs trust in a pointer.

/// Bits of a lane's bytes, the first the lowest.
pub type Bits = u64;

/// Bytes of a lane.
pub const LANE: usize = 16;
/// Bytes of a block, whose bits fill a word.
pub const BLOCK: usize = 64;

/// The lane that fewer bytes than [`LANE`] begin; the rest of it is zeros. Made of overlapping words: copying some bytes is a
/// call in Wasm.
#[inline]
#[must_use]
pub fn partial(bytes: &[u8]) -> [u8; LANE] {
    word_of(bytes).to_le_bytes()
}

/// The same as one word, the first byte the lowest. Vectors are made of it and not of bytes in memory: a processor waits for what was
/// stored in parts.
#[inline(always)]
fn word_of(bytes: &[u8]) -> u128 {
    let len = bytes.len();
    let both = |first: u64, last: u64, width: usize| {
        u128::from(first) | u128::from(last).wrapping_shl(8 * u32::try_from(len - width).unwrap_or(0))
    };
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        both(u64::from_le_bytes(*first), u64::from_le_bytes(*last), 8)
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        both(u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last)), 4)
    } else {
        bytes.iter().take(3).rev().fold(0, |word, byte| word << 8 | u128::from(*byte))
    }
}

/// The lanes of at most [`BLOCK`] bytes, and how many of them there are; what is beyond the bytes is zeros.
#[inline]
#[must_use]
pub fn of_bytes(bytes: &[u8]) -> ([[u8; LANE]; BLOCK / LANE], usize) {
    let mut lanes = [[0; LANE]; BLOCK / LANE];
    let (whole, rest) = bytes.as_chunks::<LANE>();
    lanes.iter_mut().zip(whole).for_each(|(lane, from)| *lane = *from);
    let count = whole.len().min(BLOCK / LANE);
    match lanes.get_mut(count) {
        Some(lane) if !rest.is_empty() => {
            *lane = partial(rest);
            (lanes, count + 1)
        }
        _ => (lanes, count),
    }
}

/// A lane as a vector.
#[derive(Clone, Copy)]
pub struct Lane(arch::Lane);

// === impl Lane ===

impl Lane {
    /// Of these bytes.
    #[inline(always)]
    #[must_use]
    pub fn new(bytes: &[u8; LANE]) -> Self {
        Self(arch::load(bytes))
    }

    /// The lane that begins here; what is beyond the bytes is zeros.
    #[inline(always)]
    #[must_use]
    pub fn begin(bytes: &[u8]) -> Self {
        let padded;
        let lane = match bytes.first_chunk::<LANE>() {
            Some(lane) => lane,
            None => {
                padded = end(bytes);
                &padded
            }
        };
        Self::new(lane)
    }

    /// The lane that begins at this place.
    #[inline(always)]
    #[must_use]
    pub fn at(bytes: &[u8], at: usize) -> Self {
        Self::begin(bytes.get(at..).unwrap_or_default())
    }
}

/// [`partial`], where it is seldom needed.
#[cold]
#[inline(never)]
fn end(bytes: &[u8]) -> [u8; LANE] {
    partial(bytes)
}

/// Which bytes of two lanes are the same.
#[inline]
#[must_use]
pub fn alike(a: Lane, b: Lane) -> Bits {
    arch::bits(arch::same(a.0, b.0))
}

/// Whether two texts are the same: comparing some bytes is a call in Wasm, byte by byte.
#[inline]
#[must_use]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    let ((a_words, a_rest), (b_words, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    a.len() == b.len()
        && a_words.iter().zip(b_words).all(|(a, b)| word(a) == word(b))
        && a_rest.iter().zip(b_rest).all(|(a, b)| a == b)
}

/// Quotes and backslashes.
#[inline]
#[must_use]
pub fn quotes(lane: Lane) -> Bits {
    let Lane(lane) = lane;
    arch::bits(arch::or(arch::eq(lane, b'"'), arch::eq(lane, b'\\')))
}

/// What is no white space and no control character.
#[inline]
#[must_use]
pub fn solid(lane: Lane) -> Bits {
    !arch::bits(arch::between(lane.0, 0, b' ')) & 0xffff
}

/// What ends a token without quotes. Of the brackets, those that open differ by one bit, and so do those that close.
#[inline]
#[must_use]
pub fn ends(lane: Lane) -> Bits {
    let Lane(lane) = lane;
    let folded = arch::fold(lane);
    let brackets = arch::or(arch::eq(folded, b'{'), arch::eq(folded, b'}'));
    let marks = arch::or(arch::or(arch::eq(lane, b':'), arch::eq(lane, b',')), arch::eq(lane, b'"'));
    arch::bits(arch::or(arch::or(brackets, marks), arch::between(lane, 0, b' ')))
}

/// Digits.
#[inline]
#[must_use]
pub fn digits(lane: Lane) -> Bits {
    arch::bits(arch::between(lane.0, b'0', b'9'))
}

/// Digits of hexadecimal numbers.
#[inline]
#[must_use]
pub fn hexadecimals(lane: Lane) -> Bits {
    let Lane(lane) = lane;
    arch::bits(arch::or(arch::between(lane, b'0', b'9'), arch::between(arch::fold(lane), b'a', b'f')))
}

/// Hyphens.
#[inline]
#[must_use]
pub fn hyphens(lane: Lane) -> Bits {
    arch::bits(arch::eq(lane.0, b'-'))
}

/// Colons.
#[inline]
#[must_use]
pub fn colons(lane: Lane) -> Bits {
    arch::bits(arch::eq(lane.0, b':'))
}

/// What is not ASCII, or is one of these.
#[inline]
#[must_use]
pub fn beyond_ascii_or(lane: Lane, [a, b]: [u8; 2]) -> Bits {
    arch::bits(arch::or(lane.0, arch::or(arch::eq(lane.0, a), arch::eq(lane.0, b))))
}

/// At signs, and what escapes begin with.
#[inline]
#[must_use]
pub fn marks(lane: Lane) -> Bits {
    let Lane(lane) = lane;
    let at_or_backslash = arch::or(arch::eq(lane, b'@'), arch::eq(lane, b'\\'));
    arch::bits(arch::or(at_or_backslash, arch::between(lane, b'%', b'&')))
}

/// What a scan of a text asks of each byte.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TextBits {
    /// Letters and digits of ASCII.
    pub words: Bits,
    /// Digits.
    pub digits: Bits,
    /// Capital letters of ASCII.
    pub capitals: Bits,
    /// What a data type may begin with, or be found from, that is no word: `+`, `(`, `:`, `@` and `$`.
    pub marks: Bits,
    /// Hyphens.
    pub hyphens: Bits,
    /// What is not ASCII.
    pub beyond_ascii: Bits,
}

impl TextBits {
    /// Of a text's first [`BLOCK`] bytes.
    #[inline]
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        let (whole, rest) = text.get(..BLOCK).unwrap_or(text).as_chunks::<LANE>();
        let mut all = Self::default();
        if !rest.is_empty() {
            all.take(arch::load_word(word_of(rest)));
        }
        whole.iter().rev().for_each(|lane| all.take(arch::load(lane)));
        all
    }

    /// Takes the lane before what was taken.
    #[inline(always)]
    fn take(&mut self, lane: arch::Lane) {
        let digits = arch::between(lane, b'0', b'9');
        let words = arch::or(digits, arch::between(arch::fold(lane), b'a', b'z'));
        let first = arch::or(arch::eq(lane, b'+'), arch::eq(lane, b'('));
        let second = arch::or(arch::eq(lane, b':'), arch::eq(lane, b'@'));
        let marks = arch::or(arch::or(first, second), arch::eq(lane, b'$'));
        self.words = self.words << LANE | arch::bits(words);
        self.digits = self.digits << LANE | arch::bits(digits);
        self.capitals = self.capitals << LANE | arch::bits(arch::between(lane, b'A', b'Z'));
        self.marks = self.marks << LANE | arch::bits(marks);
        self.hyphens = self.hyphens << LANE | arch::bits(arch::eq(lane, b'-'));
        self.beyond_ascii = self.beyond_ascii << LANE | arch::bits(lane);
    }
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod arch {
    use std::arch::wasm32::{u8x16, u8x16_bitmask, u8x16_eq, u8x16_le, u8x16_splat, u8x16_sub, u64x2, v128, v128_or};

    pub(super) type Lane = v128;

    #[inline(always)]
    pub(super) fn load(lane: &[u8; 16]) -> v128 {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *lane;
        u8x16(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)
    }

    #[inline(always)]
    pub(super) fn load_word(word: u128) -> v128 {
        let [low, high] = [word, word >> 64].map(|half| (half & u128::from(u64::MAX)) as u64);
        u64x2(low, high)
    }

    /// With the bit set by which small letters differ from capital ones.
    #[inline]
    pub(super) fn fold(lane: v128) -> v128 {
        v128_or(lane, u8x16_splat(0x20))
    }

    #[inline]
    pub(super) fn eq(lane: v128, byte: u8) -> v128 {
        u8x16_eq(lane, u8x16_splat(byte))
    }

    #[inline]
    pub(super) fn same(a: v128, b: v128) -> v128 {
        u8x16_eq(a, b)
    }

    #[inline]
    pub(super) fn between(lane: v128, first: u8, last: u8) -> v128 {
        u8x16_le(u8x16_sub(lane, u8x16_splat(first)), u8x16_splat(last - first))
    }

    #[inline]
    pub(super) fn or(a: v128, b: v128) -> v128 {
        v128_or(a, b)
    }

    #[inline]
    pub(super) fn bits(lane: v128) -> u64 {
        u64::from(u8x16_bitmask(lane))
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod arch {
    /// Two words of eight bytes. Of an answer, the highest bit of each byte counts.
    pub(super) type Lane = [u64; 2];

    const HIGH: u64 = 0x8080_8080_8080_8080;

    const fn splat(byte: u8) -> u64 {
        u64::from_ne_bytes([byte; 8])
    }

    #[inline]
    pub(super) fn load(lane: &[u8; 16]) -> Lane {
        let (words, _) = lane.as_chunks::<8>();
        let mut all = [0; 2];
        all.iter_mut().zip(words).for_each(|(word, bytes)| *word = u64::from_le_bytes(*bytes));
        all
    }

    #[inline]
    pub(super) fn load_word(word: u128) -> Lane {
        load(&word.to_le_bytes())
    }

    #[inline]
    pub(super) fn fold(lane: Lane) -> Lane {
        lane.map(|word| word | splat(0x20))
    }

    #[inline]
    pub(super) fn eq(lane: Lane, byte: u8) -> Lane {
        same(lane, [splat(byte); 2])
    }

    #[inline]
    pub(super) fn same([a, b]: Lane, [c, d]: Lane) -> Lane {
        // Seven bits and 0x7f carry into the eighth unless they are zero.
        [a ^ c, b ^ d].map(|word| !(((word & !HIGH) + !HIGH) | word))
    }

    /// For bounds below 0x80.
    #[inline]
    pub(super) fn between(lane: Lane, first: u8, last: u8) -> Lane {
        lane.map(|word| {
            let low = word & !HIGH;
            let from_first = low + splat(0x80 - first);
            let beyond_last = low + splat(0x7f - last);
            from_first & !beyond_last & !word
        })
    }

    #[inline]
    pub(super) fn or([a, b]: Lane, [c, d]: Lane) -> Lane {
        [a | c, b | d]
    }

    #[inline]
    pub(super) fn bits(lane: Lane) -> u64 {
        // The highest bits of eight bytes, brought side by side by one multiplication.
        let [low, high] = lane.map(|word| ((word & HIGH) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56);
        low | high << 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Bytes are in lanes as they are in the text, and nothing else is.
        #[test]
        fn lanes_hold_the_bytes(bytes in prop::collection::vec(any::<u8>(), 0..=BLOCK)) {
            let (lanes, count) = of_bytes(&bytes);
            prop_assert_eq!(count, bytes.len().div_ceil(LANE));
            let (inside, beyond) = lanes.as_flattened().split_at(bytes.len());
            prop_assert_eq!(inside, &bytes[..]);
            prop_assert!(beyond.iter().all(|byte| *byte == 0));
        }

        /// Texts are the same if all of their bytes are.
        #[test]
        fn texts_are_compared_whole(a in "[ab]{0,20}", b in "[ab]{0,20}", at in 0..20_usize) {
            prop_assert_eq!(same(a.as_bytes(), b.as_bytes()), a == b);
            let mut other = a.clone().into_bytes();
            prop_assert!(same(a.as_bytes(), &other));
            if let Some(byte) = other.get_mut(at) {
                *byte ^= 1;
                prop_assert!(!same(a.as_bytes(), &other));
            }
        }

        /// Every bit is what its byte says.
        #[test]
        fn bits_say_what_bytes_are(lane in prop::array::uniform16(prop_oneof![any::<u8>(), prop::sample::select(&b"\"\\{}[]:, \n09azAZ`@[%&$'/;-+(\x80\xe1"[..])])) {
            let expected = |is: &dyn Fn(u8) -> bool| (0..LANE).fold(0, |bits: Bits, at| bits | u64::from(is(lane[at])) << at);
            prop_assert_eq!(quotes(Lane::new(&lane)), expected(&|byte| b"\"\\".contains(&byte)));
            prop_assert_eq!(solid(Lane::new(&lane)), expected(&|byte| byte > b' '));
            prop_assert_eq!(ends(Lane::new(&lane)), expected(&|byte| byte <= b' ' || b"\"{}[]:,".contains(&byte)));
            prop_assert_eq!(digits(Lane::new(&lane)), expected(&|byte| byte.is_ascii_digit()));
            let mut other = lane;
            other.reverse();
            prop_assert_eq!(alike(Lane::new(&lane), Lane::new(&other)), (0..LANE).fold(0, |bits, at| bits | u64::from(lane[at] == other[at]) << at));
            prop_assert_eq!(hexadecimals(Lane::new(&lane)), expected(&|byte| byte.is_ascii_hexdigit()));
            prop_assert_eq!(hyphens(Lane::new(&lane)), expected(&|byte| byte == b'-'));
            let plain = |byte: u8| byte.is_ascii() && byte != b'%' && byte != b'&';
            prop_assert_eq!(beyond_ascii_or(Lane::new(&lane), *b"%&"), expected(&|byte| !plain(byte)));
            prop_assert_eq!(colons(Lane::new(&lane)), expected(&|byte| byte == b':'));
            prop_assert_eq!(marks(Lane::new(&lane)), expected(&|byte| b"@\\%&".contains(&byte)));
            prop_assert_eq!(TextBits::of(&lane), TextBits {
                words: expected(&|byte| byte.is_ascii_alphanumeric()),
                digits: expected(&|byte| byte.is_ascii_digit()),
                capitals: expected(&|byte| byte.is_ascii_uppercase()),
                marks: expected(&|byte| b"+(:@$".contains(&byte)),
                hyphens: expected(&|byte| byte == b'-'),
                beyond_ascii: expected(&|byte| !byte.is_ascii()),
            });
        }
    }
}
