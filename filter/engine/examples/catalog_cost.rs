//! What one look into the catalog costs, for an instruction counter to count.
//!
//! `catalog_cost SET SHAPE LOOKUPS` compiles a policy and looks up the same requests again and
//! again. Run it under callgrind with N and with 2N lookups: the difference is N lookups and nothing
//! else, start and compiling cancel out (`integration/callgrind.sh` does that).
//!
//! The set `small` declares one template for each of the ten requests and nothing more; `large`
//! declares 50,000, chosen to be bad for a trie: 20,000 that share their first twelve segments, all
//! 4,096 mixtures of text and parameter twelve deep, irregular mixtures six deep whose ends differ,
//! and a wide rest. The requests are the same in both.

use ostiary_engine::Protocol;
use ostiary_engine::catalog::Known;
use ostiary_engine::path::CanonicalPath;
use ostiary_engine::policy::Policy;
use std::fmt::Write;
use std::process::ExitCode;

/// Templates of the large set.
const LARGE: usize = 50_000;

/// How deep the shared prefix and the mixtures go.
const DEPTH: usize = 12;

/// Ten requests that both sets declare: their paths, and the templates of the small set.
const HITS: [(&str, &str); 10] = [
    ("/", "/"),
    ("/svc7/orders", "/svc7/orders"),
    ("/svc7/orders/123", "/svc7/orders/{id}"),
    ("/svc7/orders/123/lines", "/svc7/orders/{id}/lines"),
    ("/p/p/p/p/p/p/p/p/p/p/p/p/leaf7/9", "/p/p/p/p/p/p/p/p/p/p/p/p/leaf7/{id}"),
    ("/p/p/p/p/p/p/p/p/p/p/p/p/leaf19000/9", "/p/p/p/p/p/p/p/p/p/p/p/p/leaf19000/{id}"),
    ("/a/a/a/a/a/a/a/a/a/a/a/a", "/a/a/a/a/a/a/a/a/a/a/a/a"),
    ("/a/x/a/x/a/x/a/x/a/x/a/x", "/a/{1}/a/{3}/a/{5}/a/{7}/a/{9}/a/{11}"),
    ("/x/x/x/x/x/x/x/x/x/x/x/a", "/{0}/{1}/{2}/{3}/{4}/{5}/{6}/{7}/{8}/{9}/{10}/a"),
    ("/b/b/b/b/b/b/end63", "/b/b/b/b/b/b/end63"),
];

/// Ten requests that neither declares, most of them as deep as what is declared.
const MISSES: [&str; 10] = [
    "/nothing",
    "/svc7/nothing",
    "/svc7/orders/123/nothing",
    "/svc7/orders/123/lines/4",
    "/p/p/p/p/p/p/p/p/p/p/p/p/leafless",
    "/p/p/p/p/p/p/p/p/p/p/p/p/leaf7/9/x",
    "/p/p/p/p/p/p/p/p/p/p/p/x/leaf7/9",
    "/a/a/a/a/a/a/a/a/a/a/a",
    "/a/x/a/x/a/x/a/x/a/x/a/x/a",
    "/b/b/b/b/b/b/none",
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        [set, shape, lookups] => run(set, shape, lookups),
        _ => Err("usage: catalog_cost small|large hit|miss LOOKUPS".to_owned()),
    };
    match outcome {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("catalog_cost: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(set: &str, shape: &str, lookups: &str) -> Result<String, String> {
    let templates = match set {
        "small" => HITS.iter().map(|(_, template)| (*template).to_owned()).collect(),
        "large" => large(),
        _ => return Err(format!("`{set}` is no set: small or large")),
    };
    let (paths, declared): (Vec<&str>, bool) = match shape {
        "hit" => (HITS.iter().map(|(path, _)| *path).collect(), true),
        "miss" => (MISSES.to_vec(), false),
        _ => return Err(format!("`{shape}` is no shape: hit or miss")),
    };
    let lookups: usize = lookups.parse().map_err(|error| format!("`{lookups}`: {error}"))?;
    let compiled = Policy::from_json(policy(&templates).as_bytes()).map_err(|problems| problems.to_string())?;
    let canonical = |path: &&'static str| CanonicalPath::new(path.as_bytes()).map_err(|why| format!("{path}: {why:?}"));
    let paths: Vec<CanonicalPath<'_>> = paths.iter().map(canonical).collect::<Result<_, _>>()?;
    let found = look_up(&compiled.policy, &paths, lookups);
    // A set that does not hold what is asked for would measure something else.
    if found != if declared { lookups } else { 0 } {
        return Err(format!("{found} of {lookups} were declared"));
    }
    Ok(format!("{} templates, {lookups} lookups, {found} declared", compiled.policy.catalog().len()))
}

/// Looks the requests up in turn; returns how many were declared.
#[inline(never)]
fn look_up(policy: &Policy, paths: &[CanonicalPath<'_>], lookups: usize) -> usize {
    let declared = |path| {
        let operation = policy.catalog().identify(Protocol::Rest, "shop.example", path, "GET");
        matches!(std::hint::black_box(operation).known, Known::Declared(_))
    };
    paths.iter().cycle().take(lookups).filter(|path| declared(path)).count()
}

/// The 50,000 templates.
fn large() -> Vec<String> {
    let shared = "/p".repeat(DEPTH);
    let mut all = vec!["/".to_owned()];
    all.extend((0..20_000).map(|leaf| format!("{shared}/leaf{leaf}/{{id}}")));
    all.extend((0..1_usize << DEPTH).map(|mixture| mixed(mixture, DEPTH, "a")));
    // Every mixture has an end of its own: no two subtrees are alike, so none can be left out.
    all.extend((0..64).map(|mixture| format!("{}/end{mixture}", mixed(mixture, 6, "b"))));
    let wide = ["/orders", "/orders/{id}", "/orders/{id}/lines", "/users/{user}/carts/{cart}"];
    let missing = LARGE.saturating_sub(all.len());
    all.extend(
        (0..missing).map(|index| format!("/svc{}{}", index / wide.len(), wide.get(index % wide.len()).unwrap_or(&""))),
    );
    all
}

/// A template of `depth` segments, text where the mixture has a 1 and a parameter elsewhere.
fn mixed(mixture: usize, depth: usize, text: &str) -> String {
    let segment = |at| if mixture >> at & 1 == 1 { text.to_owned() } else { format!("{{{at}}}") };
    (0..depth).map(segment).fold(String::new(), |template, segment| template + "/" + &segment)
}

fn policy(templates: &[String]) -> String {
    let mut paths = String::new();
    for template in templates {
        let comma = if paths.is_empty() { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(paths, "{comma}\"{template}\"");
    }
    format!(
        r#"{{"version":"v1","apis":[{{"name":"shop","hosts":["shop.example"],"methods":["GET"],"paths":[{paths}]}}]}}"#
    )
}
