//! The reading floor of the bench: one read of the request's header map and one CEL list of the facts that a record states, and
//! nothing made of either. A filter that records requests cannot cost less than this, so ours is compared with it and not with
//! nothing at all.

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel, MapType};
use std::cell::Cell;
use std::hint::black_box;
use std::rc::Rc;

/// The facts that our records state, as one list: the same as in the filter's `facts.rs`, asked for as cheaply as can be. What may be
/// absent becomes an empty text, or the whole evaluation would fail; what is always there is not asked for twice.
const FACTS: &str = concat!(
    "[request.time, request.size, request.total_size",
    ", has(request.duration) ? request.duration : ''",
    ", has(request.protocol) ? request.protocol : ''",
    ", has(request.scheme) ? request.scheme : ''",
    ", has(response.code) ? response.code : ''",
    ", has(response.code_details) ? response.code_details : ''",
    ", has(response.flags) ? response.flags : ''",
    ", has(response.grpc_status) ? response.grpc_status : ''",
    ", has(response.size) ? response.size : ''",
    ", has(response.total_size) ? response.total_size : ''",
    ", has(response.backend_latency) ? response.backend_latency : ''",
    ", has(source.address) ? source.address : ''",
    ", has(connection.tls_version) ? connection.tls_version : ''",
    ", has(xds.cluster_name) ? xds.cluster_name : ''",
    ", has(xds.route_name) ? xds.route_name : '']",
);

/// Private, because the entry point that the macro exports cannot carry a doc comment.
mod start {
    use super::{LogLevel, Root};
    use std::{cell::Cell, rc::Rc};

    proxy_wasm::main! {{
        proxy_wasm::set_log_level(LogLevel::Warn);
        proxy_wasm::set_root_context(|_| Box::new(Root { expression: Rc::new(Cell::new(None)) }));
    }}
}

/// Holds the compiled list; compiling it per request would be another measurement.
struct Root {
    expression: Rc<Cell<Option<[u8; 4]>>>,
}

struct Stream {
    expression: Rc<Cell<Option<[u8; 4]>>>,
}

// === impl Root ===

impl Context for Root {}

impl RootContext for Root {
    // A floor that silently reads nothing would flatter nobody but mislead everybody: refuse to start instead.
    fn on_configure(&mut self, _size: usize) -> bool {
        let token = hostcalls::call_foreign_function("expr_create", Some(FACTS.as_bytes()))
            .ok()
            .flatten()
            .and_then(|token| <[u8; 4]>::try_from(token.as_slice()).ok());
        self.expression.set(token);
        token.is_some()
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream { expression: Rc::clone(&self.expression) }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

// === impl Stream ===

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _count: usize, _end: bool) -> Action {
        let _ = black_box(hostcalls::get_map_bytes(MapType::HttpRequestHeaders));
        Action::Continue
    }

    fn on_log(&mut self) {
        let Some(token) = self.expression.get() else {
            return;
        };
        match hostcalls::call_foreign_function("expr_evaluate", Some(&token)) {
            Ok(Some(facts)) => drop(black_box(facts)),
            Ok(None) | Err(_) => {
                let _ = hostcalls::log(LogLevel::Error, "the list of facts could not be evaluated");
            }
        }
    }
}
