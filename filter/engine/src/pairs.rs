//! The ABI's form of header maps and lists: a count, the lengths of all keys and values, then each
//! key and value with a NUL behind it; numbers are 32-bit little-endian.
//!
//! Source: `pairs_util.cc` of the C++ host. It is read in place: one call and one allocation give
//! all headers of a request, duplicates and bytes that are not UTF-8 included.

/// The pairs of a serialised map.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pairs<'a> {
    lengths: &'a [[u8; 8]],
    rest: &'a [u8],
}

impl<'a> Pairs<'a> {
    /// Reads the head of a serialised map; what is none is empty.
    #[must_use]
    pub fn new(map: &'a [u8]) -> Self {
        Self::parse(map).unwrap_or_default()
    }

    /// The values of a header, in their order; `name` in lower case.
    pub fn named(self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.filter_map(move |(key, value)| (key == name.as_bytes()).then_some(value))
    }

    fn parse(map: &'a [u8]) -> Option<Self> {
        let (count, rest) = map.split_first_chunk::<4>()?;
        let count = usize::try_from(u32::from_le_bytes(*count)).ok()?;
        let (lengths, rest) = rest.split_at_checked(count.checked_mul(8)?)?;
        Some(Self { lengths: lengths.as_chunks::<8>().0, rest })
    }

    fn take(&mut self, len: [u8; 4]) -> Option<&'a [u8]> {
        let len = usize::try_from(u32::from_le_bytes(len)).ok()?;
        let (value, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest.get(1..)?;
        Some(value)
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let ([k0, k1, k2, k3, v0, v1, v2, v3], lengths) = self.lengths.split_first()?;
        self.lengths = lengths;
        let key = self.take([*k0, *k1, *k2, *k3])?;
        let value = self.take([*v0, *v1, *v2, *v3])?;
        Some((key, value))
    }
}

/// Serialises pairs. What is longer than 4 GiB cannot be and is left empty.
#[must_use]
pub fn serialized<K: AsRef<[u8]>, V: AsRef<[u8]>>(pairs: &[(K, V)]) -> Vec<u8> {
    let number = |len: usize| u32::try_from(len).unwrap_or(0).to_le_bytes();
    let mut out = Vec::new();
    out.extend_from_slice(&number(pairs.len()));
    for (key, value) in pairs {
        out.extend_from_slice(&number(key.as_ref().len()));
        out.extend_from_slice(&number(value.as_ref().len()));
    }
    for (key, value) in pairs {
        for text in [key.as_ref(), value.as_ref()] {
            out.extend_from_slice(text);
            out.push(0);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Pairs, serialized};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_serialised_is_read(pairs in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..9), prop::collection::vec(any::<u8>(), 0..9)), 0..9)) {
            let map = serialized(&pairs);
            let read: Vec<_> = Pairs::new(&map).map(|(k, v)| (k.to_vec(), v.to_vec())).collect();
            prop_assert_eq!(read, pairs);
        }

        #[test]
        fn any_bytes_are_survived(map in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Pairs::new(&map).count();
        }
    }
}
