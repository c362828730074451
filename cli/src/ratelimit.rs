//! `ostiary ratelimit-config`: the file of limits that envoyproxy/ratelimit needs for a policy's global quotas.
//!
//! The filter asks for limits by name, so the service has to know them. Both sides are made from one policy.

use crate::answer::Answer;
use crate::document;
use crate::find::policies;
use ostiary_engine::policy::Policy;
use serde_json::json;
use std::path::PathBuf;

/// Which policy.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// A policy (YAML or JSON), or an Envoy or Istio file that holds one; `-` reads standard input.
    file: PathBuf,
}

/// Prints the file.
pub fn run(options: &Options) -> Result<Answer, String> {
    let name = options.file.display();
    let found = policies(document::read(&options.file)?);
    let [policy] = &found[..] else {
        return Err(format!("{name} holds {} policies: give a file with exactly one", found.len()));
    };
    let compiled = Policy::from_json(&policy.json).map_err(|problems| format!("{name}: refused: {problems}"))?;
    let file = compiled.policy.quotas().service_file();
    let file = file.ok_or_else(|| {
        format!("{name}: no quota has `scope: global`: there is nothing to tell a rate limit service")
    })?;
    Ok(Answer::good(file.clone(), json!({ "file": file })))
}
