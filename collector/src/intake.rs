//! OTLP/gRPC in: `LogsService/Export`.
//!
//! The order is what keeps a flood harmless: first a place among the requests
//! under way (before the body is read), then the message within its size, then
//! its weight in memory, then the rate. Whoever finds no room is told
//! UNAVAILABLE with a time to come again, which every OTLP sender retries; what is no message is told
//! INVALID_ARGUMENT, which none does. An acknowledgement means "on disk".

mod admission;
mod call;
mod codec;
mod findings;
mod json;
mod notes;
mod operations;
mod parties;
pub mod read;
mod reply;
mod sampler;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use tonic::codec::CompressionEncoding;
use tonic::server::{Grpc, UnaryService};
use tonic::{Code, Status};

pub use admission::{Admission, Rate};
pub use json::hex;
pub use operations::Descriptions;
pub use sampler::Sampler;

use crate::clock;
use crate::metrics::{Export, Metrics};
use crate::security::Token;
use crate::store::writer::{NotWritten, Writer};
use read::Window;

/// The longest message, as sent and as unpacked: what every OTLP sender keeps to.
pub const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How long one export may take, its body's arrival included.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(30);

/// Everything an export needs.
#[derive(Debug, Clone)]
pub struct Intake {
    /// The way to disk.
    pub writer: Writer,
    /// The counters.
    pub metrics: Arc<Metrics>,
    /// The bounds on what is under way.
    pub admission: Arc<Admission>,
    /// How far a record's clock may be behind ours.
    pub late_ns: u64,
    /// How far it may be ahead.
    pub early_ns: u64,
    /// Which calls are kept whole.
    pub sampler: Arc<Sampler>,
    /// How operations were described last.
    pub descriptions: Arc<Descriptions>,
    /// Who may send; everyone without one.
    pub token: Option<Arc<Token>>,
}

/// The routes of the intake.
pub fn router(intake: Intake) -> axum::Router {
    let path = format!("/{}/{}", ostiary_wire::SERVICE, ostiary_wire::METHOD);
    axum::Router::new().route(&path, axum::routing::post(export)).fallback(unknown).with_state(intake)
}

async fn unknown() -> Response {
    grpc_response(Status::unimplemented("only logs are taken here: LogsService/Export").into_http())
}

async fn export(State(intake): State<Intake>, request: Request) -> Response {
    let refused = |how, status: Status| {
        intake.metrics.export(how);
        grpc_response(status.into_http())
    };
    if intake.token.as_ref().is_some_and(|token| !token.is_in(request.headers())) {
        let status = Status::unauthenticated("send the token as authorization: Bearer …");
        return refused(Export::Unauthenticated, status);
    }
    let Some(_place) = intake.admission.request().await else {
        return refused(Export::Busy, reply::come_again("too many exports at once"));
    };
    let mut grpc =
        Grpc::new(codec::Raw).accept_compressed(CompressionEncoding::Gzip).max_decoding_message_size(MESSAGE_BYTES_MAX);
    let answer = grpc.unary(Exporter(intake.clone()), request);
    match tokio::time::timeout(EXPORT_TIMEOUT, answer).await {
        Ok(response) => grpc_response(settle(response, &intake.metrics)),
        Err(_) => refused(Export::Busy, reply::come_again("the export took too long")),
    }
}

fn grpc_response(response: http::Response<tonic::body::Body>) -> Response {
    response.map(axum::body::Body::new)
}

/// What the transport says of a message that is too long or does not unpack
/// (OUT_OF_RANGE, INTERNAL, …) would be retried for ever by an OTLP sender,
/// though it can never pass: it becomes INVALID_ARGUMENT.
fn settle(response: http::Response<tonic::body::Body>, metrics: &Metrics) -> http::Response<tonic::body::Body> {
    let Some(status) = Status::from_header_map(response.headers()) else {
        return response;
    };
    match status.code() {
        Code::OutOfRange | Code::Internal | Code::ResourceExhausted | Code::Unknown => {
            metrics.export(Export::Malformed);
            Status::invalid_argument(status.message()).into_http()
        }
        Code::Ok
        | Code::Cancelled
        | Code::InvalidArgument
        | Code::DeadlineExceeded
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::Unimplemented
        | Code::Unavailable
        | Code::DataLoss
        | Code::Unauthenticated => response,
    }
}

/// One export, once its message is here.
struct Exporter(Intake);

// === impl Exporter ===

impl UnaryService<Bytes> for Exporter {
    type Response = Bytes;
    type Future = Pin<Box<dyn Future<Output = Result<tonic::Response<Bytes>, Status>> + Send>>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
        let intake = self.0.clone();
        Box::pin(async move { intake.take(request.into_inner()).await.map(tonic::Response::new) })
    }
}

impl Intake {
    async fn take(&self, message: Bytes) -> Result<Bytes, Status> {
        self.metrics.bytes(message.len());
        let Some(_weight) = self.admission.bytes(message.len()) else {
            return Err(self.busy("too many bytes under way"));
        };
        let now_ns = clock::now_ns();
        let window = Window {
            from_ns: now_ns.saturating_sub(self.late_ns),
            to_ns: now_ns.saturating_add(self.early_ns),
            now_ns,
        };
        let batch = read::batch(&message, window, &self.sampler, &self.descriptions).map_err(|error| {
            self.metrics.export(Export::Malformed);
            Status::invalid_argument(error.to_string())
        })?;
        drop(message);
        let Some(_unpacked) = self.admission.bytes(batch.weight()) else {
            return Err(self.busy("too many bytes under way"));
        };
        if !self.admission.records(batch.entries.len()) {
            return Err(self.busy("too many records a second"));
        }
        match self.writer.write(batch).await {
            Ok(outcome) => {
                self.metrics.export(Export::Taken);
                Ok(reply::encode(&outcome.rejected))
            }
            Err(NotWritten::Busy | NotWritten::Ending) => Err(self.busy("the store is behind")),
            Err(NotWritten::Failed) => {
                self.metrics.export(Export::Failed);
                Err(reply::come_again("the store failed"))
            }
        }
    }

    fn busy(&self, why: &'static str) -> Status {
        self.metrics.export(Export::Busy);
        reply::come_again(why)
    }
}
