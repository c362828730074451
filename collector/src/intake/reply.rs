//! The answers to an export. What is not taken now is answered UNAVAILABLE with a `RetryInfo` that says
//! when to come again, as OTLP has it. What is taken is answered by an `ExportLogsServiceResponse`: empty
//! when every record was taken, otherwise a partial success that says how many were not, and why. OTLP
//! senders do not send those again.

use bytes::Bytes;
use tonic::{Code, Status};

use crate::facts::Rejections;
use crate::varint;

/// Field 1 of the response, and field 2 of the partial success: length-delimited.
const PARTIAL_SUCCESS: u64 = 0x0a;
const REJECTED: u64 = 0x08;
const MESSAGE: u64 = 0x12;

/// Encodes the answer.
pub(super) fn encode(rejected: &Rejections) -> Bytes {
    if rejected.total() == 0 {
        return Bytes::new();
    }
    let reasons: Vec<String> = rejected.iter().map(|(reason, count)| format!("{} {count}", reason.name())).collect();
    let text = format!("records not taken: {}", reasons.join(", "));
    let mut partial = Vec::with_capacity(text.len().saturating_add(16));
    varint::put(&mut partial, REJECTED);
    varint::put(&mut partial, rejected.total());
    varint::put(&mut partial, MESSAGE);
    put_bytes(&mut partial, text.as_bytes());
    let mut out = Vec::with_capacity(partial.len().saturating_add(4));
    varint::put(&mut out, PARTIAL_SUCCESS);
    put_bytes(&mut out, &partial);
    Bytes::from(out)
}

/// The seconds after which a sender is asked to come again.
const RETRY_SECONDS: u64 = 1;

/// A status that asks to come again: `google.rpc.Status` with a `google.rpc.RetryInfo` among its details.
pub(super) fn come_again(why: &'static str) -> Status {
    // Fields 1 of `Duration` (seconds) and of `RetryInfo` (the duration).
    let retry = [0x0a, 2, 0x08, u8::try_from(RETRY_SECONDS).unwrap_or(1)];
    let mut any = vec![0x0a];
    put_bytes(&mut any, b"type.googleapis.com/google.rpc.RetryInfo");
    any.push(0x12);
    put_bytes(&mut any, &retry);
    // Fields 1 (code), 2 (message) and 3 (details) of `Status`.
    let mut status = vec![0x08, 14, 0x12];
    put_bytes(&mut status, why.as_bytes());
    status.push(0x1a);
    put_bytes(&mut status, &any);
    Status::with_details(Code::Unavailable, why, Bytes::from(status))
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    varint::put(out, u64::try_from(bytes.len()).unwrap_or(0));
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Reason;
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
    use prost::Message;

    /// As `google/rpc/status.proto` and `error_details.proto` have it.
    #[derive(Clone, PartialEq, Message)]
    struct RpcStatus {
        #[prost(int32, tag = "1")]
        code: i32,
        #[prost(string, tag = "2")]
        message: String,
        #[prost(message, repeated, tag = "3")]
        details: Vec<Any>,
    }

    #[derive(Clone, PartialEq, Message)]
    struct Any {
        #[prost(string, tag = "1")]
        type_url: String,
        #[prost(message, tag = "2")]
        value: Option<RetryInfo>,
    }

    #[derive(Clone, PartialEq, Message)]
    struct RetryInfo {
        #[prost(message, tag = "1")]
        delay: Option<Delay>,
    }

    #[derive(Clone, PartialEq, Message)]
    struct Delay {
        #[prost(int64, tag = "1")]
        seconds: i64,
    }

    #[test]
    fn whoever_is_not_taken_is_told_when_to_come_again() {
        let status = come_again("too many exports at once");
        let details = RpcStatus::decode(status.details()).unwrap();
        assert_eq!((details.code, details.message.as_str()), (14, status.message()));
        assert_eq!(details.details[0].type_url, "type.googleapis.com/google.rpc.RetryInfo");
        assert_eq!(details.details[0].value.as_ref().unwrap().delay, Some(Delay { seconds: 1 }));
    }

    #[test]
    fn an_independent_reader_understands_it() {
        assert!(encode(&Rejections::default()).is_empty());
        let mut rejected = Rejections::default();
        rejected.add_many(Reason::Foreign, 300);
        rejected.add(Reason::TooOld);
        let response = ExportLogsServiceResponse::decode(encode(&rejected)).unwrap();
        let partial = response.partial_success.unwrap();
        assert_eq!(partial.rejected_log_records, 301);
        assert_eq!(partial.error_message, "records not taken: foreign 300, too_old 1");
    }
}
