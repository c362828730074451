//! The port to the host: everything the filter can ask of Envoy, with every failure as a value.
//!
//! Sources: the proxy-wasm ABI v0.2.1, and Envoy's `source/extensions/common/wasm/context.cc`.

#[cfg(target_arch = "wasm32")]
pub mod abi;

/// Why the host did not do what it was asked to. The numbers are the ABI's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// What was asked for does not exist.
    NotFound,
    /// The argument is wrong, or the call is not allowed in this phase.
    BadArgument,
    /// A value cannot be serialised.
    SerializationFailure,
    /// An argument cannot be parsed; an unknown cluster.
    ParseFailure,
    /// There is nothing to give.
    Empty,
    /// Another wrote first.
    CasMismatch,
    /// The host failed, or the call is not among the granted capabilities.
    InternalFailure,
    /// The host does not implement the call.
    Unimplemented,
    /// A status that the ABI does not define.
    Unknown(u32),
}

impl Status {
    /// The failure that a status number stands for; `Ok` for 0.
    ///
    /// # Errors
    /// The status, when it is not 0.
    pub const fn from_number(number: u32) -> Result<(), Self> {
        Err(match number {
            0 => return Ok(()),
            1 => Self::NotFound,
            2 => Self::BadArgument,
            3 => Self::SerializationFailure,
            4 => Self::ParseFailure,
            7 => Self::Empty,
            8 => Self::CasMismatch,
            10 => Self::InternalFailure,
            12 => Self::Unimplemented,
            other => Self::Unknown(other),
        })
    }
}

/// A header map of the current stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HeaderMap {
    /// Readable in the request headers' phase and at the end.
    Request,
    /// Readable in the response headers' phase and at the end.
    Response,
    /// Readable in the response trailers' phase.
    ResponseTrailers,
}

/// A buffer that the host holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Buffer {
    /// The plugin's configuration; readable while configuring.
    PluginConfiguration,
    /// The answer to a gRPC call; readable in its callback.
    GrpcAnswer,
    /// What Envoy has of the response's body; readable in the body's callback, and in the trailers'
    /// where the last chunk was held.
    ResponseBody,
    /// What Envoy holds of the request's body; readable in its callback.
    RequestBody,
}

/// An answer in the upstream's stead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalResponse<'a> {
    /// The HTTP status.
    pub status: u16,
    /// What `response_code_details` will say; white space becomes `_`.
    pub details: &'a str,
    /// Headers beside the status.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The body; for gRPC it becomes `grpc-message`.
    pub body: &'a [u8],
    /// The gRPC status for a gRPC client; `None` lets Envoy derive one.
    pub grpc_status: Option<u8>,
}

/// A unary gRPC call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrpcCall<'a> {
    /// Whom to call: a serialised `envoy.config.core.v3.GrpcService`, or a cluster's name.
    pub target: &'a str,
    /// The service's full name.
    pub service: &'a str,
    /// The method.
    pub method: &'a str,
    /// The request message.
    pub message: &'a [u8],
    /// Timeout in milliseconds.
    pub timeout_ms: u64,
}

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MetricKind {
    /// Only grows.
    Counter,
    /// Is set.
    Gauge,
}

/// The host. Every method that can fail says how.
#[allow(clippy::missing_errors_doc)] // One sentence for all: the host's status.
pub trait Host: Clone + 'static {
    /// Time of day in nanoseconds since the Unix epoch; it may step back.
    fn now_ns(&self) -> Result<u64, Status>;
    /// Fills with random bytes.
    fn random(&self, out: &mut [u8]) -> Result<(), Status>;
    /// A header map as the ABI serialises it: see [`ostiary_engine::pairs`].
    fn headers(&self, map: HeaderMap) -> Result<Vec<u8>, Status>;
    /// Takes all lines of a header off; allowed while the headers are held.
    fn remove_header(&self, map: HeaderMap, name: &str) -> Result<(), Status>;
    /// Gives the first line of a header this value, or adds one; allowed while the headers are held.
    fn set_header(&self, map: HeaderMap, name: &str, value: &[u8]) -> Result<(), Status>;
    /// Adds a line to the response's headers; allowed while they are held.
    fn add_response_header(&self, name: &str, value: &[u8]) -> Result<(), Status>;
    /// `len` bytes of a buffer from its start.
    fn buffer(&self, buffer: Buffer, len: usize) -> Result<Vec<u8>, Status>;
    /// Puts bytes in the place of the `len` bytes that Envoy has of the response's body; allowed where
    /// they can be read.
    fn set_body(&self, bytes: &[u8], len: usize) -> Result<(), Status>;
    /// An attribute of the current stream or root.
    fn property(&self, path: &[&str]) -> Result<Vec<u8>, Status>;
    /// One of Envoy's foreign functions.
    fn foreign(&self, name: &str, argument: &[u8]) -> Result<Vec<u8>, Status>;
    /// Answers in the upstream's stead.
    fn respond(&self, response: &LocalResponse<'_>) -> Result<(), Status>;
    /// A value that all VMs of a `vm_id` share, and its compare-and-swap number.
    fn shared(&self, key: &str) -> Result<(Vec<u8>, u32), Status>;
    /// Sets a shared value if nobody else has since `cas`; 0 sets it whatever it is. On a missing
    /// key any `cas` succeeds, so `u32::MAX` means "only if absent".
    fn set_shared(&self, key: &str, value: &[u8], cas: u32) -> Result<(), Status>;
    /// Defines a metric; defining it again gives another id of the same metric.
    fn define_metric(&self, kind: MetricKind, name: &str) -> Result<u32, Status>;
    /// Adds to a counter; `by` is not 0.
    fn increment_metric(&self, id: u32, by: u64) -> Result<(), Status>;
    /// Sets a gauge.
    fn record_metric(&self, id: u32, value: u64) -> Result<(), Status>;
    /// Has the root context's tick called this often.
    fn set_tick_ms(&self, period_ms: u32) -> Result<(), Status>;
    /// Begins a gRPC call of the context that is active and returns its token; the answer comes to that
    /// context, or to nobody when it is gone.
    fn call_grpc(&self, call: &GrpcCall<'_>) -> Result<u32, Status>;
    /// Lets a request go on whose headers are held.
    fn resume_request(&self) -> Result<(), Status>;
    /// Tells the host that a root context which asked for time is done.
    fn done(&self) -> Result<(), Status>;
}
