//! The ABI's imports, declared by us: the only `unsafe` of the filter.
//!
//! Every call returns its status as a value; the SDK's own wrappers panic on those they do not
//! expect, and pass neither details nor a gRPC status with a local response. What the host gives
//! back lies in memory that it had allocated by `proxy_on_memory_allocate` (the SDK's, which makes
//! a boxed slice), so it is taken over as a `Vec` of exactly that length.
//!
//! One call goes through the SDK: a gRPC call. Its answer reaches a context only when the SDK's
//! dispatcher knows the token, and it learns tokens only from its own function. That function
//! panics on `BadArgument` alone, which Envoy returns for a target that parses as a `GrpcService`
//! without a target in it; [`crate::report::target`] never makes one.
#![allow(unsafe_code)]

use super::{Buffer, GrpcCall, HeaderMap, Host, LocalResponse, MetricKind, Status};
use std::ptr::null_mut;
use std::time::Duration;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_log(level: u32, message: *const u8, len: usize) -> u32;
    fn proxy_get_log_level(level: *mut u32) -> u32;
    fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32;
    fn proxy_set_tick_period_milliseconds(period: u32) -> u32;
    fn proxy_get_buffer_bytes(kind: u32, start: usize, max: usize, data: *mut *mut u8, len: *mut usize) -> u32;
    fn proxy_set_buffer_bytes(kind: u32, start: usize, len: usize, data: *const u8, data_len: usize) -> u32;
    fn proxy_get_header_map_pairs(kind: u32, data: *mut *mut u8, len: *mut usize) -> u32;
    fn proxy_remove_header_map_value(kind: u32, name: *const u8, name_len: usize) -> u32;
    fn proxy_replace_header_map_value(
        kind: u32,
        name: *const u8,
        name_len: usize,
        value: *const u8,
        value_len: usize,
    ) -> u32;
    fn proxy_add_header_map_value(
        kind: u32,
        name: *const u8,
        name_len: usize,
        value: *const u8,
        value_len: usize,
    ) -> u32;
    fn proxy_get_property(path: *const u8, path_len: usize, data: *mut *mut u8, len: *mut usize) -> u32;
    fn proxy_call_foreign_function(
        name: *const u8,
        name_len: usize,
        argument: *const u8,
        argument_len: usize,
        data: *mut *mut u8,
        len: *mut usize,
    ) -> u32;
    fn proxy_send_local_response(
        status: u32,
        details: *const u8,
        details_len: usize,
        body: *const u8,
        body_len: usize,
        headers: *const u8,
        headers_len: usize,
        grpc_status: i32,
    ) -> u32;
    fn proxy_get_shared_data(key: *const u8, key_len: usize, data: *mut *mut u8, len: *mut usize, cas: *mut u32)
    -> u32;
    fn proxy_set_shared_data(key: *const u8, key_len: usize, data: *const u8, len: usize, cas: u32) -> u32;
    fn proxy_define_metric(kind: u32, name: *const u8, name_len: usize, id: *mut u32) -> u32;
    fn proxy_increment_metric(id: u32, by: i64) -> u32;
    fn proxy_record_metric(id: u32, value: u64) -> u32;
    fn proxy_continue_stream(kind: u32) -> u32;
    fn proxy_done() -> u32;
}

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    fn random_get(data: *mut u8, len: usize) -> u32;
}

/// The ABI's number of a stream's request side.
const REQUEST_STREAM: u32 = 0;
/// The ABI's number of the response's header map.
const RESPONSE_HEADERS: u32 = 2;
/// The ABI's number of the response's body.
const RESPONSE_BODY: u32 = 1;

/// The ABI's number of a header map.
const fn number(map: HeaderMap) -> u32 {
    match map {
        HeaderMap::Request => 0,
        HeaderMap::Response => RESPONSE_HEADERS,
        HeaderMap::ResponseTrailers => 3,
    }
}

/// The real host.
#[derive(Debug, Clone, Copy)]
pub struct Envoy;

/// Takes over what the host allocated for us.
fn taken(data: *mut u8, len: usize) -> Vec<u8> {
    if data.is_null() {
        return Vec::new();
    }
    // SAFETY: the host got `data` from `proxy_on_memory_allocate(len)`, which leaks a boxed slice
    // of `len` bytes of the global allocator, and it keeps no copy of the pointer.
    unsafe { Vec::from_raw_parts(data, len, len) }
}

