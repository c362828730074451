//! The empty filter of the bench: it takes part in every request and does nothing, so that its row shows what calling a guest
//! costs before that guest has done any work.

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};

/// Private, because the entry point that the macro exports cannot carry a doc comment.
mod start {
    use super::{LogLevel, Root};

    proxy_wasm::main! {{
        proxy_wasm::set_log_level(LogLevel::Warn);
        proxy_wasm::set_root_context(|_| Box::new(Root));
    }}
}

struct Root;

struct Stream;

// === impl Root ===

impl Context for Root {}

impl RootContext for Root {
    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

// === impl Stream ===

impl Context for Stream {}

// The SDK calls these whether or not they are written out; they stand here because they are what is measured.
impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _count: usize, _end: bool) -> Action {
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _count: usize, _end: bool) -> Action {
        Action::Continue
    }

    fn on_log(&mut self) {}
}
