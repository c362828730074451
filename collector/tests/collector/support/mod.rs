//! What the tests share: a collector process, a sender, an asker, and records.

pub mod ask;
pub mod process;
pub mod records;
pub mod send;
pub mod store;

/// A repeatable stream of numbers, so that a failure can be met again.
pub struct Numbers(pub u64);

impl Numbers {
    /// The next number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}
