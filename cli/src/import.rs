//! `ostiary import`: the `apis` of a policy, made from a description that exists already.

mod openapi;

use crate::answer::Answer;

/// What to import.
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, clap::Subcommand)]
enum From {
    /// Write the `apis` of a policy from an OpenAPI document (3.0 to 3.2, or Swagger 2.0).
    Openapi(openapi::Options),
}

/// Imports a description.
///
/// # Errors
/// Why it cannot be read.
pub fn run(options: &Options) -> Result<Answer, String> {
    match &options.from {
        From::Openapi(options) => openapi::run(options),
    }
}