/// Calls an import that returns bytes.
fn fetch(call: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> Result<Vec<u8>, Status> {
    let mut data = null_mut();
    let mut len = 0;
    let status = Status::from_number(call(&raw mut data, &raw mut len));
    let bytes = taken(data, len);
    status.map(|()| bytes)
}

impl Envoy {
    /// Writes a line to Envoy's log. A failure is not told: there is nowhere to tell it.
    pub fn log(level: log::Level, message: &str) {
        let level = match level {
            log::Level::Trace => 0,
            log::Level::Debug => 1,
            log::Level::Info => 2,
            log::Level::Warn => 3,
            log::Level::Error => 4,
        };
        // SAFETY: the host reads `len` bytes at the pointer during the call.
        let _ = unsafe { proxy_log(level, message.as_ptr(), message.len()) };
    }

    /// The lowest level that Envoy would write, so that no other line crosses the boundary.
    #[must_use]
    pub fn log_level() -> log::LevelFilter {
        let mut level = 2;
        // SAFETY: the host writes one u32 at the pointer during the call.
        let _ = unsafe { proxy_get_log_level(&raw mut level) };
        match level {
            0 => log::LevelFilter::Trace,
            1 => log::LevelFilter::Debug,
            2 => log::LevelFilter::Info,
            3 => log::LevelFilter::Warn,
            _ => log::LevelFilter::Error,
        }
    }
}

// SAFETY of every block below: a pointer and a length always name one live Rust slice or string,
// which the host reads or writes only during the call; out-pointers name live locals.
impl Host for Envoy {
    fn now_ns(&self) -> Result<u64, Status> {
        let mut time = 0;
        Status::from_number(unsafe { proxy_get_current_time_nanoseconds(&raw mut time) }).map(|()| time)
    }

    fn random(&self, out: &mut [u8]) -> Result<(), Status> {
        // A WASI errno is not a proxy-wasm status: any failure is one kind of failure to us.
        match unsafe { random_get(out.as_mut_ptr(), out.len()) } {
            0 => Ok(()),
            _ => Err(Status::InternalFailure),
        }
    }

    fn headers(&self, map: HeaderMap) -> Result<Vec<u8>, Status> {
        fetch(|data, len| unsafe { proxy_get_header_map_pairs(number(map), data, len) })
    }

    fn remove_header(&self, map: HeaderMap, name: &str) -> Result<(), Status> {
        Status::from_number(unsafe { proxy_remove_header_map_value(number(map), name.as_ptr(), name.len()) })
    }

    fn set_header(&self, map: HeaderMap, name: &str, value: &[u8]) -> Result<(), Status> {
        Status::from_number(unsafe {
            proxy_replace_header_map_value(number(map), name.as_ptr(), name.len(), value.as_ptr(), value.len())
        })
    }

    fn add_response_header(&self, name: &str, value: &[u8]) -> Result<(), Status> {
        Status::from_number(unsafe {
            proxy_add_header_map_value(RESPONSE_HEADERS, name.as_ptr(), name.len(), value.as_ptr(), value.len())
        })
    }

    fn buffer(&self, buffer: Buffer, len: usize) -> Result<Vec<u8>, Status> {
        let kind = match buffer {
            Buffer::ResponseBody => RESPONSE_BODY,
            Buffer::RequestBody => 0,
            Buffer::GrpcAnswer => 5,
            Buffer::PluginConfiguration => 7,
        };
        fetch(|data, out_len| unsafe { proxy_get_buffer_bytes(kind, 0, len, data, out_len) })
    }

    fn set_body(&self, bytes: &[u8], len: usize) -> Result<(), Status> {
        Status::from_number(unsafe { proxy_set_buffer_bytes(RESPONSE_BODY, 0, len, bytes.as_ptr(), bytes.len()) })
    }

    fn property(&self, path: &[&str]) -> Result<Vec<u8>, Status> {
        // The ABI joins the parts with NUL.
        let path = path.join("\0");
        fetch(|data, len| unsafe { proxy_get_property(path.as_ptr(), path.len(), data, len) })
    }

    fn foreign(&self, name: &str, argument: &[u8]) -> Result<Vec<u8>, Status> {
        fetch(|data, len| unsafe {
            proxy_call_foreign_function(name.as_ptr(), name.len(), argument.as_ptr(), argument.len(), data, len)
        })
    }

    fn respond(&self, response: &LocalResponse<'_>) -> Result<(), Status> {
        let headers = ostiary_engine::pairs::serialized(response.headers);
        let grpc_status = response.grpc_status.map_or(-1, i32::from);
        Status::from_number(unsafe {
            proxy_send_local_response(
                u32::from(response.status),
                response.details.as_ptr(),
                response.details.len(),
                response.body.as_ptr(),
                response.body.len(),
                headers.as_ptr(),
                headers.len(),
                grpc_status,
            )
        })
    }

    fn shared(&self, key: &str) -> Result<(Vec<u8>, u32), Status> {
        let mut cas = 0;
        let value =
            fetch(|data, len| unsafe { proxy_get_shared_data(key.as_ptr(), key.len(), data, len, &raw mut cas) })?;
        Ok((value, cas))
    }

    fn set_shared(&self, key: &str, value: &[u8], cas: u32) -> Result<(), Status> {
        Status::from_number(unsafe { proxy_set_shared_data(key.as_ptr(), key.len(), value.as_ptr(), value.len(), cas) })
    }

    fn define_metric(&self, kind: MetricKind, name: &str) -> Result<u32, Status> {
        let kind = match kind {
            MetricKind::Counter => 0,
            MetricKind::Gauge => 1,
        };
        let mut id = 0;
        Status::from_number(unsafe { proxy_define_metric(kind, name.as_ptr(), name.len(), &raw mut id) }).map(|()| id)
    }

    fn increment_metric(&self, id: u32, by: u64) -> Result<(), Status> {
        let by = i64::try_from(by).unwrap_or(i64::MAX);
        Status::from_number(unsafe { proxy_increment_metric(id, by) })
    }

    fn record_metric(&self, id: u32, value: u64) -> Result<(), Status> {
        Status::from_number(unsafe { proxy_record_metric(id, value) })
    }

    fn set_tick_ms(&self, period_ms: u32) -> Result<(), Status> {
        Status::from_number(unsafe { proxy_set_tick_period_milliseconds(period_ms) })
    }

    fn call_grpc(&self, call: &GrpcCall<'_>) -> Result<u32, Status> {
        use proxy_wasm::types::Status as Sdk;
        proxy_wasm::hostcalls::dispatch_grpc_call(
            call.target,
            call.service,
            call.method,
            Vec::new(),
            Some(call.message),
            Duration::from_millis(call.timeout_ms),
        )
        .map_err(|status| if status == Sdk::ParseFailure { Status::ParseFailure } else { Status::InternalFailure })
    }

    fn resume_request(&self) -> Result<(), Status> {
        Status::from_number(unsafe { proxy_continue_stream(REQUEST_STREAM) })
    }

    fn done(&self) -> Result<(), Status> {
        Status::from_number(unsafe { proxy_done() })
    }
}
