//! Who called, each told once per message: most calls of a message have one of few callers, so a call
//! refers to its party by number and no text is copied for it.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use super::read::owned;
use crate::facts::{Party, Prefix};

/// The parties of one message, numbered in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Parties {
    list: Vec<Party>,
    /// The number of the party that has this hash. Two of one hash only mean that one is told twice.
    places: HashMap<u64, usize>,
    hasher: RandomState,
}

/// What a record says of who called, borrowed from it.
#[derive(Debug, Clone, Copy, Hash)]
pub(super) struct Said<'a> {
    pub(super) caller: &'a str,
    pub(super) address: &'a str,
    pub(super) country: &'a str,
    /// The credential's kind, and what became of it.
    pub(super) credential: (&'a str, &'a str),
}

// === impl Parties ===

impl Parties {
    /// The number of who is told of.
    pub(super) fn number(&mut self, said: Said<'_>) -> usize {
        let prefix = Prefix::of(said.address);
        let hash = self.hasher.hash_one((said.caller, prefix, said.country, said.credential));
        if let Some(&place) = self.places.get(&hash)
            && self.list.get(place).is_some_and(|party| is_same(party, prefix, &said))
        {
            return place;
        }
        let place = self.list.len();
        self.list.push(Party {
            caller: owned(said.caller),
            prefix,
            country: owned(said.country),
            credential: match said.credential {
                ("", word) | (word, "") => owned(word),
                (kind, state) => owned(&format!("{kind} {state}")),
            },
        });
        self.places.insert(hash, place);
        place
    }

    /// All of them.
    pub(super) fn into_list(self) -> Vec<Party> {
        self.list
    }
}

fn is_same(party: &Party, prefix: Prefix, said: &Said<'_>) -> bool {
    let is_credential = match said.credential {
        ("", word) | (word, "") => party.credential == word,
        words => party.credential.split_once(' ') == Some(words),
    };
    is_credential && party.caller == said.caller && party.prefix == prefix && party.country == said.country
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Callers of one network are one party, whoever differs in anything else is another, and what is told is what was said.
    #[test]
    fn a_party_is_told_once() {
        let said = |caller, address, credential| Said { caller, address, country: "DE", credential };
        let mut parties = Parties::default();
        let numbers = [
            said("acme", "192.0.2.7", ("api_key", "verified")),
            said("acme", "192.0.2.8", ("api_key", "verified")),
            said("acme", "192.0.3.8", ("api_key", "verified")),
            said("acme", "192.0.2.7", ("api_key", "")),
            said("acme", "192.0.2.7", ("", "none")),
            said("acme", "192.0.2.7", ("api_key", "verified")),
            said("", "192.0.2.7", ("api_key", "verified")),
        ]
        .map(|said| parties.number(said));
        assert_eq!(numbers, [0, 0, 1, 2, 3, 0, 4]);
        let list = parties.into_list();
        let credentials: Vec<&str> = list.iter().map(|party| party.credential.as_str()).collect();
        assert_eq!(credentials, ["api_key verified", "api_key verified", "api_key", "none", "api_key verified"]);
        assert_eq!((list[1].prefix.text().as_str(), list[4].caller.as_str()), ("192.0.3.0/24", ""));
    }
}
