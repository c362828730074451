//! What Envoy knows of a request when it has ended, in one call.
//!
//! Reading twenty attributes one by one costs four times what one CEL evaluation of a list of them
//! does. So the list is compiled once per root context (`expr_create`) and evaluated once per
//! request (`expr_evaluate`). Where Envoy was built without CEL, or the call is not granted, the
//! same attributes are read one by one.
//!
//! In CEL an attribute that is absent fails the whole list, and asking whether it is there costs as much as reading it. So
//! that is asked only of those that are absent in ordinary calls; where another one is (a request that Envoy's codec
//! refused has no head), the attributes are read one by one too.

use crate::host::{Host, Status};
use crate::sampling::Outcome;
use ostiary_engine::pairs::{self, Pairs};
use std::borrow::Cow;

/// When an attribute is there (`source/extensions/filters/common/expr/context.cc` in Envoy).
#[derive(Clone, Copy, PartialEq, Eq)]
enum There {
    /// In every call whose request has a head.
    Always,
    /// Not in all of them.
    Maybe,
    /// Asked for in gRPC alone.
    Grpc,
}

// A `Number` is 8 bytes little-endian: an integer, or a time in nanoseconds. A `Text` is bytes.
macro_rules! facts {
    ($($(#[doc = $doc:literal])* $field:ident: $reading:ident $there:ident [$($part:literal),+];)*) => {
        /// What Envoy knows of a request when it has ended. `None` and empty mean unknown.
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct Facts<'a> {
            $( $(#[doc = $doc])* pub $field: facts!(@type $reading), )*
        }

        const PATHS: &[(There, &[&str])] = &[$((There::$there, &[$($part),+])),*];

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
    time_ns: Number Always ["request", "time"];
    /// Nanoseconds from the first byte to the end.
    duration_ns: Number Always ["request", "duration"];
    /// Bytes of the request's body.
    request_body_size: Number Always ["request", "size"];
    /// Bytes of the request with its headers.
    request_size: Number Always ["request", "total_size"];
    /// `HTTP/1.1`, `HTTP/2`.
    protocol: Text Always ["request", "protocol"];
    /// `http` or `https`.
    scheme: Text Always ["request", "scheme"];
    /// The status.
    status: Number Maybe ["response", "code"];
    /// Envoy's response code details.
    details: Text Maybe ["response", "code_details"];
    /// Envoy's response flags as its legacy bit set.
    flags: Number Always ["response", "flags"];
    /// The gRPC status; Envoy invents one for plain HTTP.
    grpc_status: Number Grpc ["response", "grpc_status"];
    /// Bytes of the response's body.
    response_body_size: Number Always ["response", "size"];
    /// Bytes of the response with its headers.
    response_size: Number Always ["response", "total_size"];
    /// Nanoseconds that the upstream took.
    upstream_duration_ns: Number Maybe ["response", "backend_latency"];
    /// The client's address, with its port.
    client: Text Always ["source", "address"];
    /// `TLSv1.3`.
    tls_version: Text Maybe ["connection", "tls_version"];
    /// 1 where the client presented a certificate.
    mtls: Text Always ["connection", "mtls"];
    /// The upstream cluster.
    cluster: Text Maybe ["xds", "cluster_name"];
    /// The route's name.
    route: Text Maybe ["xds", "route_name"];
    /// Which way the listener's traffic goes: `envoy.config.core.v3.TrafficDirection`.
    direction: Number Always ["xds", "listener_direction"];
    /// The authority as it went to the upstream: a route may have rewritten it.
    host: Text Always ["request", "host"];
}

impl Facts<'_> {
    /// How the call ended.
    pub(crate) fn outcome(&self) -> Outcome {
        Outcome::new(self.status, &self.details)
    }
}

/// The CEL list that gives all facts of a call, of gRPC or not; what is absent or not asked for gives an empty text.
#[must_use]
pub fn expression(grpc: bool) -> String {
    let element = |(there, path): &(There, &[&str])| {
        let name = path.join(".");
        match there {
            There::Always => name,
            There::Grpc if !grpc => "''".to_owned(),
            There::Maybe | There::Grpc => format!("has({name}) ? {name} : ''"),
        }
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
    /// The compiled lists: for gRPC, and for all else.
    grpc: Option<[u8; 4]>,
    other: Option<[u8; 4]>,
}

impl FactReader {
    /// Compiles the expressions; where that fails, attributes are read one by one.
    ///
    /// # Errors
    /// The host's status, for a log line: the reader works all the same.
    pub fn new(host: &impl Host) -> (Self, Result<(), Status>) {
        let compile = |grpc| {
            let token = host.foreign("expr_create", expression(grpc).as_bytes())?;
            Ok(token.first_chunk::<4>().copied())
        };
        let (other, grpc) = (compile(false), compile(true));
        let reader = Self { grpc: grpc.ok().flatten(), other: other.ok().flatten() };
        (reader, other.and(grpc).map(|_| ()))
    }

    /// Reads the facts of a call, of gRPC or not, as one list for [`Facts::new`]; what the host does not give is empty in it.
    #[must_use]
    pub fn read(&self, host: &impl Host, is_grpc: bool) -> Vec<u8> {
        let expression = if is_grpc { self.grpc } else { self.other };
        let evaluated = expression.and_then(|token| host.foreign("expr_evaluate", &token).ok());
        match evaluated {
            Some(evaluated) if Pairs::new(&evaluated).count() == PATHS.len() => evaluated,
            _ => read_each(host),
        }
    }
}

/// Reads how a call ended, and nothing else of it.
pub(crate) fn outcome(host: &impl Host) -> Outcome {
    let of = |path: &[&str]| host.property(path).unwrap_or_default();
    Outcome::new(number(&of(&["response", "code"])), &of(&["response", "code_details"]))
}

/// Reads the facts one by one: of a stream that is open, asked for by the root, Envoy evaluates nothing.
#[must_use]
pub fn read_each(host: &impl Host) -> Vec<u8> {
    list(&PATHS.iter().map(|(_, path)| host.property(path).unwrap_or_default()).collect::<Vec<_>>())
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
        let (other, grpc) = (expression(false), expression(true));
        assert!(other.starts_with("[request.time, request.duration, "), "{other}");
        assert!(other.contains(", has(response.code) ? response.code : '', "), "{other}");
        assert!(!other.contains("grpc") && grpc.contains("has(response.grpc_status)"), "{grpc}");
    }

    #[test]
    fn facts_survive_their_own_form() {
        let facts = Facts { status: Some(200), details: b"via_upstream".into(), ..Facts::default() };
        assert_eq!(Facts::new(&facts.serialized()), facts);
        assert_eq!(facts.property(&["response", "code"]), Some(200_u64.to_le_bytes().to_vec()));
        assert_eq!(facts.property(&["response", "flags"]), None);
    }
}
