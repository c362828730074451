//! The engine's questions about a request, asked of Envoy.

use crate::host::{Host, Status};
use crate::structs;
use ostiary_engine::attributes::{Attributes, Unknown};
use ostiary_engine::config::read::Sink;

/// Asks the host; every answer costs a call.
pub(crate) struct Asking<'h, H>(pub(crate) &'h H);

impl<H: Host> Attributes for Asking<'_, H> {
    fn get(&self, path: &[&str]) -> Result<Option<Vec<u8>>, Unknown> {
        match self.0.property(path) {
            Ok(value) => Ok(Some(value)),
            Err(Status::NotFound) => Ok(None),
            Err(_) => Err(Unknown),
        }
    }

    fn metadata(&self, namespace: &str, sink: &mut dyn Sink) -> Result<bool, Unknown> {
        // Asked for by namespace, a claim comes without its type: a list looks like packed pairs.
        let Some(metadata) = self.get(&["metadata"])? else { return Ok(false) };
        structs::walk_namespace(&metadata, namespace, sink).map_err(|_| Unknown)
    }

    fn now_s(&self) -> Result<i64, Unknown> {
        let now_ns = self.0.now_ns().map_err(|_| Unknown)?;
        i64::try_from(now_ns / 1_000_000_000).map_err(|_| Unknown)
    }
}
