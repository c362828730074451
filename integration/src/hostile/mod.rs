//! Requests that mean a closed resource to one reader and another to the next, by class and by position in the path, each with a lookalike
//! that is harmless and must pass.
//!
//! A class is a trick, a position says where in the path it is played, and a lookalike is the same request with something in the trick's place
//! that resembles it: a filter that refused by resemblance would refuse both.

mod classes;
pub mod send;
mod words;

use classes::Class;
use words::Word;

/// Where in the path a trick is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// At the path's first byte, or the one after its slash.
    Start,
    /// Before the closed word.
    Before,
    /// Inside it, or between the two of a nested one.
    Inside,
    /// Right after it.
    After,
    /// At the path's last byte.
    End,
}

/// A request as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The method.
    pub method: &'static str,
    /// The request target of HTTP/1 and the `:path` of HTTP/2; `{h}` stands for the host.
    pub target: Vec<u8>,
    /// The version that the request line of HTTP/1 states.
    pub version: &'static str,
    /// Headers beside the host.
    pub headers: Vec<(&'static str, &'static str)>,
}

/// What a request must come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// No reader may take it for a closed resource, and at least one does when nothing is in front of it.
    NeverClosed,
    /// No reader may take it for a closed resource, and none is known that does.
    NeverClosedAnyway,
    /// It must arrive, and every reader must read this path.
    Open(Vec<u8>),
    /// It is harmless and not canonical: where paths are rewritten it must arrive, and every reader must read this path.
    Canonical(Vec<u8>),
}

/// What a case needs to be sent at all, or to be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// HTTP/1 and HTTP/2 alike.
    Both,
    /// HTTP/1 only: what is odd about it is in the request line.
    Http1,
}

/// One request of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The trick.
    pub class: &'static str,
    /// Where it is played.
    pub place: Place,
    /// The request.
    pub ask: Ask,
    /// What it must come to.
    pub due: Due,
    /// The protocols it is sent in.
    pub written: Written,
}

/// The whole table.
pub fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = classes::CLASSES.iter().flat_map(of_class).collect();
    let words = words::WORDS.iter().flat_map(|(class, words)| words.iter().map(move |word| (*class, word)));
    let words = words.chain(words::CASES.iter().map(|word| ("case", word)));
    cases.extend(words.flat_map(|(class, word)| of_word(class, word, Written::Both)));
    let lines = words::LINES.iter().flat_map(|(class, word)| of_word(class, word, Written::Http1));
    // As a `:path` of HTTP/2 these are hostile all the more; what is harmless in a request line is not harmless there.
    cases.extend(lines.map(|case| match case.due {
        Due::NeverClosed | Due::NeverClosedAnyway => Case { written: Written::Both, ..case },
        Due::Open(_) | Due::Canonical(_) => case,
    }));
    let old = words::OLD.iter().flat_map(|word| of_word("HTTP/1.0", word, Written::Http1));
    cases.extend(old.map(|case| Case { ask: Ask { version: "HTTP/1.0", ..case.ask }, ..case }));
    cases.extend(words::PATHLESS.iter().map(|(method, target)| pathless(method, target)));
    cases.extend(long());
    cases.extend(words::HEADERS.iter().flat_map(of_header));
    cases.extend(words::PARAMETERS.iter().flat_map(|(hostile, lookalike)| {
        let ask = |target: &str| Ask { method: "POST", ..Ask::get(target.as_bytes().to_vec()) };
        pair("other method", Place::End, ask(hostile), ask(lookalike), b"/orders/7".to_vec(), Written::Both)
    }));
    cases.extend(words::METHODS.iter().flat_map(|(hostile, lookalike)| {
        let ask = |method| Ask { method, ..Ask::get(b"/orders/7".to_vec()) };
        pair("method's case", Place::Start, ask(hostile), ask(lookalike), b"/orders/7".to_vec(), Written::Both)
    }));
    cases.extend(words::UNCANONICAL.iter().map(|(target, reads)| uncanonical(target, reads)));
    cases
}

fn uncanonical(target: &str, reads: &str) -> Case {
    let (ask, due) = (Ask::get(target.as_bytes().to_vec()), Due::Canonical(reads.as_bytes().to_vec()));
    Case { class: "harmless, not canonical", place: Place::Start, ask, due, written: Written::Both }
}

fn pair(
    class: &'static str,
    place: Place,
    hostile: Ask,
    lookalike: Ask,
    reads: Vec<u8>,
    written: Written,
) -> [Case; 2] {
    [
        Case { class, place, ask: hostile, due: Due::NeverClosed, written },
        Case { class, place, ask: lookalike, due: Due::Open(reads), written },
    ]
}

