//! The answer to an export: `ExportLogsServiceResponse`. Empty when everything
//! was taken; otherwise a partial success that says how many records were not,
//! and why. OTLP senders do not send those again.

use bytes::Bytes;

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
