//! What the author of a document should know: where the import is not word for word.

use std::collections::{BTreeMap, BTreeSet};

/// Warnings as they come up; each is said once, however many operations it is about.
#[derive(Debug, Default)]
pub struct Notes {
    list: BTreeSet<(String, String)>,
    gathered: BTreeMap<&'static str, BTreeSet<String>>,
}

impl Notes {
    /// Something about one place of the document.
    pub fn say(&mut self, place: &str, message: impl Into<String>) {
        self.list.insert((place.to_owned(), message.into()));
    }

    /// Something that is the same for many places: they are listed behind it, all of them.
    pub fn gather(&mut self, message: &'static str, place: &str) {
        self.gathered.entry(message).or_default().insert(place.to_owned());
    }

    /// One line for each, in an order that does not depend on the document's.
    pub fn into_lines(self) -> Vec<String> {
        let gathered = self.gathered.into_iter().map(|(message, places)| {
            let places: Vec<String> = places.into_iter().collect();
            format!("{message}: {}", places.join(", "))
        });
        let single = self.list.into_iter().map(|(place, message)| format!("{place}: {message}"));
        gathered.chain(single).map(|line| line.replace(char::is_control, " ")).collect()
    }
}
