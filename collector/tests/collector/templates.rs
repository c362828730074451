//! How well paths become templates: the filter's inference alone, and after the collector's refinement.
//!
//! The path templates of seven public OpenAPI documents are filled with values by a generator with a fixed seed, and what comes out is
//! held against the templates. GitHub, Stripe, DigitalOcean and Kubernetes were looked at while the rules were made; Asana, Twilio and
//! Docusign were only measured.
//!
//! - Each position of a template has values of one sort (one position in ten of all sorts), from a pool of 60, 200 or 1,000 that all
//!   operations below it share. The sorts: numbers, UUIDs, slugs, e-mails, first names, full names, dates, mixed case with a prefix,
//!   words of twenty languages, hashes, long random texts, logins, names of repositories, host names.
//! - Beside each parameter stand static siblings: those of the document, and further ones by chance (`search`, `me`, …).
//! - An operation with a parameter is called 30 times; one without from 2 to 200 times.
//!
//! The measure: of all pairs of distinct paths of one document, those that are of one operation should get one template, others should
//! not. Precision is the part of the pairs with one template that are of one operation, recall the part of the pairs of one operation
//! that get one template, F1 their harmonic mean.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::path::PathBuf;

use ostiary_collector::templates::Tree;
use ostiary_engine::catalog::infer;

const TUNED: [&str; 4] = ["github", "stripe", "digitalocean", "kubernetes"];
const MEASURED: [&str; 3] = ["asana", "twilio", "docusign"];

/// What the refined templates must reach on each document.
const F1_MIN: f64 = 0.98;

const SEED: u64 = 1;

const SIBLINGS: [&str; 6] = ["search", "me", "export", "bulk", "count", "recent"];
const FIRST: &str = "ann bob carol dave erin frank grace heidi ivan judy mallory niaj olivia peggy rupert sybil trent victor wendy alice amir \
    bianca chen dmitri elena farid gita hana igor jamal kenji lena marta nina omar priya quentin rosa sami tariq ursula vera wei xenia yusuf zoe";
const LAST: &str = "smith jones mueller garcia kim tanaka ivanov silva rossi dubois novak khan lopez hansen kowalski";
const WORDS: &str = "blue red green quick lazy winter summer shop report invoice widget garden coffee table lamp cloud river stone paper \
    silver golden happy small large old new fresh daily global local data core edge main test demo alpha beta north south east west";
const LANGUAGES: &str = "größe münchen 日本語 用户 北京 привет москва köln málaga são-paulo ελλάδα 東京 서울 łódź çelik ångström naïve zürich тест данные";

/// SplitMix64.
struct Random(u64);

