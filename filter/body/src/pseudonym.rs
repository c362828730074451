//! Pseudonyms of values under a key: HMAC-SHA-256 (RFC 2104, FIPS 180-4).
//!
//! The label says what a pseudonym is for, so that one that is written as a mask cannot be joined with a fingerprint of a
//! record, nor a card's with that of a phone of the same digits.

use sha2::{Digest, Sha256};

/// The block of SHA-256, in bytes.
const BLOCK: usize = 64;

/// A key, ready to use: the hash's state after the padded key.
#[derive(Clone)]
pub(crate) struct Secret {
    inner: Sha256,
    outer: Sha256,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    pub(crate) fn new(key: &[u8]) -> Self {
        let hashed: [u8; 32] = Sha256::digest(key).into();
        let key = if key.len() > BLOCK { &hashed } else { key };
        let keyed = |with: u8| {
            let mut block = [with; BLOCK];
            block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
            Sha256::new().chain_update(block)
        };
        Self { inner: keyed(0x36), outer: keyed(0x5c) }
    }

    /// The pseudonym of a value, by what it is for and what the value is.
    pub(crate) fn of(&self, purpose: &str, data_type: &str, value: &[u8]) -> [u8; 32] {
        let mut inner = self.inner.clone();
        for part in [purpose, data_type] {
            inner.update(part);
            inner.update([0]);
        }
        inner.update(value);
        self.outer.clone().chain_update(inner.finalize()).finalize().into()
    }

    /// The first 64 bits of [`Secret::of`].
    pub(crate) fn short(&self, purpose: &str, data_type: &str, value: &[u8]) -> u64 {
        self.of(purpose, data_type, value).first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    /// The construction, against RFC 4231's test cases 2 and 6. Those have no labels, so the values begin where our labels
    /// would: with two empty ones, of which only the separators are left.
    #[test]
    fn it_is_hmac() {
        let mac = |key: &[u8], data: &[u8]| {
            let secret = Secret::new(key);
            use sha2::Digest;
            let inner = secret.inner.clone().chain_update(data).finalize();
            let mac: [u8; 32] = secret.outer.clone().chain_update(inner).finalize().into();
            mac.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        };
        let short = mac(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(short, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let long = mac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(long, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }

    /// What is for one purpose, or of one data type, cannot be joined with what is for another.
    #[test]
    fn labels_tell_pseudonyms_apart() {
        let secret = Secret::new(b"key");
        let plain = secret.of("mask", "phone", b"1");
        assert_eq!(plain, secret.of("mask", "phone", b"1"));
        assert_ne!(plain, secret.of("fingerprint", "phone", b"1"));
        assert_ne!(plain, secret.of("mask", "card", b"1"));
        assert_ne!(plain, secret.of("maskp", "hone", b"1"));
        assert_ne!(plain, Secret::new(b"other").of("mask", "phone", b"1"));
    }
}
