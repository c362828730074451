//! Megabytes a second that masking takes, by what is asked and by what the body is like.
//!
//! Natively: `cargo run --release -p ostiary-body --example speed`. As Envoy runs it, in V8 without its baseline compiler:
//! `filter/body/examples/speed.sh`. Words choose a body, what is asked, and for how many
//! seconds (`speed typical both 2`). Each figure is the best of several runs over a body in pieces of 64 KiB.

use ostiary_body::detect::{Detectors, Types};
use ostiary_body::format::Format;
use ostiary_body::masker::Masker;
use ostiary_body::path::FieldPath;
use ostiary_body::plan::{Active, Limits, Plan};
use ostiary_body::rule::{Mask, Rule};
use std::rc::Rc;
use std::time::Instant;

#[path = "../../../integration/src/bench/items.rs"]
mod items;

/// What a policy asks: its rules, and the data types to look for.
struct Asked {
    name: &'static str,
    rules: Vec<Rule>,
    inspect: Types,
}

/// Ten fields as policies name them, of which a few are in the typical body.
const FIELDS: [&str; 10] = [
    "$..phone",
    "$[*].address.street",
    "$..*_token",
    "$.items[*].secret",
    "$..password",
    "$..ssn",
    "$[*].bank.iban",
    "$..salary",
    "$.data.user.email",
    "$..birthday",
];

fn main() {
    let hidden = || Mask::Replace("***".to_owned());
    let fields = || FIELDS.iter().filter_map(|path| FieldPath::parse(path).ok());
    let by_field = || fields().map(|path| Rule { fields: vec![path], mask: hidden(), ..Rule::default() });
    let by_type = || Rule { types: Types::standard(), mask: hidden(), ..Rule::default() };
    let named = items::FIELDS.iter().filter_map(|name| FieldPath::parse(&format!("$..{name}")).ok()).map(|path| Rule {
        fields: vec![path],
        mask: Mask::Keep { first: 0, last: 2, with: '*' },
        ..Rule::default()
    });
    let asked = [
        Asked { name: "ten names", rules: named.collect(), inspect: Types::NONE },
        Asked { name: "nothing", rules: Vec::new(), inspect: Types::NONE },
        Asked { name: "ten field rules", rules: by_field().collect(), inspect: Types::NONE },
        Asked { name: "all types inspected", rules: Vec::new(), inspect: Types::standard() },
        Asked { name: "all types masked", rules: vec![by_type()], inspect: Types::NONE },
        Asked { name: "both", rules: by_field().chain([by_type()]).collect(), inspect: Types::NONE },
        Asked {
            name: "ten removed, all types",
            rules: by_field().map(|rule| Rule { mask: Mask::Remove, ..rule }).chain([by_type()]).collect(),
            inspect: Types::NONE,
        },
    ];
    let bodies = [
        ("typical, compact", typical(false)),
        // Those of the comparison in Envoy.
        ("users", listed(items::user)),
        ("orders", listed(items::order)),
        ("nothing to find", listed(items::plain)),
        ("typical, pretty", typical(true)),
        ("numbers", numbers()),
        ("hostile: escapes", hostile_escapes()),
        ("hostile: tokens", hostile_tokens()),
    ];
    let chosen = |number: usize| std::env::args().nth(number).unwrap_or_default();
    let (body, what, seconds) = (chosen(1), chosen(2), chosen(3).parse().unwrap_or(0.2));
    let asked: Vec<_> = asked.into_iter().filter(|asked| asked.name.contains(&what)).collect();
    let bodies = bodies.iter().filter(|(name, _)| name.contains(&body));
    println!("a table of states, byte by byte: {:.0} MB/s", yardstick(&typical(false), seconds));
    println!("{:<24}{}", "MB/s", asked.iter().map(|asked| format!("{:>24}", asked.name)).collect::<String>());
    for (name, body) in bodies {
        let figures = asked.iter().map(|asked| format!("{:>24.0}", speed(asked, body, seconds))).collect::<String>();
        println!("{name:<24}{figures}");
    }
}

/// Megabytes a second, the best of the runs that fit into so many seconds.
fn speed(asked: &Asked, body: &[u8], seconds: f64) -> f64 {
    let detectors = Rc::new(Detectors::new(Types::standard(), Vec::new()));
    let Ok(plan) = Plan::new(asked.rules.clone(), detectors, b"key") else { return 0.0 };
    let plan = Rc::new(plan);
    let active = Active { enforced: (0..asked.rules.len()).collect(), inspect: asked.inspect, ..Active::default() };
    let limits = Limits { inspect: u64::MAX, ..Limits::default() };
    let mut out = Vec::with_capacity(body.len() * 2);
    let (begin, mut best) = (Instant::now(), f64::INFINITY);
    while begin.elapsed().as_secs_f64() < seconds {
        out.clear();
        let start = Instant::now();
        let mut masker = Masker::new(Rc::clone(&plan), active, &Format::Json, limits);
        let fed = body.chunks(64 * 1024).try_for_each(|piece| masker.feed(piece, &mut out));
        let ended = fed.and_then(|()| masker.finish(&mut out));
        if ended.is_ok() {
            best = best.min(start.elapsed().as_secs_f64());
        }
    }
    body.len() as f64 / best / 1e6
}

