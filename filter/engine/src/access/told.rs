//! A rule's conditions in words, each with its answer: for whoever asks why.
//!
//! No value of a request stands in them, only what the policy's author wrote.

use super::conditions::{Atom, Met, Test};
use super::matching::Match;
use super::rule::{Call, Rule};

impl Rule {
    /// What came of each condition for a call that the rule has in its scope.
    pub(crate) fn told(&self, call: &Call<'_>) -> Vec<(String, Met)> {
        let mut told = Vec::new();
        if let Some(end_s) = self.expires_s {
            let lasts = call.around.now_s().map_or(Met::Unknown, |now_s| Met::known(now_s < end_s));
            told.push(("has not expired".to_owned(), lasts));
        }
        for Atom { test, negated } in self.conditions.others.iter().chain(&self.conditions.caller) {
            let met = test.met(call.around);
            let (not, met) = if *negated { ("not ", met.negated()) } else { ("", met) };
            told.push((format!("{not}{}", words(test)), met));
        }
        told
    }
}

fn words(test: &Test) -> String {
    let list = |names: &[Box<str>]| names.join(", ");
    match test {
        Test::Address(sets) => {
            let ranges: usize = sets.iter().map(|set| set.len()).sum();
            format!("from {ranges} network{}", if ranges == 1 { "" } else { "s" })
        }
        Test::Country(codes) => {
            format!("from {}", codes.iter().map(|code| String::from_utf8_lossy(code)).collect::<Vec<_>>().join(", "))
        }
        Test::Caller(globs) => format!("caller {}", list(globs)),
        Test::Role(roles) => format!("role {}", list(roles)),
        Test::Authenticated(true) => "authenticated".to_owned(),
        Test::Authenticated(false) => "not authenticated".to_owned(),
        Test::Header(wanted) => format!("header {}", asked(wanted)),
        Test::Parameter(wanted) => format!("query {}", asked(wanted)),
        Test::InternalUrl => "query has a url that leads inside".to_owned(),
        Test::Scheme(schemes) => {
            format!("scheme {}", schemes.iter().map(|scheme| scheme.word()).collect::<Vec<_>>().join(", "))
        }
        Test::Tls(least) => format!("tls {} or later", least.word()),
        Test::UserAgent(globs) => format!("user agent {}", list(globs)),
        Test::When(_) => "at this time".to_owned(),
    }
}

fn asked(wanted: &Match) -> String {
    format!("{} {}", wanted.name(), wanted.words())
}