impl Random {
    /// One that is the same for the same text.
    fn of(text: &str) -> Self {
        Self(text.bytes().fold(SEED, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() % most as u64) as usize
    }

    fn of_list<'t>(&mut self, words: &'t str) -> &'t str {
        let words: Vec<&str> = words.split_whitespace().collect();
        words[self.below(words.len())]
    }

    fn text(&mut self, letters: &str, length: usize) -> String {
        (0..length).map(|_| char::from(letters.as_bytes()[self.below(letters.len())])).collect()
    }

    /// A value of one of fourteen sorts.
    fn value(&mut self, sort: usize) -> String {
        const HEX: &str = "0123456789abcdef";
        const ALL: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        match sort {
            0 => {
                let digits = 2 + self.below(7) as u32;
                (1 + self.below(10_usize.pow(digits))).to_string()
            }
            1 => {
                let hex = self.text(HEX, 32);
                [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
            }
            2 => (0..2 + self.below(3)).map(|_| self.of_list(WORDS)).collect::<Vec<_>>().join("-"),
            3 => format!("{}.{}@shop.example", self.of_list(FIRST), self.of_list(LAST)),
            4 if self.below(3) == 0 => format!("{}-{}", self.of_list(FIRST), self.of_list(LAST)),
            4 => self.of_list(FIRST).to_owned(),
            5 => format!("{} {}", self.of_list(FIRST), self.of_list(LAST)),
            6 => format!("20{:02}-{:02}-{:02}", 10 + self.below(20), 1 + self.below(12), 1 + self.below(28)),
            7 => format!("{}_{}", self.of_list("Order pi Cust ACC Doc"), self.text(ALL, 14)),
            8 if self.below(3) == 0 => format!("{}-{}", self.of_list(LANGUAGES), self.of_list(LANGUAGES)),
            8 => format!("{}{}", self.of_list(LANGUAGES), ["", self.of_list(LANGUAGES)][self.below(2)]),
            9 => {
                let length = [12, 32, 40, 64][self.below(4)];
                self.text(HEX, length)
            }
            10 => {
                let length = [11, 16, 22][self.below(3)];
                self.text(ALL, length)
            }
            11 => match self.below(4) {
                0 => self.of_list(FIRST).to_owned(),
                1 => format!("{}{}", self.of_list(FIRST), self.of_list(LAST)),
                2 => format!("{}{}", self.of_list(FIRST), 1 + self.below(98)),
                _ => format!("{}-{}", self.of_list(FIRST), self.of_list(WORDS)),
            },
            12 if self.below(2) == 0 => self.of_list(WORDS).to_owned(),
            12 => format!("{}{}{}", self.of_list(WORDS), ["-", "_", "."][self.below(3)], self.of_list(WORDS)),
            _ => format!("{}{}.{}", self.of_list(WORDS), self.of_list(LAST), ["example", "test"][self.below(2)]),
        }
    }
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The templates of a document, with siblings added by chance.
fn templates(document: &str) -> Vec<String> {
    let text = std::fs::read_to_string(file(&format!("tests/collector/templates/{document}.txt"))).unwrap();
    let mut templates: BTreeSet<String> =
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
    let mut random = Random::of(document);
    let parents: BTreeSet<String> = templates
        .iter()
        .flat_map(|template| template.match_indices("/{}").map(|(at, _)| template[..at].to_owned()).collect::<Vec<_>>())
        .collect();
    for parent in parents {
        for sibling in SIBLINGS {
            if random.below(100) < 15 {
                templates.insert(format!("{parent}/{sibling}"));
            }
        }
    }
    templates.into_iter().collect()
}

/// Calls: paths, each with the template that it was made of.
fn calls(document: &str) -> Vec<(String, String)> {
    let mut random = Random::of(&format!("{document} calls"));
    let mut pools: HashMap<String, Vec<String>> = HashMap::new();
    let mut calls = Vec::new();
    for template in templates(document) {
        let is_static = !template.contains("{}");
        // From 2 to 200, as many between 2 and 20 as between 20 and 200.
        let times = if is_static { (2.0 * 10_f64.powf(random.below(2_000) as f64 / 1_000.0)) as usize } else { 30 };
        for _ in 0..times {
            let (mut path, mut position) = (String::new(), String::new());
            for segment in template.split('/').skip(1) {
                path.push('/');
                position.push('/');
                position.push_str(if segment.contains("{}") { "{}" } else { segment });
                if !segment.contains("{}") {
                    path.push_str(segment);
                    continue;
                }
                let pool = pools.entry(position.clone()).or_insert_with(|| pool(&format!("{document}{position}")));
                path.push_str(&segment.replace("{}", &pool[random.below(pool.len())]));
            }
            calls.push((path, template.clone()));
        }
    }
    calls
}

/// The values of a position.
fn pool(position: &str) -> Vec<String> {
    let mut random = Random::of(position);
    let (sort, is_mixed) = (random.below(14), random.below(10) == 0);
    let size = [60, 200, 1_000][random.below(3)];
    (0..size)
        .map(|_| {
            let sort = if is_mixed { random.below(14) } else { sort };
            random.value(sort)
        })
        .collect()
}

/// Precision, recall and F1 over pairs of distinct paths.
fn measure<'c>(paths: &BTreeMap<&'c str, &'c str>, found: impl Fn(&str) -> String) -> [f64; 3] {
    let (mut of_truth, mut of_found, mut of_both) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (path, truth) in paths {
        let found = found(path);
        *of_truth.entry(*truth).or_insert(0_u64) += 1;
        *of_found.entry(found.clone()).or_insert(0_u64) += 1;
        *of_both.entry((*truth, found)).or_insert(0_u64) += 1;
    }
    fn pairs<K>(counts: &BTreeMap<K, u64>) -> f64 {
        counts.values().map(|count| count * (count - 1) / 2).sum::<u64>() as f64
    }
    let right = pairs(&of_both);
    let (precision, recall) = (right / pairs(&of_found).max(1.0), right / pairs(&of_truth).max(1.0));
    [precision, recall, 2.0 * precision * recall / (precision + recall)]
}

