//! Data types by number, and sets of them.

use crate::detectors::ROWS;
use crate::row::Row;

/// A data type: an index into the table of names. Each row of the built-in table has two, the second
/// for what has the row's shape and a wrong checksum; the user's own follow after them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataType(pub(crate) u8);

/// How much harm a data type does when it gets out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Says little by itself.
    Low,
    /// Says something about a person or an installation.
    Medium,
    /// Identifies a person.
    High,
    /// Opens an account or moves money.
    Critical,
}

/// A set of data types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Types([u64; 4]);

/// Data types of the built-in table; the user's own have the numbers from here on.
#[expect(clippy::cast_possible_truncation, reason = "the table has fewer than 120 rows, which a test holds")]
pub(crate) const BUILT_IN: u8 = (ROWS.len() * 2) as u8;

// === impl DataType ===

impl DataType {
    /// The built-in data type of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        (0..BUILT_IN).map(Self).find(|data_type| data_type.name() == Some(name))
    }

    /// The user's own of this number, in their order; none beyond [`crate::CUSTOM_MAX`].
    #[must_use]
    pub fn custom(number: usize) -> Option<Self> {
        let number = u8::try_from(number).ok().filter(|number| usize::from(*number) < crate::CUSTOM_MAX)?;
        Some(Self(BUILT_IN + number))
    }

    /// Its name; none for one of the user's, whose names the [`crate::Detectors`] know.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        let row = self.row()?;
        if self.is_unverified() { row.unverified } else { Some(row.name) }
    }

    /// Its level; of what failed its checksum, one step below the row's. None for one of the user's.
    #[must_use]
    pub fn level(self) -> Option<Level> {
        let level = self.row()?.level;
        Some(match (self.is_unverified(), level) {
            (false, level) => level,
            (true, Level::Critical) => Level::High,
            (true, Level::High) => Level::Medium,
            (true, Level::Medium | Level::Low) => Level::Low,
        })
    }

    /// Its number, below 256: what a table by data type is indexed with.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Whether this is the lower type of what failed its checksum.
    pub(crate) const fn is_unverified(self) -> bool {
        self.0 < BUILT_IN && !self.0.is_multiple_of(2)
    }

    fn row(self) -> Option<&'static Row> {
        ROWS.get(usize::from(self.0) / 2).copied()
    }
}

// === impl Types ===

impl Types {
    /// No data type.
    pub const NONE: Self = Self([0; 4]);

    /// What `*` stands for: every built-in data type but those that are found wherever their shape is,
    /// and so have to be asked for by name.
    #[must_use]
    pub fn standard() -> Self {
        let all = (0..BUILT_IN).map(DataType).filter(|data_type| data_type.name().is_some());
        all.filter(|data_type| data_type.row().is_some_and(|row| !row.by_name_only)).collect()
    }

    /// This set and one more.
    #[must_use]
    pub fn with(mut self, data_type: DataType) -> Self {
        if let Some(word) = self.0.get_mut(usize::from(data_type.0 / 64)) {
            *word |= 1 << (data_type.0 % 64);
        }
        self
    }

    /// This set but for one.
    #[must_use]
    pub fn without(mut self, data_type: DataType) -> Self {
        if let Some(word) = self.0.get_mut(usize::from(data_type.0 / 64)) {
            *word &= !(1 << (data_type.0 % 64));
        }
        self
    }

    /// What is in either.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        let [a, b, c, d] = self.0;
        let [e, f, g, h] = other.0;
        Self([a | e, b | f, c | g, d | h])
    }

    /// Whether it is in the set.
    #[must_use]
    pub fn contains(&self, data_type: DataType) -> bool {
        self.0.get(usize::from(data_type.0 / 64)).is_some_and(|word| word >> (data_type.0 % 64) & 1 == 1)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::NONE
    }

    /// Those in the set, by number.
    pub fn iter(self) -> impl Iterator<Item = DataType> {
        (0..=u8::MAX).map(DataType).filter(move |data_type| self.contains(*data_type))
    }
}

impl FromIterator<DataType> for Types {
    fn from_iter<I: IntoIterator<Item = DataType>>(types: I) -> Self {
        types.into_iter().fold(Self::NONE, Self::with)
    }
}
