//! The native `ostiary`: what the filter would make of a policy and of a request, asked before Envoy does.
//!
//! It reads with the filter's own reader and judges with its own engine: there is no second
//! implementation that could say something else. One file per command; each returns an [`Answer`],
//! which is printed for people, or with `--json` for programs.
//!
//! Exit codes: 0 when the question was answered and nothing is wrong, 1 when something is wrong with
//! what was asked about, 2 when the question itself was (clap's).

mod answer;
mod charges;
mod check;
mod completions;
mod document;
mod explain;
mod find;
mod import;
mod masks;
mod ratelimit;
mod request;
mod schema;

use answer::Answer;
use clap::{CommandFactory, Parser, Subcommand};
use std::io::Write;
use std::process::ExitCode;

/// Asks the filter's engine about a policy.
#[derive(Debug, Parser)]
#[command(name = "ostiary", version, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,

    /// Answer in JSON, for programs.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say whether policies are accepted, with every error and its path.
    Check(check::Options),
    /// Say what a policy makes of a request, and why.
    Explain(explain::Options),
    /// Write the `apis` of a policy from a description that exists already.
    Import(import::Options),
    /// Print the file of limits that a rate limit service needs for a policy's global quotas.
    RatelimitConfig(ratelimit::Options),
    /// Print the JSON Schema of a policy, for editors.
    Schema,
    /// Print what makes a shell complete this command's words.
    Completions(completions::Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let answer = match &arguments.command {
        Command::Check(options) => Ok(check::run(options)),
        Command::Explain(options) => explain::run(options),
        Command::Import(options) => import::run(options),
        Command::RatelimitConfig(options) => ratelimit::run(options),
        Command::Schema => Ok(schema::run()),
        Command::Completions(options) => Ok(completions::run(options, Arguments::command())),
    };
    let answer = answer.unwrap_or_else(Answer::failed);
    if let Err(error) = print(&answer, arguments.json) {
        // A reader that closed its end early (`| head`) has what it wanted.
        if error.kind() != std::io::ErrorKind::BrokenPipe {
            eprintln!("ostiary: the answer cannot be printed: {error}");
            return ExitCode::FAILURE;
        }
    }
    if answer.good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print(answer: &Answer, json: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for warning in &answer.warnings {
        writeln!(std::io::stderr(), "ostiary: warning: {warning}")?;
    }
    if json {
        return writeln!(out, "{:#}", answer.json);
    }
    match &answer.error {
        Some(error) => writeln!(std::io::stderr(), "ostiary: {error}"),
        None => out.write_all(answer.text.as_bytes()),
    }
}
