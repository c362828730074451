//! What Envoy knows of a request when it has ended, in one call.
//!
//! Reading twenty attributes one by one costs four times what one CEL evaluation of a list of them
//! does. So the list is compiled once per root context (`expr_create`) and evaluated once per
//! request (`expr_evaluate`). Where Envoy was built without CEL, or the call is not granted, the
//! same attributes are read one by one.

use crate::host::{Host, Status};
use ostiary_engine::pairs::{self, Pairs};
use std::borrow::Cow;

// A `Number` is 8 bytes little-endian: an integer, or a time in nanoseconds. A `Text` is bytes.
macro_rules! facts {
    ($($(#[doc = $doc:literal])* $field:ident: $reading:ident [$($part:literal),+];)*) => {
        /// What Envoy knows of a request when it has ended. `None` and empty mean unknown.
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct Facts<'a> {
            $( $(#[doc = $doc])* pub $field: facts!(@type $reading), )*
        }

        const PATHS: &[&[&str]] = &[$(&[$($part),+]),*];

        impl<'a> Facts<'a> {
            /// Reads a list as Envoy gives it for [`expression`].
            #[must_use]
            pub fn new(list: &'a [u8]) -> Self {
                let mut values = Pairs::new(list).map(|(value, _)| value);
                Self { $( $field: facts!(@read $reading, values.next().unwrap_or_default()), )* }
            }

            /// The bytes that Envoy would give for these facts, in the order of [`expression`]:
            /// what a fake host answers with.
            #[must_use]
            pub fn serialized(&self) -> Vec<u8> {
                let values = [$( facts!(@write $reading, self.$field) ),*];
                list(&values)
            }

            /// The bytes of one attribute by its path, as `proxy_get_property` would give them.
            #[must_use]
            pub fn property(&self, path: &[&str]) -> Option<Vec<u8>> {
                $( if path == &[$($part),+][..] {
                    let value = facts!(@write $reading, self.$field);
                    return (!value.is_empty()).then_some(value);
                } )*
                None
            }
        }
    };
    (@type Number) => { Option<u64> };
    (@type Text) => { Cow<'a, [u8]> };
    (@read Number, $bytes:expr) => { number($bytes) };
    (@read Text, $bytes:expr) => { Cow::Borrowed($bytes) };
    (@write Number, $value:expr) => { $value.map_or_else(Vec::new, |number| number.to_le_bytes().to_vec()) };
    (@write Text, $value:expr) => { $value.to_vec() };
}

facts! {
    /// When the first byte came: nanoseconds since the Unix epoch.
    time_ns: Number ["request", "time"];
    /// Nanoseconds from the first byte to the end.
    duration_ns: Number ["request", "duration"];
    /// Bytes of the request's body.
    request_body_size: Number ["request", "size"];
    /// Bytes of the request with its headers.
    request_size: Number ["request", "total_size"];
    /// `HTTP/1.1`, `HTTP/2`.
    protocol: Text ["request", "protocol"];
    /// `http` or `https`.
    scheme: Text ["request", "scheme"];
    /// The status.
    status: Number ["response", "code"];
    /// Envoy's response code details.
    details: Text ["response", "code_details"];
    /// Envoy's response flags as its legacy bit set.
    flags: Number ["response", "flags"];
    /// The gRPC status; invented by Envoy for plain HTTP.
    grpc_status: Number ["response", "grpc_status"];
    /// Bytes of the response's body.
    response_body_size: Number ["response", "size"];
    /// Bytes of the response with its headers.
    response_size: Number ["response", "total_size"];
    /// Nanoseconds that the upstream took.
    upstream_duration_ns: Number ["response", "backend_latency"];
    /// The client's address, with its port.
    client: Text ["source", "address"];
    /// `TLSv1.3`.
    tls_version: Text ["connection", "tls_version"];
    /// 1 where the client presented a certificate.
    mtls: Text ["connection", "mtls"];
    /// The upstream cluster.
    cluster: Text ["xds", "cluster_name"];
    /// The route's name.
    route: Text ["xds", "route_name"];
    /// Which way the listener's traffic goes: `envoy.config.core.v3.TrafficDirection`.
    direction: Number ["xds", "listener_direction"];
    /// The authority as it went to the upstream: a route may have rewritten it.
    host: Text ["request", "host"];
}

/// The CEL list that gives all facts; what is absent gives an empty text.
#[must_use]
pub fn expression() -> String {
    let element = |path: &&[&str]| {
        let name = path.join(".");
        format!("has({name}) ? {name} : ''")
    };
    let elements: Vec<String> = PATHS.iter().map(element).collect();
    format!("[{}]", elements.join(", "))
}

fn number(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().ok().map(u64::from_le_bytes)
}

/// Reads the facts of a stream that has ended.
#[derive(Debug, Clone, Copy, Default)]
pub struct FactReader {
    expression: Option<[u8; 4]>,
}

impl FactReader {
    /// Compiles the expression; where that fails, attributes are read one by one.
    ///
    /// # Errors
    /// The host's status, for a log line: the reader works all the same.
    pub fn new(host: &impl Host) -> (Self, Result<(), Status>) {
        let token = host.foreign("expr_create", expression().as_bytes());
        let expression = token.as_ref().ok().and_then(|token| token.first_chunk::<4>().copied());
        (Self { expression }, token.map(|_| ()))
    }

    /// Reads the facts as one list for [`Facts::new`]; what the host does not give is empty in it.
    #[must_use]
    pub fn read(&self, host: &impl Host) -> Vec<u8> {
        let evaluated = self.expression.and_then(|token| host.foreign("expr_evaluate", &token).ok());
        match evaluated {
            Some(evaluated) if Pairs::new(&evaluated).count() == PATHS.len() => evaluated,
            _ => read_each(host),
        }
    }
}

/// Reads the facts one by one: of a stream that is open, asked for by the root, Envoy evaluates nothing.
#[must_use]
pub fn read_each(host: &impl Host) -> Vec<u8> {
    list(&PATHS.iter().map(|path| host.property(path).unwrap_or_default()).collect::<Vec<_>>())
}

/// Values in the form that Envoy gives a CEL list in: as keys of pairs.
fn list(values: &[Vec<u8>]) -> Vec<u8> {
    pairs::serialized(&values.iter().map(|value| (value, "")).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::{Facts, expression};

    #[test]
    fn the_expression_asks_for_what_may_be_absent() {
        assert!(expression().starts_with("[has(request.time) ? request.time : '', has(request.duration)"));
    }

    #[test]
    fn facts_survive_their_own_form() {
        let facts = Facts { status: Some(200), details: b"via_upstream".into(), ..Facts::default() };
        assert_eq!(Facts::new(&facts.serialized()), facts);
        assert_eq!(facts.property(&["response", "code"]), Some(200_u64.to_le_bytes().to_vec()));
        assert_eq!(facts.property(&["response", "flags"]), None);
    }
}
