//! Sixteen bytes at a time: which of them are what.
//!
//! Each question is asked in two ways: with the vectors of Wasm, and with arrays elsewhere. A lane is put together from its
//! bytes, which the compiler turns into one load, so nothing here needs trust in a pointer.

/// Bits of a lane's bytes, the first the lowest.
pub(crate) type Bits = u64;

/// Bytes of a lane.
pub(crate) const LANE: usize = 16;
/// Bytes of a block, whose bits fill a word.
pub(crate) const BLOCK: usize = 64;

/// Asks of each byte of a block.
#[inline]
pub(crate) fn of_block(block: &[u8; BLOCK], ask: impl Fn(&[u8; LANE]) -> Bits) -> Bits {
    let (lanes, _) = block.as_chunks::<LANE>();
    lanes.iter().rev().fold(0, |bits, lane| bits << LANE | ask(lane))
}

/// Quotes and backslashes.
#[inline]
pub(crate) fn quotes(lane: &[u8; LANE]) -> Bits {
    let lane = arch::load(lane);
    arch::bits(arch::or(arch::eq(lane, b'"'), arch::eq(lane, b'\\')))
}

/// What is no white space and no control character.
#[inline]
pub(crate) fn solid(lane: &[u8; LANE]) -> Bits {
    !arch::bits(arch::between(arch::load(lane), 0, b' ')) & 0xffff
}

/// What ends a token without quotes. Of the brackets, those that open differ by one bit, and so do those that close.
#[inline]
pub(crate) fn ends(lane: &[u8; LANE]) -> Bits {
    let lane = arch::load(lane);
    let folded = arch::fold(lane);
    let brackets = arch::or(arch::eq(folded, b'{'), arch::eq(folded, b'}'));
    let marks = arch::or(arch::or(arch::eq(lane, b':'), arch::eq(lane, b',')), arch::eq(lane, b'"'));
    arch::bits(arch::or(arch::or(brackets, marks), arch::between(lane, 0, b' ')))
}

/// Digits.
#[inline]
pub(crate) fn digits(lane: &[u8; LANE]) -> Bits {
    arch::bits(arch::between(arch::load(lane), b'0', b'9'))
}

/// Colons.
#[inline]
pub(crate) fn colons(lane: &[u8; LANE]) -> Bits {
    arch::bits(arch::eq(arch::load(lane), b':'))
}

/// At signs, and what escapes begin with.
#[inline]
pub(crate) fn marks(lane: &[u8; LANE]) -> Bits {
    let lane = arch::load(lane);
    let at_or_backslash = arch::or(arch::eq(lane, b'@'), arch::eq(lane, b'\\'));
    arch::bits(arch::or(at_or_backslash, arch::between(lane, b'%', b'&')))
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod arch {
    use std::arch::wasm32::{u8x16, u8x16_bitmask, u8x16_eq, u8x16_le, u8x16_splat, u8x16_sub, v128, v128_or};

    #[inline]
    pub(super) fn load(lane: &[u8; 16]) -> v128 {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *lane;
        u8x16(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)
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
    pub(super) fn fold(lane: Lane) -> Lane {
        lane.map(|word| word | splat(0x20))
    }

    #[inline]
    pub(super) fn eq(lane: Lane, byte: u8) -> Lane {
        // Seven bits and 0x7f carry into the eighth unless they are zero.
        lane.map(|word| word ^ splat(byte)).map(|word| !(((word & !HIGH) + !HIGH) | word))
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
    use super::{Bits, LANE, colons, digits, ends, marks, quotes, solid};
    use proptest::prelude::*;

    proptest! {
        /// Every bit is what its byte says.
        #[test]
        fn bits_say_what_bytes_are(lane in prop::array::uniform16(prop_oneof![any::<u8>(), prop::sample::select(&b"\"\\{}[]:, \n09@%&$'/;"[..])])) {
            let expected = |is: &dyn Fn(u8) -> bool| (0..LANE).fold(0, |bits: Bits, at| bits | u64::from(is(lane[at])) << at);
            prop_assert_eq!(quotes(&lane), expected(&|byte| b"\"\\".contains(&byte)));
            prop_assert_eq!(solid(&lane), expected(&|byte| byte > b' '));
            prop_assert_eq!(ends(&lane), expected(&|byte| byte <= b' ' || b"\"{}[]:,".contains(&byte)));
            prop_assert_eq!(digits(&lane), expected(&|byte| byte.is_ascii_digit()));
            prop_assert_eq!(colons(&lane), expected(&|byte| byte == b':'));
            prop_assert_eq!(marks(&lane), expected(&|byte| b"@\\%&".contains(&byte)));
        }
    }
}
