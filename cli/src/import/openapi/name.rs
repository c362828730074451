//! Names of APIs: made from what the document calls a group, so that the same document always gives the
//! same names, and a group keeps its name whatever else the document gains.

use std::collections::{BTreeMap, HashSet};

/// The longest name that a policy takes.
const LEN_MAX: usize = 128;

/// How much of a name its group may take.
const GROUP_LEN_MAX: usize = 64;

/// The names given so far.
#[derive(Debug)]
pub struct Names {
    prefix: String,
    groups: BTreeMap<String, String>,
    taken: HashSet<String>,
}

impl Names {
    /// Names for all groups of a document.
    pub fn new<'g>(groups: impl Iterator<Item = &'g str>, prefix: Option<&str>) -> Self {
        let mut by_plain: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for group in groups {
            let equals = by_plain.entry(plain(group)).or_default();
            if !equals.contains(&group) {
                equals.push(group);
            }
        }
        let mut named = BTreeMap::new();
        for (plain, groups) in by_plain {
            for group in &groups {
                // A name that lost letters, or is another group's too, is told apart by a hash of the whole.
                let lost = group.chars().any(|c| c.is_alphanumeric() && !c.is_ascii());
                let is_long = plain.len() > GROUP_LEN_MAX;
                let is_clear = !lost && !is_long && !plain.is_empty() && (groups.len() == 1 || plain == **group);
                let name = if is_clear { plain.clone() } else { hashed(&plain, group, GROUP_LEN_MAX) };
                named.insert((*group).to_owned(), name);
            }
        }
        let prefix = prefix.map_or_else(String::new, |prefix| format!("{prefix}."));
        Self { prefix, groups: named, taken: HashSet::new() }
    }

    /// What a group is called.
    pub fn group(&self, group: &str) -> &str {
        self.groups.get(group).map_or("api", String::as_str)
    }

    /// The name of an API: its group's, with a method and a host where these tell it from others of the group.
    pub fn api(&mut self, group: &str, method: Option<&str>, host: Option<&str>) -> String {
        let method = method.map_or_else(String::new, |method| format!(".{}", plain(&method.to_ascii_lowercase())));
        let host = host.map_or_else(String::new, |host| format!(".at-{}", plain(&host.replace('*', "any"))));
        let whole = format!("{}{}{method}{host}", self.prefix, self.group(group));
        let mut name = if whole.len() > LEN_MAX { hashed(&whole, &whole, LEN_MAX) } else { whole };
        while !self.taken.insert(name.clone()) {
            name = hashed(&name, &name, LEN_MAX);
        }
        name
    }
}

/// The letters, digits and marks that a name takes; `-` for what stands between them.
fn plain(text: &str) -> String {
    let takes = |c: char| c.is_ascii_alphanumeric() || "_.".contains(c);
    let words: Vec<&str> = text.split(|c: char| !takes(c)).filter(|word| !word.is_empty()).collect();
    words.join("-").trim_matches(['-', '.']).to_owned()
}

/// `plain`, cut where it is too long, with a hash of `whole` behind it.
fn hashed(plain: &str, whole: &str, len_max: usize) -> String {
    let hash = format!("{:08x}", fnv(whole));
    let cut = plain.get(..plain.len().min(len_max - hash.len() - 1)).unwrap_or_default().trim_end_matches(['-', '.']);
    if cut.is_empty() { format!("api-{hash}") } else { format!("{cut}-{hash}") }
}

/// FNV-1a: names must be the same with every compiler, so the standard library's hash will not do.
fn fnv(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::Names;
    use ostiary_engine::config::types::{NamePattern, Pattern};

    /// Groups as documents call them, and their names.
    #[test]
    fn groups_are_named_by_their_letters() {
        let long = "x".repeat(300);
        let groups =
            ["pets", "Pet Store!", "a b", "a-b", "a  b", "订单", "Zürich", "订单 orders", "", "..", "a.b_c", &long];
        let mut names = Names::new(groups.into_iter(), None);
        let name = |group: &str| names.group(group).to_owned();
        assert_eq!(name("pets"), "pets");
        assert_eq!(name("Pet Store!"), "Pet-Store");
        assert_eq!(name("a.b_c"), "a.b_c");
        // Three groups want to be `a-b`: the one that is spelt so is, the others are told apart.
        assert_eq!(name("a-b"), "a-b");
        assert!(name("a b").starts_with("a-b-") && name("a  b").starts_with("a-b-") && name("a b") != name("a  b"));
        assert!(name("订单").starts_with("api-") && name("订单 orders").starts_with("orders-"));
        assert!(name("Zürich").starts_with("Z-rich-"));
        let all: std::collections::HashSet<String> = groups.iter().map(|group| name(group)).collect();
        assert_eq!(all.len(), groups.len(), "{all:?}");
        for group in groups {
            for (method, host) in [(None, None), (Some("M!#$"), Some("*.shop.example")), (Some("GET"), Some("[::1]"))] {
                let name = names.api(group, method, host);
                assert!(NamePattern::is_match(&name), "{group}: {name}");
            }
        }
        assert_eq!(names.api("pets", Some("PURGE"), Some("*")), "pets.purge.at-any");
        assert_ne!(names.api("pets", Some("PURGE"), Some("*")), "pets.purge.at-any");
    }

    /// What a group is called does not depend on the others, unless they want the same name.
    #[test]
    fn other_groups_change_no_name() {
        let few = Names::new(["Pet Store"].into_iter(), Some("shop"));
        let many = Names::new(["Pet Store", "pets", "stores"].into_iter(), Some("shop"));
        assert_eq!(few.group("Pet Store"), many.group("Pet Store"));
    }
}
