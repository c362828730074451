//! The Ostiary filter: a thin shell between Envoy and [`ostiary_engine`].
//!
//! The engine decides; the shell asks Envoy for what the engine needs, does what it decided, and
//! reports it. Everything that reaches out goes through the [`host::Host`] port: the real one
//! (`host::abi`, in the Wasm module only) declares the ABI's imports itself and returns every
//! status as a value, because the SDK's wrappers panic on statuses they do not expect, and a trap
//! in a guest ends every stream of its worker. The tests' fake host implements the same port.
//!
//! The objects: one [`vm::Vm`] per VM, one [`root::Root`] per root context (a VM hosts several:
//! two listeners, or the old and the new configuration while one drains), one [`stream::Stream`]
//! per request.

mod asking;
mod attention;
pub mod configuration;
pub mod facts;
pub mod head;
pub mod host;
mod identity;
mod ids;
mod listed;
pub mod metrics;
pub mod open;
mod quota;
mod reading;
mod record;
mod reply;
pub mod report;
mod request;
mod response;
pub mod root;
mod sampling;
#[cfg(target_arch = "wasm32")]
mod sdk;
pub mod slots;
mod state;
pub mod stream;
mod structs;
mod summary;
pub mod vm;