/// Of one document: how many templates and paths, the filter's measures, and the refined ones.
fn of(document: &str) -> (usize, usize, [f64; 3], [f64; 3]) {
    let calls = calls(document);
    let inferred: HashMap<&str, String> =
        calls.iter().map(|(path, _)| (path.as_str(), infer::template(path.split('/').skip(1)))).collect();
    let mut tree = Tree::default();
    for (path, _) in &calls {
        tree.add(&inferred[path.as_str()], 1);
    }
    tree.refine();
    let paths: BTreeMap<&str, &str> = calls.iter().map(|(path, truth)| (path.as_str(), truth.as_str())).collect();
    let alone = measure(&paths, |path| inferred[path].clone());
    let refined = measure(&paths, |path| tree.template(&inferred[path]).unwrap());
    (templates(document).len(), paths.len(), alone, refined)
}

/// Guarantees: after refinement each document, looked at or not, is at F1 0.98 or better; and the published table is what was measured.
#[test]
fn the_table_of_templates_is_current() {
    let mut page = String::from(
        "# How well paths become templates\n\nMeasured, and held current, by `collector/tests/collector/templates.rs`, which says what is measured and how; `make generate` writes it anew.\n\
         Undeclared paths only: what a policy declares needs no inference.\n\n\
         | document | looked at while the rules were made | templates | distinct paths | filter alone: precision | recall | F1 | refined: precision | recall | F1 |\n\
         |---|---|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for document in TUNED.into_iter().chain(MEASURED) {
        let (templates, paths, alone, refined) = of(document);
        let looked = if TUNED.contains(&document) { "yes" } else { "no" };
        let numbers = |of: [f64; 3]| of.map(|number| format!("{number:.4}")).join(" | ");
        writeln!(page, "| {document} | {looked} | {templates} | {paths} | {} | {} |", numbers(alone), numbers(refined))
            .unwrap();
        assert!(refined[2] >= F1_MIN, "{document}: {refined:?}, the filter alone {alone:?}");
    }
    let file = file("TEMPLATES.md");
    if std::env::var_os("OSTIARY_GENERATE").is_some() {
        std::fs::write(&file, &page).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap_or_default(), page, "run `make generate`");
}

/// Guarantees: what strangers make up does not hide what is there: among thousands of paths that were asked for once, an operation that
/// is asked for often keeps its template, and the thousands become one.
#[test]
fn a_scan_becomes_one_template() {
    let mut tree = Tree::default();
    let mut random = Random::of("scan");
    let made_up: BTreeSet<String> = (0..5_000).map(|_| format!("/{}", random.value(2))).collect();
    made_up.iter().for_each(|path| tree.add(path, 1));
    tree.add("/orders", 500);
    tree.add("/orders/{…}", 500);
    tree.refine();
    assert_eq!(tree.template("/orders").as_deref(), Some("/orders"));
    assert!(made_up.iter().all(|path| tree.template(path).as_deref() == Some("/{…}")));
}
