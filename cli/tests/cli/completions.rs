//! `ostiary completions`: each shell's script is made from the same words as the help, and a real shell
//! completes by it.

use super::ostiary;
use std::process::Command;

const SHELLS: [&str; 5] = ["bash", "elvish", "fish", "powershell", "zsh"];

/// What a shell would offer must be in the script.
#[test]
fn every_shell_knows_every_word() {
    for shell in SHELLS {
        let said = ostiary(&["completions", shell], "");
        said.expect(0, &[]);
        for word in
            ["check", "explain", "import", "openapi", "schema", "completions", "policy", "merge-methods", "operation"]
        {
            assert!(said.out.contains(word), "{shell}: {word}");
        }
        assert_eq!(ostiary(&["completions", shell, "--json"], "").json()["script"], said.out);
    }
    ostiary(&["completions", "tcsh"], "").expect(2, &["[possible values: bash, elvish, fish, powershell, zsh]"]);
}

/// What bash offers for the words typed so far, of which the last is not finished.
fn offered(words: &[&str]) -> Vec<String> {
    let script = ostiary(&["completions", "bash"], "").out;
    let typed = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
    let last = words.len() - 1;
    let ask = format!(
        "{script}\nCOMP_WORDS=({typed})\nCOMP_CWORD={last}\n_ostiary ostiary '{}' '{}'\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words[last],
        words[last - 1]
    );
    let output = Command::new("bash")
        .args(["--norc", "--noprofile", "-c", &ask])
        .output()
        .expect("bash is needed to complete by it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes() {
    for (words, expected) in [
        (&["ostiary", "im"][..], &["import"][..]),
        (&["ostiary", "c"], &["check", "completions"]),
        (&["ostiary", "import", "o"], &["openapi"]),
        (&["ostiary", "import", "openapi", "--g"], &["--group"]),
        (&["ostiary", "import", "openapi", "--group", ""], &["tag", "path", "one", "operation"]),
        (&["ostiary", "explain", "--me"], &["--method"]),
        (&["ostiary", "completions", "z"], &["zsh"]),
    ] {
        assert_eq!(offered(words), expected, "{words:?}");
    }
}

/// Shells that are installed read their scripts; those that are not are named in the test's output.
#[test]
fn other_shells_read_their_scripts() {
    let folder = tempfile::tempdir().unwrap();
    for (shell, arguments) in [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")] {
        let script = folder.path().join(shell);
        std::fs::write(&script, ostiary(&["completions", shell], "").out).unwrap();
        match Command::new(shell).arg(arguments).arg(&script).output() {
            Ok(output) => assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr)),
            Err(error) => println!("{shell} did not read its script: it cannot be started here ({error})"),
        }
    }
}
