//! What leaves the filter.
//!
//! Ostiary speaks OpenTelemetry: one OTLP log record per request, sent by
//! `opentelemetry.proto.collector.logs.v1.LogsService/Export`. This crate holds both ends of that
//! wire, so that the filter that writes and the collector that reads cannot disagree:
//!
//! - [`attributes`]: the one table of names, with each name's convention, source and privacy;
//! - [`encode`]: records appended in protobuf as they come, without a tree in between;
//! - [`decode`]: a streaming reader with a limit on everything that the sender chooses;
//! - [`ratelimit`]: the questions to a rate limit service and its answers;
//! - [`mod@reference`]: the reference page, generated from the table.
//!
//! The encoder is ours because it runs once per request in the guest (prost's structs would cost
//! an allocation per attribute and 12 KB of module), the decoder because a collector reads what
//! strangers send (a message of 4 MiB can claim two million attributes).

pub mod attributes;
pub mod decode;
pub mod encode;
pub mod grpc_status;
pub mod protobuf;
pub mod ratelimit;
pub mod reference;

/// The gRPC service that takes the records.
pub const SERVICE: &str = "opentelemetry.proto.collector.logs.v1.LogsService";

/// The method of [`SERVICE`].
pub const METHOD: &str = "Export";

/// The instrumentation scope of every batch, and the `service.name` of its resource.
pub const SCOPE: &str = "ostiary-filter";

/// The version of the OpenTelemetry semantic conventions that [`attributes`] is pinned to.
pub const SEMCONV_VERSION: &str = "1.42.0";

/// What a record tells of. The name travels as the record's `event_name`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// A request ended, however it ended. The only event with a sequence number.
    Request,
    /// A call is still open: a WebSocket, an event stream, any call that takes long. It has no number in
    /// the stream and counts nothing; the call is counted by its one [`Event::Request`] when it ends.
    RequestOpen,
    /// A root context began its stream of records.
    VmStarted,
    /// A root context is alive, with what it made, sent and dropped so far.
    VmHeartbeat,
    /// A root context's final word.
    VmStopped,
    /// A stream ended without a final word (a trap); its successor says what it knew of it.
    VmLost,
    /// A policy came into force.
    PolicyAccepted,
    /// A policy was refused; the last good one stays in force.
    PolicyRefused,
}

impl Event {
    /// Every event, in the order of the reference page.
    pub const ALL: [Self; 8] = [
        Self::Request,
        Self::RequestOpen,
        Self::VmStarted,
        Self::VmHeartbeat,
        Self::VmStopped,
        Self::VmLost,
        Self::PolicyAccepted,
        Self::PolicyRefused,
    ];

    /// The `event_name` of the record.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "ostiary.request",
            Self::RequestOpen => "ostiary.request.open",
            Self::VmStarted => "ostiary.vm.started",
            Self::VmHeartbeat => "ostiary.vm.heartbeat",
            Self::VmStopped => "ostiary.vm.stopped",
            Self::VmLost => "ostiary.vm.lost",
            Self::PolicyAccepted => "ostiary.policy.accepted",
            Self::PolicyRefused => "ostiary.policy.refused",
        }
    }

    /// The event of an `event_name`, or `None` when it is not one of ours.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.name() == name)
    }
}
