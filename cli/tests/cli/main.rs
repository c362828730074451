//! The real program, run as a user runs it: what it says and the code it ends with.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod check;
mod completions;
mod explain;
mod import;
mod ratelimit;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a run of the program said.
struct Said {
    code: i32,
    out: String,
    error: String,
}

impl Said {
    /// Asserts the exit code, and that every line is in what was said.
    fn expect(&self, code: i32, lines: &[&str]) {
        let all = format!("{}{}", self.out, self.error);
        assert_eq!(self.code, code, "{all}");
        for line in lines {
            assert!(all.contains(line), "`{line}` is not in:\n{all}");
        }
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

/// Runs `ostiary` with the arguments, and with `input` on standard input.
fn ostiary(arguments: &[&str], input: &str) -> Said {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ostiary"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads no input may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code().unwrap(), out: text(output.stdout), error: text(output.stderr) }
}

/// A file of `envoy-config/`.
fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../envoy-config").join(name)
}

#[test]
fn the_schema_is_the_one_that_editors_get() {
    let said = ostiary(&["schema"], "");
    said.expect(0, &[]);
    assert_eq!(said.out, std::fs::read_to_string(shipped("policy.schema.json")).unwrap());
    assert_eq!(ostiary(&["schema", "--json"], "").json(), said.json());
}

#[test]
fn a_question_that_is_wrong_has_a_code_of_its_own() {
    ostiary(&["check"], "").expect(2, &["<FILES>"]);
    ostiary(&["explain", "--policy", "-", "--from", "nowhere"], "").expect(2, &["no address"]);
    ostiary(&["explain", "--policy", "-", "--header", "nothing"], "").expect(2, &["write `name: value`"]);
}
