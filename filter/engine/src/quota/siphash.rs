//! A keyed hash of what counts are kept by.
//!
//! Whoever can choose a key (a header, a caller's name) and compute its hash could find one that shares
//! the cell of a victim, and use up the victim's allowance. With a secret that only the workers of one
//! proxy share, nobody can. SipHash-2-4 (Aumasson and Bernstein, 2012) is made for short inputs.

/// The secret of a hash.
pub type Secret = [u8; 16];

/// Takes bytes, gives 64 bits.
#[derive(Debug, Clone)]
pub struct SipHash {
    v: [u64; 4],
    /// Bytes that do not fill a word yet, the first in the lowest bits.
    tail: u64,
    len: u64,
}

impl SipHash {
    /// A hash under a secret.
    #[must_use]
    pub fn new(secret: &Secret) -> Self {
        let [low, high] = [secret.first_chunk::<8>(), secret.last_chunk::<8>()]
            .map(|half| half.map_or(0, |half| u64::from_le_bytes(*half)));
        let v = [
            low ^ 0x736f_6d65_7073_6575,
            high ^ 0x646f_7261_6e64_6f6d,
            low ^ 0x6c79_6765_6e65_7261,
            high ^ 0x7465_6462_7974_6573,
        ];
        Self { v, tail: 0, len: 0 }
    }

    /// Takes one byte.
    pub fn byte(&mut self, byte: u8) {
        self.tail |= u64::from(byte) << (8 * (self.len % 8));
        self.len += 1;
        if self.len.is_multiple_of(8) {
            self.word(self.tail);
            self.tail = 0;
        }
    }

    /// Takes bytes with their length before them, so that `ab` and `c` are not `a` and `bc`.
    pub fn text(&mut self, bytes: &[u8]) {
        for byte in (bytes.len() as u64).to_le_bytes().into_iter().take(4).chain(bytes.iter().copied()) {
            self.byte(byte);
        }
    }

    /// What was taken, as a number.
    #[must_use]
    pub fn finish(mut self) -> u64 {
        self.word(self.tail | (self.len << 56));
        self.v[2] ^= 0xff;
        for _ in 0..4 {
            self.round();
        }
        self.v.iter().fold(0, |all, v| all ^ v)
    }

    const fn word(&mut self, word: u64) {
        self.v[3] ^= word;
        self.round();
        self.round();
        self.v[0] ^= word;
    }

    const fn round(&mut self) {
        let [mut v0, mut v1, mut v2, mut v3] = self.v;
        v0 = v0.wrapping_add(v1);
        v2 = v2.wrapping_add(v3);
        v1 = v1.rotate_left(13) ^ v0;
        v3 = v3.rotate_left(16) ^ v2;
        v0 = v0.rotate_left(32).wrapping_add(v3);
        v2 = v2.wrapping_add(v1);
        v1 = v1.rotate_left(17) ^ v2;
        v3 = v3.rotate_left(21) ^ v0;
        v2 = v2.rotate_left(32);
        self.v = [v0, v1, v2, v3];
    }
}

#[cfg(test)]
mod tests {
    use super::SipHash;
    use proptest::prelude::*;
    use std::hash::Hasher;

    proptest! {
        /// The standard library's hash of that name is the oracle.
        #[test]
        #[allow(deprecated)]
        fn it_is_siphash_2_4(secret in any::<[u8; 16]>(), bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut ours = SipHash::new(&secret);
            bytes.iter().for_each(|byte| ours.byte(*byte));
            let (low, high) = secret.split_at(8);
            let [low, high] = [low, high].map(|half| u64::from_le_bytes(half.try_into().unwrap()));
            let mut theirs = std::hash::SipHasher::new_with_keys(low, high);
            theirs.write(&bytes);
            prop_assert_eq!(ours.finish(), theirs.finish());
        }
    }
}
