//! A narrow stand-in for the detectors' crate while it is being written: two data types and one context.

/// A data type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataType(u8);

/// A set of data types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Types([u64; 4]);

/// What the surroundings say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Context(u32);

/// The detectors that are enabled.
#[derive(Debug)]
pub struct Detectors(Types);

/// One finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// What.
    pub data_type: DataType,
    /// From, in bytes.
    pub start: usize,
    /// To, in bytes.
    pub end: usize,
}

/// No match is longer.
pub const MAX_MATCH: usize = 8192;
/// How far beyond its ends a match looks.
pub const NEAR: usize = 64;
/// The version of the detectors.
pub const VERSION: u16 = 1;

const NAMES: [&str; 3] = ["payment_card", "email", "person_name"];

impl DataType {
    /// By name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        (0..).zip(NAMES).find(|(_, known)| *known == name).map(|(at, _)| Self(at))
    }
    /// Its name.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        NAMES.get(usize::from(self.0)).copied()
    }
    /// Its number.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl Types {
    /// None.
    pub const NONE: Self = Self([0; 4]);
    /// All.
    #[must_use]
    pub fn standard() -> Self {
        (0..3).map(DataType).fold(Self::NONE, Self::with)
    }
    /// One more.
    #[must_use]
    pub fn with(mut self, data_type: DataType) -> Self {
        if let Some(word) = self.0.get_mut(usize::from(data_type.0 / 64)) {
            *word |= 1 << (data_type.0 % 64);
        }
        self
    }
    /// Union.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        let [a, b, c, d] = self.0;
        let [e, f, g, h] = other.0;
        Self([a | e, b | f, c | g, d | h])
    }
    /// Membership.
    #[must_use]
    pub fn contains(&self, data_type: DataType) -> bool {
        self.0.get(usize::from(data_type.0 / 64)).is_some_and(|word| word >> (data_type.0 % 64) & 1 == 1)
    }
    /// None at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::NONE
    }
    /// Members.
    pub fn iter(self) -> impl Iterator<Item = DataType> {
        (0..=u8::MAX).map(DataType).filter(move |data_type| self.contains(*data_type))
    }
}

impl FromIterator<DataType> for Types {
    fn from_iter<I: IntoIterator<Item = DataType>>(types: I) -> Self {
        types.into_iter().fold(Self::NONE, Self::with)
    }
}

impl Context {
    /// Nothing known.
    pub const NONE: Self = Self(0);
    /// Both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    /// Whether nothing is known.
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }
}

/// What every text with a hit has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gate {
    /// Digits.
    pub digits: usize,
    /// An at sign.
    pub at: bool,
    /// Length.
    pub length: usize,
}

/// A detector of the user's.
#[derive(Debug)]
pub struct Custom(());

impl Detectors {
    /// These.
    #[must_use]
    pub fn new(enabled: Types, _custom: Vec<Custom>) -> Self {
        Self(enabled)
    }
    /// What a key says.
    #[must_use]
    pub fn context(&self, key: &[u8]) -> Context {
        Context(u32::from(key == b"name"))
    }
    /// The gate.
    #[must_use]
    pub const fn gate(&self) -> Gate {
        Gate { digits: 4, at: true, length: 16 }
    }
    /// Its name.
    #[must_use]
    pub fn name(&self, data_type: DataType) -> &str {
        data_type.name().unwrap_or_default()
    }
    /// Appends what is found.
    pub fn find(&self, text: &[u8], context: Context, found: &mut Vec<Found>) {
        if context == Context(1) && self.0.contains(DataType(2)) && !text.is_empty() {
            found.push(Found { data_type: DataType(2), start: 0, end: text.len() });
            return;
        }
        let mut at = 0;
        while at < text.len() {
            let (kind, end) = (DataType(0), card(text, at)).max((DataType(1), mail(text, at)));
            let (kind, end) = if end > 0 { (kind, end) } else { (DataType(0), card(text, at)) };
            if end > at {
                if self.0.contains(kind) {
                    found.push(Found { data_type: kind, start: at, end });
                }
                at = end;
            } else {
                at += 1;
            }
        }
    }
}

fn boundary(text: &[u8], at: usize) -> bool {
    at == 0 || text.get(at - 1).is_none_or(|byte| !byte.is_ascii_alphanumeric())
}

fn card(text: &[u8], at: usize) -> usize {
    if !boundary(text, at) || !text.get(at).is_some_and(u8::is_ascii_digit) {
        return 0;
    }
    let rest = text.get(at..).unwrap_or_default();
    let run = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b' ').count();
    let run = rest.get(..run).map_or(0, |run| run.trim_ascii_end().len());
    let digits: Vec<u8> = rest.iter().take(run).filter(|byte| byte.is_ascii_digit()).map(|byte| byte - b'0').collect();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| u32::from(if at % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { *digit }))
        .sum();
    let after = rest.get(run).is_some_and(u8::is_ascii_alphanumeric);
    if (13..=19).contains(&digits.len()) && sum % 10 == 0 && !after { at + run } else { 0 }
}

fn mail(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let local = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    if !boundary(text, at) || local == 0 || local > 64 || rest.get(local) != Some(&b'@') {
        return 0;
    }
    let host = rest.iter().skip(local + 1).take_while(|byte| byte.is_ascii_lowercase() || **byte == b'.').count();
    if host > 3 && host < 200 { at + local + 1 + host } else { 0 }
}
