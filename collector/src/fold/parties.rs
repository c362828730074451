//! Who called, by number: flows refer to parties by a few bytes.

use std::collections::HashMap;
use std::sync::Arc;

use crate::facts::Party;

/// Parties by number, so that what is counted is found by a few bytes.
#[derive(Debug, Clone, Default)]
pub struct Parties {
    list: Vec<Arc<Party>>,
    numbers: HashMap<Arc<Party>, u32>,
}

// === impl Parties ===

impl Parties {
    /// The number of a party.
    pub fn number(&mut self, party: Party) -> u32 {
        if let Some(number) = self.numbers.get(&party) {
            return *number;
        }
        let party = Arc::new(party);
        // A commit takes thousands of records, never as many as there are numbers.
        let number = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.list.push(Arc::clone(&party));
        self.numbers.insert(party, number);
        number
    }

    /// The party that has a number.
    #[must_use]
    pub fn get(&self, number: u32) -> Arc<Party> {
        let place = usize::try_from(number).unwrap_or(usize::MAX);
        self.list.get(place).cloned().unwrap_or_default()
    }
}
