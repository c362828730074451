//! Rules that a compiler does not hold, each with its reason: what names what, how long a file is, that the documents tell the
//! truth.
//!
//! They read the files that git tracks, so what lies about in a checkout does not matter. A rule has no exceptions but those in
//! its own list, and a list of exceptions gives the reason for each.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Lines of a file before its tests, at most: what one can hold in mind at once.
const LINES_MAX: usize = 400;

/// Files that may be longer, each with its reason.
const LONGER: [(&str, &str); 0] = [];

/// What the engine may depend on. Each is pure: no clock, no randomness, no input or output, no log.
const PURE_DEPENDENCIES: [&str; 8] =
    ["once_cell", "regex-lite", "serde", "serde_json", "sha2", "ostiary-body", "ostiary-detect", "miniz_oxide"];
/// Packages that decide, as functions of their inputs.
const PURE: [&str; 3] = ["filter/engine", "filter/body", "filter/detect"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The files that git tracks and that are still there.
fn tracked() -> Vec<String> {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output();
    let listed = listed.expect("git is needed to know which files are ours");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let files = String::from_utf8(listed.stdout).expect("file names are utf-8");
    let files: Vec<String> =
        files.split_terminator('\0').filter(|path| root().join(path).is_file()).map(str::to_owned).collect();
    assert!(files.len() > 100, "git lists only {} files", files.len());
    files
}

fn rust_files() -> Vec<String> {
    tracked().into_iter().filter(|path| path.ends_with(".rs")).collect()
}

/// A file's lines before its tests, which stand at its end or in a file of their own.
fn before_tests(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let ends = ["\n#[cfg(test)]\nmod ", "\n#[cfg(test)]\n#[path"].map(|tests| text.find(tests));
    let end = ends.into_iter().flatten().min().unwrap_or(text.len());
    (1..).zip(text[..end].lines())
}

/// Whether the line holds the word, and not only as the end of a longer one.
fn holds(line: &str, word: &str) -> bool {
    let begins = |at: usize| !line[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_');
    line.match_indices(word).any(|(at, _)| begins(at))
}

/// The lines of code, without comments.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines()).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Words that must not stand in a file, put together here so that this file does not hold them.
fn spelled(parts: &[&[&str]]) -> Vec<String> {
    parts.iter().map(|parts| parts.concat()).collect()
}

/// All of a rule's breaches at once: whoever has to mend them wants the whole list.
fn assert_none(breaches: Vec<String>, rule: &str) {
    assert!(breaches.is_empty(), "{rule}:\n  {}", breaches.join("\n  "));
}

/// A reader who opens a file learns first what it is for.
#[test]
fn every_file_says_why_it_exists() {
    let without = rust_files().into_iter().filter(|path| !read(path).starts_with("//! "));
    assert_none(without.collect(), "these files do not begin with a `//!` module doc");
}

#[test]
fn files_are_short() {
    let excepted: BTreeSet<&str> = LONGER.iter().map(|(path, _)| *path).collect();
    let long = rust_files().into_iter().filter_map(|path| {
        let lines = before_tests(&read(&path)).count();
        (lines > LINES_MAX && !excepted.contains(path.as_str())).then(|| format!("{path}: {lines}"))
    });
    assert_none(long.collect(), "these files have more than 400 lines before their tests: split them by subject");
}

/// The SDK's wrappers panic on statuses they do not expect, and a trap ends every stream of a worker. The bench's own modules
/// are not the filter.
#[test]
fn only_two_files_name_the_sdk() {
    let allowed = ["filter/src/sdk.rs", "filter/src/host/abi.rs", "tests/tests/conventions.rs"];
    let others = rust_files().into_iter().filter(|path| !allowed.contains(&path.as_str()));
    let others = others.filter(|path| !path.starts_with("integration/modules/"));
    let naming = others.filter(|path| code(&read(path)).any(|(_, line)| line.contains("proxy_wasm")));
    assert_none(naming.collect(), "these files name the SDK: go through the `Host` port");
}

/// What the compiler cannot check is in one file, small enough to be read whole.
#[test]
fn one_file_is_not_safe() {
    let keyword = ["uns", "afe"].concat();
    let forms = ["{", "fn ", "extern ", "impl ", "trait "].map(|after| format!("{keyword} {after}"));
    let others = rust_files().into_iter().filter(|path| path != "filter/src/host/abi.rs");
    let using = others.filter(|path| code(&read(path)).any(|(_, line)| forms.iter().any(|form| line.contains(form))));
    assert_none(using.collect(), "these files use what the compiler cannot check");
}

/// What decides is a function of its inputs, and so is all that it depends on.
#[test]
fn what_decides_depends_on_nothing_impure() {
    let mut others = Vec::new();
    for package in PURE {
        let manifest = read(&format!("{package}/Cargo.toml"));
        let dependencies = manifest.split("[dependencies]\n").nth(1).expect("it has dependencies");
        let names = dependencies.lines().take_while(|line| !line.starts_with('['));
        let names = names.filter_map(|line| line.split(['.', '=', ' ']).next()).filter(|name| !name.is_empty());
        others.extend(names.filter(|name| !PURE_DEPENDENCIES.contains(name)).map(|name| format!("{package}: {name}")));
    }
    assert_none(others, "these are depended on: is each without clock, randomness, input, output and log?");
}

#[test]
fn what_decides_reads_no_clock_and_reaches_out_to_nothing() {
    let forbidden = [
        "SystemTime",
        "Instant",
        "std::fs",
        "std::io",
        "std::net::Tcp",
        "std::net::Udp",
        "std::env",
        "std::process",
        "std::thread",
        "thread_local",
        "static mut",
        "println!",
        "eprintln!",
        "dbg!",
        "log::",
        "rand::",
        "RandomState",
    ];
    let mut breaches = Vec::new();
    for path in rust_files() {
        if !PURE.iter().any(|package| path.starts_with(&format!("{package}/src/"))) || path.ends_with("_tests.rs") {
            continue;
        }
        let text = read(&path);
        let code = before_tests(&text).filter(|(_, line)| !line.trim_start().starts_with("//"));
        for (number, line) in code {
            breaches.extend(
                forbidden.iter().filter(|word| holds(line, word)).map(|word| format!("{path}:{number}: {word}")),
            );
            // The standard tables are keyed by randomness; `hash.rs` gives the engine one that is not.
            if path != "filter/engine/src/hash.rs" && (line.contains("HashMap") || line.contains("HashSet")) {
                breaches.push(format!("{path}:{number}: a table keyed by randomness"));
            }
        }
    }
    assert_none(breaches, "what decides is a function of its inputs");
}

/// A guide that describes files that are gone is worse than none.
#[test]
fn documents_name_files_that_exist() {
    let tracked = tracked();
    let exists = |path: &str| {
        let path = path.trim_end_matches('/');
        tracked.iter().any(|file| file == path || file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')))
    };
    let mut breaches = Vec::new();
    let mut named = 0;
    for document in ["README.md", "ARCHITECTURE.md", "envoy-config/README.md"] {
        let folder = document.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        for path in paths_in(&read(document), &tracked) {
            named += 1;
            if !exists(&path) && !exists(&format!("{folder}{path}")) {
                breaches.push(format!("{document}: {path}"));
            }
        }
    }
    assert!(named > 20, "only {named} paths were found in the documents");
    assert_none(breaches, "these documents name what is not there");
}

/// What stands in backticks or behind a link and looks like a path of ours: it begins with a folder of ours, or ends like a
/// file of ours.
fn paths_in(document: &str, tracked: &[String]) -> Vec<String> {
    let folders: BTreeSet<&str> = tracked.iter().filter_map(|path| Some(path.split_once('/')?.0)).collect();
    let quoted = outside_blocks(document);
    let ticked = quoted.split('`').skip(1).step_by(2);
    let linked = quoted.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._/-".contains(&byte));
    let ours = |text: &str| {
        let begins = text.split_once('/').is_some_and(|(first, _)| folders.contains(first));
        let ends = [".rs", ".md", ".yaml", ".toml", ".sh", ".json"].iter().any(|end| text.ends_with(end));
        begins || ends
    };
    // `policy.yaml` stands for a file of the reader's.
    let found = ticked.chain(linked).filter(|text| plain(text) && ours(text) && *text != "policy.yaml");
    // What begins with `/` is a URL's path, what is nothing but `.yaml` is an extension.
    found.filter(|text| !text.starts_with(['/', '.'])).map(str::to_owned).collect()
}

/// The text without its blocks of code, whose backticks pair differently.
fn outside_blocks(document: &str) -> String {
    document.split("```").step_by(2).collect::<Vec<_>>().join("\n")
}

/// A tracked file is no place for a note to oneself, and says nothing about the machine that it was written on or the mirrors
/// that this machine reaches.
#[test]
fn files_hold_no_notes_registries_or_machine_paths() {
    let words = spelled(&[
        &["TO", "DO"],
        &["FIX", "ME"],
        &["to", "do!("],
        &["unimpl", "emented!("],
        &["/wo", "rk/"],
        &["/ro", "ot/"],
        &["/ho", "me/"],
        &["/tm", "p/"],
        &["index.crates", ".io"],
        &["static.crates", ".io"],
        &["pypi", ".org"],
        &["pythonhosted", ".org"],
        &["proxy.golang", ".org"],
        &["registry.npmjs", ".org"],
        &["repo1.maven", ".org"],
        &["repo.maven.apache", ".org"],
        &["deb.debian", ".org"],
    ]);
    let mut breaches = Vec::new();
    for path in tracked() {
        // What is no text has no lines.
        let Ok(text) = std::fs::read_to_string(root().join(&path)) else { continue };
        for (number, line) in (1..).zip(text.lines()) {
            breaches.extend(
                words.iter().filter(|word| line.contains(word.as_str())).map(|word| format!("{path}:{number}: {word}")),
            );
        }
    }
    assert_none(breaches, "these lines do not belong into a tracked file");
}

/// `make` alone prints what there is; a target without its line is hidden from everyone.
#[test]
fn every_make_target_has_its_help() {
    let makefile = read("Makefile");
    let targets = makefile.lines().filter(|line| {
        let name = line.split(':').next().unwrap_or_default();
        line.contains(':')
            && !line.contains(":=")
            && !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
    });
    let targets: Vec<&str> = targets.collect();
    assert!(targets.len() > 5, "{targets:?}");
    let without = targets.into_iter().filter(|line| !line.contains("## ")).map(str::to_owned);
    assert_none(without.collect(), "these targets have no `## ` line");
}

/// A crate that forgets its `[lints]` has none.
#[test]
fn every_crate_states_its_lints() {
    let manifests = tracked().into_iter().filter(|path| path.ends_with("/Cargo.toml"));
    // The fuzz targets and the bench's modules are workspaces of their own, which nothing depends on.
    let ours = manifests.filter(|path| !path.starts_with("filter/fuzz/") && !path.starts_with("integration/modules/"));
    let without = ours.filter(|path| !read(path).contains("\n[lints"));
    assert_none(without.collect(), "these crates state no lints");
}
