//! Random numbers and texts from a seed, the same everywhere.

/// A small generator of numbers (xorshift64*), the same everywhere.
pub struct Random(u64);

impl Random {
    /// One for this name.
    pub fn new(name: &str) -> Self {
        Self(
            name.bytes()
                .fold(0x9e37_79b9_7f4a_7c15, |seed, byte| (seed ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
                | 1,
        )
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number from `low` up to and including `high`.
    pub fn within(&mut self, low: u64, high: u64) -> u64 {
        low + (self.next() >> 11) % (high - low + 1)
    }

    /// One of these.
    pub fn pick<T: Copy + Default>(&mut self, of: &[T]) -> T {
        let at = self.within(0, of.len() as u64 - 1);
        (0..).zip(of).find(|(number, _)| *number == at).map(|(_, one)| *one).unwrap_or_default()
    }

    /// This many characters of the alphabet.
    pub fn of(&mut self, alphabet: &str, count: u64) -> String {
        let alphabet: Vec<char> = alphabet.chars().collect();
        (0..count).map(|_| self.pick(&alphabet)).collect()
    }

    pub fn digits(&mut self, count: u64) -> String {
        self.of("0123456789", count)
    }

    /// A pattern with `#` for digits, `@` for capitals, `*` for either and `?` for hexadecimal digits.
    pub fn like(&mut self, pattern: &str) -> String {
        let mut text = String::new();
        for symbol in pattern.chars() {
            match symbol {
                '#' => text += &self.of("0123456789", 1),
                '@' => text += &self.of(UPPER, 1),
                '*' => text += &self.of(UPPER_DIGITS, 1),
                '?' => text += &self.of(HEX, 1),
                other => text.push(other),
            }
        }
        text
    }

    /// A date of these years.
    pub fn date(&mut self) -> (u64, u64, u64) {
        (self.within(2015, 2027), self.within(1, 12), self.within(1, 28))
    }
}

pub const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
pub const UPPER_DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
pub const LOWER_DIGITS: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
pub const BASE62: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
pub const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
pub const BASE64_URL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
pub const HEX: &str = "0123456789abcdef";
