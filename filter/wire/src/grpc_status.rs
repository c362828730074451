//! gRPC status codes by name, as `rpc.response.status_code` spells them.
//!
//! Source: the gRPC core documentation, `statuscodes.md`.

const NAMES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// The name of a gRPC status code, or `None` for a number that gRPC does not define.
#[must_use]
pub fn name(code: i64) -> Option<&'static str> {
    usize::try_from(code).ok().and_then(|code| NAMES.get(code).copied())
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn names_stand_at_their_numbers() {
        assert_eq!(name(0), Some("OK"));
        assert_eq!(name(7), Some("PERMISSION_DENIED"));
        assert_eq!(name(16), Some("UNAUTHENTICATED"));
        assert_eq!(name(17), None);
        assert_eq!(name(-1), None);
    }
}