/// What a machine does in a loop that waits for memory twice a byte: figures of different machines, or of one that is busy, are
/// compared by it.
fn yardstick(body: &[u8], seconds: f64) -> f64 {
    let mut table = vec![[0_u8; 256]; 4];
    for (state, next) in table.iter_mut().enumerate() {
        for (byte, to) in (0_u8..=255).zip(next.iter_mut()) {
            *to = match (state, byte) {
                (0, b'"') | (2, _) => 1,
                (1, b'"') => 0,
                (1, b'\\') => 2,
                (1, _) => 1,
                _ => 0,
            };
        }
    }
    let table = std::hint::black_box(table);
    let (begin, mut best) = (Instant::now(), f64::INFINITY);
    while begin.elapsed().as_secs_f64() < seconds {
        let start = Instant::now();
        let end = body.iter().fold(0_u8, |state, byte| {
            let next = table.get(usize::from(state)).and_then(|next| next.get(usize::from(*byte)));
            next.copied().unwrap_or_default()
        });
        std::hint::black_box(end);
        best = best.min(start.elapsed().as_secs_f64());
    }
    body.len() as f64 / best / 1e6
}

/// Numbers that repeat from run to run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Users, as many APIs return them.
fn typical(pretty: bool) -> Vec<u8> {
    let mut random = Random(7);
    let (line, space) = if pretty { ("\n    ", " ") } else { ("", "") };
    let names = ["Ada Lovelace", "Grace Hopper", "Alan Turing", "Edsger Dijkstra", "Barbara Liskov", "Wang Xiaoming"];
    let name =
        |random: &mut Random| names.get(usize::try_from(random.below(6)).unwrap_or(0)).copied().unwrap_or_default();
    let users = (0..300_u64).map(|id| {
        let name = name(&mut random);
        let members = [
            format!("\"id\":{space}{}", 10_000 + id),
            format!("\"name\":{space}\"{name}\""),
            format!("\"email\":{space}\"user{id}@example.com\""),
            format!("\"active\":{space}{}", random.below(2) == 0),
            format!("\"phone\":{space}\"+1 202 555 01{:02}\"", random.below(100)),
            format!("\"created_at\":{space}\"2026-{:02}-{:02}T10:11:12Z\"", 1 + random.below(12), 1 + random.below(28)),
            format!("\"score\":{space}{}.{}", random.below(1000), random.below(100)),
            format!("\"role\":{space}\"member\""),
            format!("\"address\":{space}{{\"street\":{space}\"{} Main Street\",\"city\":\"Springfield\",\"zip\":\"{:05}\"}}", random.below(900), random.below(99_999)),
            format!("\"tags\":{space}[\"alpha\",\"beta\",\"gamma\"]"),
            format!("\"status\":{space}\"enabled\",{line}\"locale\":{space}\"en-US\",{line}\"team\":{space}\"Platform\""),
        ];
        format!("{{{line}{}}}", members.join(&format!(",{line}")))
    });
    format!("[{}]", users.collect::<Vec<_>>().join(&format!(",{line}"))).into_bytes()
}

/// A MiB of these.
fn listed(item: fn(usize) -> String) -> Vec<u8> {
    items::list(1 << 20, item).into_bytes()
}

fn numbers() -> Vec<u8> {
    let mut random = Random(11);
    let pairs = (0..5000).map(|_| format!("[{}.{},-{}]", random.below(180), random.below(1_000_000), random.below(90)));
    format!("[{}]", pairs.collect::<Vec<_>>().join(",")).into_bytes()
}

fn hostile_escapes() -> Vec<u8> {
    let mut random = Random(13);
    let parts = ["\\\\", "\\\"", "\\u0041", "a", "\\n", "b", " "];
    let mut text = String::new();
    while text.len() < 100_000 {
        let string: String = (0..random.below(60))
            .map(|_| parts.get(usize::try_from(random.below(7)).unwrap_or(0)).copied().unwrap_or_default())
            .collect();
        text.push_str(&format!("\"{string}\","));
    }
    format!("[{text}0]").into_bytes()
}

fn hostile_tokens() -> Vec<u8> {
    format!("[{}0]", r#"[],{"":""},"","a",1,[[[]]],"#.repeat(3000)).into_bytes()
}