fn of_class(class: &'static Class) -> Vec<Case> {
    let (lookalike, reads) = class.lookalike;
    let of_spot = |(place, hostile, harmless): &(Place, &str, &str)| {
        let fill = |template: &str, with: &[u8]| {
            let parts: Vec<&[u8]> = template.split("{}").map(str::as_bytes).collect();
            parts.join(with)
        };
        let case =
            |target, due| Case { class: class.name, place: *place, ask: Ask::get(target), due, written: Written::Both };
        let mut cases: Vec<Case> =
            class.spellings.iter().map(|spelling| case(fill(hostile, spelling), Due::NeverClosed)).collect();
        let reads = fill(harmless, reads.as_bytes());
        cases.push(case(fill(harmless, lookalike.as_bytes()), Due::Open(reads)));
        cases
    };
    class.spots.iter().flat_map(of_spot).collect()
}

fn of_word(class: &'static str, word: &Word, written: Written) -> [Case; 2] {
    let (place, hostile, lookalike, reads) = *word;
    let ask = |target: &str| Ask::get(target.as_bytes().to_vec());
    pair(class, place, ask(hostile), ask(lookalike), reads.as_bytes().to_vec(), written)
}

fn pathless(method: &'static str, target: &str) -> Case {
    let ask = Ask { method, ..Ask::get(target.as_bytes().to_vec()) };
    Case { class: "no path", place: Place::Start, ask, due: Due::NeverClosedAnyway, written: Written::Http1 }
}

fn of_header(
    (class, method, target, hostile, lookalike): &(&'static str, &'static str, &str, &'static str, &'static str),
) -> [Case; 2] {
    let ask = |header: &'static str| Ask {
        method,
        headers: header.split_once(": ").into_iter().collect(),
        ..Ask::get(target.as_bytes().to_vec())
    };
    pair(class, Place::Start, ask(hostile), ask(lookalike), target.as_bytes().to_vec(), Written::Both)
}

/// Paths at whose length somebody might stop looking, shorter than what Envoy and we let through.
fn long() -> Vec<Case> {
    const BYTES: usize = 20_000;
    let words: [(Place, String, String); 4] = [
        (Place::Start, format!("/{}admin", "./".repeat(BYTES / 2)), format!("/{}admin", "x/".repeat(BYTES / 2))),
        (
            Place::Before,
            format!("/{}{}admin", "x/".repeat(BYTES / 5), "../".repeat(BYTES / 5)),
            format!("/{}{}admin", "x/".repeat(BYTES / 5), "..x/".repeat(BYTES / 8)),
        ),
        (Place::After, format!("/admin/{}", "x".repeat(BYTES)), format!("/desk/{}", "x".repeat(BYTES))),
        (Place::End, format!("/vault/keys;{}", "x".repeat(BYTES)), format!("/vault/keys,{}", "x".repeat(BYTES))),
    ];
    let ask = |text: &str| Ask::get(text.as_bytes().to_vec());
    let case = |(place, hostile, lookalike): &(Place, String, String)| {
        pair("very long", *place, ask(hostile), ask(lookalike), lookalike.as_bytes().to_vec(), Written::Both)
    };
    words.iter().flat_map(case).collect()
}

// === impl Ask ===

impl Ask {
    /// A GET of HTTP/1.1.
    pub fn get(target: Vec<u8>) -> Self {
        Self { method: "GET", target, version: "HTTP/1.1", headers: Vec::new() }
    }
}

impl std::fmt::Display for Ask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const SHOWN: usize = 90;
        let target = self.target.escape_ascii().to_string();
        let cut =
            if target.len() > SHOWN { format!("{}… ({} bytes)", &target[..SHOWN], target.len()) } else { target };
        write!(f, "{} {cut} {}", self.method, self.version)?;
        self.headers.iter().try_for_each(|(name, value)| write!(f, " {name}: {value}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// No trick goes without a harmless request at the same place, and none is its own lookalike.
    #[test]
    fn every_trick_has_a_lookalike_at_each_of_its_places() {
        let cases = cases();
        let spots = |open: bool| -> BTreeSet<(&str, Place)> {
            let due = |case: &&Case| match case.due {
                Due::NeverClosed => !open,
                Due::Open(_) => open,
                Due::NeverClosedAnyway | Due::Canonical(_) => false,
            };
            cases.iter().filter(due).map(|case| (case.class, case.place)).collect()
        };
        assert_eq!(spots(false), spots(true));
        for case in cases.iter().filter(|case| matches!(case.due, Due::Open(_))) {
            let twin = cases.iter().find(|other| other.due == Due::NeverClosed && other.ask == case.ask);
            assert_eq!(twin, None, "both hostile and harmless");
        }
    }
}
