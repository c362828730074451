//! The tiny filters that ours is compared with, built when the bench begins: they are no part of the workspace, because only the
//! bench needs them.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::place;

/// The modules' files.
#[derive(Clone, Debug)]
pub struct Modules {
    /// Does nothing.
    pub empty: PathBuf,
    /// Takes every body in and hands it back.
    pub copying: PathBuf,
    /// Reads what a record needs, and does nothing with it.
    pub reading: PathBuf,
}

// === impl Modules ===

impl Modules {
    /// Builds them, which takes seconds the first time and nothing afterwards.
    ///
    /// # Errors
    /// When cargo cannot be run, or fails.
    pub fn build() -> Result<Self> {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| place::root().join("target"), PathBuf::from);
        let target = target.join("bench-modules");
        let manifest = place::root().join("integration/modules/Cargo.toml");
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .args(["build", "--quiet", "--locked", "--release", "--target", "wasm32-wasip1", "--manifest-path"])
            .arg(manifest);
        let status = cargo.arg("--target-dir").arg(&target).status().context("cannot run cargo")?;
        if !status.success() {
            bail!("integration/modules did not build: see the lines above");
        }
        let built = target.join("wasm32-wasip1/release");
        let file = |name: &str| built.join(format!("bench_{name}.wasm"));
        Ok(Self { empty: file("empty"), copying: file("copying"), reading: file("reading") })
    }
}
