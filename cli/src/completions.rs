//! `ostiary completions`: the script that makes a shell complete this command's words.

use crate::answer::Answer;
use clap_complete::Shell;
use serde_json::json;

/// For which shell.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Makes the script of a command.
pub fn run(options: &Options, mut command: clap::Command) -> Answer {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut command, name, &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    let json = json!({ "shell": options.shell.to_string(), "script": script });
    Answer::good(script, json)
}
