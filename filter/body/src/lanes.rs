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
    !arch::bits(arch::at_most(arch::load(lane), b' ')) & 0xffff
}

/// What ends a token without quotes. Of the brackets, those that open differ by one bit, and so do those that close.
#[inline]
pub(crate) fn ends(lane: &[u8; LANE]) -> Bits {
    let lane = arch::load(lane);
    let folded = arch::or(lane, arch::splat(0x20));
    let brackets = arch::or(arch::eq(folded, b'{'), arch::eq(folded, b'}'));
    let marks = arch::or(arch::or(arch::eq(lane, b':'), arch::eq(lane, b',')), arch::eq(lane, b'"'));
    arch::bits(arch::or(arch::or(brackets, marks), arch::at_most(lane, b' ')))
}

/// Digits.
#[inline]
pub(crate) fn digits(lane: &[u8; LANE]) -> Bits {
    arch::bits(arch::at_most(arch::sub(arch::load(lane), b'0'), 9))
}

/// At signs, and what escapes begin with.
#[inline]
pub(crate) fn marks(lane: &[u8; LANE]) -> Bits {
    let lane = arch::load(lane);
    let at_or_backslash = arch::or(arch::eq(lane, b'@'), arch::eq(lane, b'\\'));
    // `%` and `&` are neighbours.
    arch::bits(arch::or(at_or_backslash, arch::at_most(arch::sub(lane, b'%'), 1)))
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod arch {
    use std::arch::wasm32::{u8x16, u8x16_bitmask, u8x16_eq, u8x16_le, u8x16_splat, u8x16_sub, v128, v128_or};

    #[inline]
    pub(super) fn load(lane: &[u8; 16]) -> v128 {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *lane;
        u8x16(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)
    }

    #[inline]
    pub(super) fn splat(byte: u8) -> v128 {
        u8x16_splat(byte)
    }

    #[inline]
    pub(super) fn eq(lane: v128, byte: u8) -> v128 {
        u8x16_eq(lane, u8x16_splat(byte))
    }

    #[inline]
    pub(super) fn at_most(lane: v128, byte: u8) -> v128 {
        u8x16_le(lane, u8x16_splat(byte))
    }

    #[inline]
    pub(super) fn sub(lane: v128, byte: u8) -> v128 {
        u8x16_sub(lane, u8x16_splat(byte))
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
    pub(super) type Lane = [u8; 16];

    pub(super) fn load(lane: &Lane) -> Lane {
        *lane
    }

    pub(super) fn splat(byte: u8) -> Lane {
        [byte; 16]
    }

    pub(super) fn eq(lane: Lane, byte: u8) -> Lane {
        lane.map(|other| if other == byte { 0xff } else { 0 })
    }

    pub(super) fn at_most(lane: Lane, byte: u8) -> Lane {
        lane.map(|other| if other <= byte { 0xff } else { 0 })
    }

    pub(super) fn sub(lane: Lane, byte: u8) -> Lane {
        lane.map(|other| other.wrapping_sub(byte))
    }

    pub(super) fn or(mut a: Lane, b: Lane) -> Lane {
        a.iter_mut().zip(b).for_each(|(a, b)| *a |= b);
        a
    }

    pub(super) fn bits(lane: Lane) -> u64 {
        let (words, _) = lane.as_chunks::<8>();
        // The lowest bits of eight bytes, brought side by side by one multiplication.
        let bits = |bytes: &[u8; 8]| {
            (u64::from_le_bytes(*bytes) & 0x0101_0101_0101_0101).wrapping_mul(0x0102_0408_1020_4080) >> 56
        };
        words.iter().rev().fold(0, |all, word| all << 8 | bits(word))
    }
}

#[cfg(test)]
mod tests {
    use super::{Bits, LANE, digits, ends, marks, quotes, solid};
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
            prop_assert_eq!(marks(&lane), expected(&|byte| b"@\\%&".contains(&byte)));
        }
    }
}
