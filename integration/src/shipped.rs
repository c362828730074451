//! The shipped Envoy files, made to run here: the same text with other ports and the module's real path. The demo and the tests start
//! what a user copies, not a look-alike, so nothing else in the file may change.

use std::path::Path;

use anyhow::{Context, bail};

use crate::place;

/// The path that the shipped files name for the module.
pub const MODULE: &str = "/etc/ostiary/ostiary_filter.wasm";

/// The folder of everything that a user of the shipped files puts beside the module: keys, certificates, databases.
pub const FOLDER: &str = "/etc/ostiary/";

const PORT: &str = "port_value: ";

/// Reads `envoy-config/NAME` and settles it for this machine.
///
/// # Errors
/// When the file cannot be read, names no module, or names a port that `port` knows nothing about.
pub fn read(name: &str, module: &Path, port: impl Fn(u16) -> Option<u16>) -> anyhow::Result<String> {
    let path = place::root().join("envoy-config").join(name);
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    settle(&text, module, port).with_context(|| format!("envoy-config/{name}"))
}

/// Replaces every port by what `port` says and the module's path by `module`. A port that `port` does not know is an error: it
/// would be opened as it stands, beside whatever else this machine runs.
///
/// # Errors
/// As `read`, but for the file.
pub fn settle(text: &str, module: &Path, port: impl Fn(u16) -> Option<u16>) -> anyhow::Result<String> {
    if !text.contains(MODULE) {
        bail!("the file does not name {MODULE}: nothing would be replaced");
    }
    let module = module.to_str().context("the module's path is not utf-8: move the checkout")?;
    let mut settled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(PORT) {
        let (before, from) = rest.split_at(at + PORT.len());
        let digits = from.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(from.len());
        let (written, after) = from.split_at(digits);
        let known = written.parse().ok().and_then(&port);
        let Some(known) = known else { bail!("port {written} is not one that this program knows how to replace") };
        settled.push_str(before);
        settled.push_str(&known.to_string());
        rest = after;
    }
    settled.push_str(rest);
    Ok(settled.replace(MODULE, module))
}

/// Makes a settled text find the files of `FOLDER` in another folder.
///
/// # Errors
/// When the folder's path is not UTF-8.
pub fn with_files(settled: &str, folder: &Path) -> anyhow::Result<String> {
    let folder = folder.to_str().context("the folder's path is not utf-8: move the checkout")?;
    Ok(settled.replace(FOLDER, &format!("{folder}/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a: { port_value: 10000 }\nb: {port_value: 9901}\nfilename: /etc/ostiary/ostiary_filter.wasm\n";

    #[test]
    fn only_ports_and_the_module_change() {
        let settled = settle(TEXT, Path::new("/x.wasm"), |port| Some(port - 1)).unwrap();
        assert_eq!(settled, "a: { port_value: 9999 }\nb: {port_value: 9900}\nfilename: /x.wasm\n");
    }

    #[test]
    fn a_port_nobody_knows_is_refused() {
        let error = settle(TEXT, Path::new("/x.wasm"), |port| (port == 10000).then_some(0)).unwrap_err();
        assert!(error.to_string().contains("port 9901"), "{error}");
    }
}
