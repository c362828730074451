//! The SDK's traits over our objects: the only file besides the ABI's that names `proxy_wasm`.

use crate::host::abi::Envoy;
use crate::open::Handle;
use crate::root::Root;
use crate::stream::{Flow, Input};
use crate::vm::Vm;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};
use std::cell::RefCell;

struct Logger;

impl log::Log for Logger {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }
    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            Envoy::log(record.level(), &record.args().to_string());
        }
    }
    fn flush(&self) {}
}

thread_local! {
    static VM: RefCell<Option<Vm<Envoy>>> = const { RefCell::new(None) };
}

fn vm() -> Vm<Envoy> {
    VM.with_borrow_mut(|vm| vm.get_or_insert_with(|| Vm::new(Envoy)).clone())
}

struct SdkRoot(Root<Envoy>);

impl Context for SdkRoot {
    fn on_grpc_call_response(&mut self, token: u32, status: u32, len: usize) {
        self.0.on_grpc_answer(token, status, len);
    }
    fn on_done(&mut self) -> bool {
        self.0.on_done()
    }
}

impl RootContext for SdkRoot {
    fn on_configure(&mut self, len: usize) -> bool {
        log::set_max_level(Envoy::log_level());
        self.0.on_configure(len)
    }
    fn on_tick(&mut self) {
        self.0.on_tick();
    }
    fn create_http_context(&self, context: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(SdkStream(self.0.stream(context))))
    }
    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct SdkStream(Handle<Envoy>);

impl Context for SdkStream {
    fn on_grpc_call_response(&mut self, token: u32, status: u32, len: usize) {
        self.0.answered(token, status, len);
    }
    fn on_done(&mut self) -> bool {
        // Where the log was not told of the stream, it ends here.
        self.0.step(Input::End);
        true
    }
}

impl SdkStream {
    fn step(&mut self, input: Input) -> Action {
        match self.0.step(input) {
            Flow::Continue => Action::Continue,
            Flow::Stop => Action::Pause,
        }
    }
}

impl HttpContext for SdkStream {
    fn on_http_request_headers(&mut self, _: usize, end: bool) -> Action {
        self.step(Input::RequestHeaders { end })
    }
    fn on_http_request_body(&mut self, len: usize, end: bool) -> Action {
        self.step(Input::RequestBody { len, end })
    }
    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        self.step(Input::RequestTrailers)
    }
    fn on_http_response_headers(&mut self, _: usize, end: bool) -> Action {
        self.step(Input::ResponseHeaders { end })
    }
    fn on_http_response_body(&mut self, len: usize, end: bool) -> Action {
        self.step(Input::ResponseBody { len, end })
    }
    fn on_http_response_trailers(&mut self, _: usize) -> Action {
        self.step(Input::ResponseTrailers)
    }
    fn on_log(&mut self) {
        self.step(Input::End);
    }
}

proxy_wasm::main! {{
    // A second logger could only be our own; that it is there already is as good.
    let _ = log::set_logger(&Logger);
    log::set_max_level(log::LevelFilter::Info);
    proxy_wasm::set_root_context(|context| Box::new(SdkRoot(Root::new(vm(), context))));
}}
