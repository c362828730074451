//! What the filter takes from a request's headers, in one pass over one map.

use ostiary_engine::Protocol;
use ostiary_engine::judge::{RequestHead, is_override};
use ostiary_engine::pairs::Pairs;
use ostiary_wire::encode::Trace;

/// GraphQL over HTTP's type of answers.
const GRAPHQL_RESPONSE: &[u8] = b"application/graphql-response+json";

/// The headers that matter, borrowed from the map.
#[derive(Debug, Clone, Copy, Default)]
pub struct Head<'a> {
    lines: Pairs<'a>,
    method: &'a [u8],
    authority: &'a [u8],
    authorities: usize,
    other_authority: Option<&'a [u8]>,
    path: Option<&'a [u8]>,
    overrides: bool,
    origin: bool,
    preflight_method: bool,
    connect_protocol: &'a [u8],
    upgrade: &'a [u8],
    content_type: &'a [u8],
    accept: &'a [u8],
    user_agent: &'a [u8],
    request_id: &'a [u8],
    traceparent: Option<&'a [u8]>,
    traceparents: usize,
    #[cfg(feature = "chaos")]
    trap: bool,
}

impl<'a> Head<'a> {
    /// Reads a map as the host gave it. Of a header that stands twice the first counts, as for
    /// Envoy itself, but two trace contexts are none.
    #[must_use]
    pub fn new(map: &'a [u8]) -> Self {
        let mut head = Self { lines: Pairs::new(map), ..Self::default() };
        for (name, value) in head.lines {
            let slot = match name {
                b":method" => &mut head.method,
                b":authority" if head.authorities == 0 => {
                    head.authorities = 1;
                    head.authority = value;
                    continue;
                }
                b":authority" | b"host" => {
                    // A third that differs from the second is no host at all.
                    let third = head.other_authority.is_some_and(|second| second != value);
                    head.other_authority = Some(if third { b"," } else { value });
                    continue;
                }
                b":protocol" => &mut head.connect_protocol,
                b"upgrade" => &mut head.upgrade,
                b"content-type" => &mut head.content_type,
                b"accept" => &mut head.accept,
                b"user-agent" => &mut head.user_agent,
                b"x-request-id" => &mut head.request_id,
                b":path" => {
                    head.path.get_or_insert(value);
                    continue;
                }
                b"traceparent" => {
                    head.traceparent = Some(value);
                    head.traceparents += 1;
                    continue;
                }
                b"origin" => {
                    head.origin = true;
                    continue;
                }
                b"access-control-request-method" => {
                    head.preflight_method = true;
                    continue;
                }
                #[cfg(feature = "chaos")]
                b"x-ostiary-trap" => {
                    head.trap = true;
                    continue;
                }
                _ => {
                    head.overrides |= name.first() == Some(&b'x') && is_override(name);
                    continue;
                }
            };
            if slot.is_empty() {
                *slot = value;
            }
        }
        head
    }

    /// What a decision is made from.
    #[must_use]
    pub fn request(&self) -> RequestHead<'a> {
        RequestHead {
            method: self.method,
            authority: self.authority,
            other_authority: self.other_authority,
            path: self.path,
            protocol: self.protocol(),
            ends: false,
            overrides: self.overrides,
            cors: self.origin && self.preflight_method,
            lines: self.lines,
        }
    }

    /// Whether the map held a request at all.
    #[must_use]
    pub const fn is_request(&self) -> bool {
        !self.method.is_empty()
    }

    /// What the request speaks. gRPC-Web calls the methods that gRPC calls, so it is the same operation.
    fn protocol(&self) -> Protocol {
        let websocket = |value: &[u8]| value.eq_ignore_ascii_case(b"websocket");
        if self.is_grpc() || self.content_type.starts_with(b"application/grpc-web") {
            Protocol::Grpc
        } else if websocket(self.upgrade) || websocket(self.connect_protocol) {
            Protocol::Websocket
        } else {
            Protocol::Rest
        }
    }

    /// Whether the client understands a gRPC answer: what is gRPC to Envoy, which tells its own
    /// answers by it, is `application/grpc` and what begins with it by `+`. gRPC-Web is answered as HTTP.
    fn is_grpc(&self) -> bool {
        let rest = self.content_type.strip_prefix(b"application/grpc");
        rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+')))
    }

    /// What is kept of the request until its record is written.
    #[must_use]
    pub fn keep(&self) -> Kept {
        let bounded = |value: &[u8], max: usize| value.get(..max).unwrap_or(value).into();
        let trace = self.traceparent.filter(|_| self.traceparents == 1).and_then(Trace::from_traceparent);
        Kept {
            // One byte more than the attribute takes, so that the cut shows.
            request_id: bounded(self.request_id, ostiary_wire::attributes::REQUEST_ID.bytes_max() + 1),
            user_agent: bounded(self.user_agent, ostiary_wire::attributes::USER_AGENT.bytes_max() + 1),
            trace,
            grpc: self.is_grpc(),
            head: self.method == b"HEAD",
            accepts_graphql: self.accept.windows(GRAPHQL_RESPONSE.len()).any(|part| part == GRAPHQL_RESPONSE),
            soap_12: self.content_type.starts_with(b"application/soap+xml"),
        }
    }

    /// Whether the test build is asked to trap.
    #[cfg(feature = "chaos")]
    #[must_use]
    pub const fn asks_for_a_trap(&self) -> bool {
        self.trap
    }
}

/// What is kept of a request: at most as many bytes as its attributes take.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// Envoy's request id.
    pub request_id: Box<[u8]>,
    /// The user agent.
    pub user_agent: Box<[u8]>,
    /// The trace context.
    pub trace: Option<Trace>,
    /// Whether the client speaks gRPC.
    pub grpc: bool,
    /// Whether it is a HEAD.
    pub head: bool,
    /// Whether the client takes GraphQL's newer type of answers.
    pub accepts_graphql: bool,
    /// Whether it speaks SOAP 1.2.
    pub soap_12: bool,
}

#[cfg(test)]
mod tests {
    use super::Head;
    use ostiary_engine::Protocol;
    use ostiary_engine::pairs::serialized;

    #[test]
    fn protocols_are_told_apart() {
        for (name, value, protocol) in [
            ("content-type", "application/grpc", Protocol::Grpc),
            ("content-type", "application/grpc+proto", Protocol::Grpc),
            ("content-type", "application/grpc;v=1", Protocol::Rest),
            ("content-type", "application/grpc-web+proto", Protocol::Grpc),
            ("content-type", "application/grpc-web-text", Protocol::Grpc),
            ("content-type", "application/grpcx", Protocol::Rest),
            ("upgrade", "WebSocket", Protocol::Websocket),
            (":protocol", "websocket", Protocol::Websocket),
            ("upgrade", "h2c", Protocol::Rest),
        ] {
            let map = serialized(&[(":method", "POST"), (name, value)]);
            assert_eq!(Head::new(&map).request().protocol, protocol, "{name}: {value}");
        }
    }

    #[test]
    fn what_is_kept_is_bounded_and_two_traces_are_none() {
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let long = "x".repeat(100_000);
        let map = serialized(&[
            ("traceparent", trace),
            ("user-agent", &long),
            ("x-request-id", "first"),
            ("x-request-id", "second"),
        ]);
        let kept = Head::new(&map).keep();
        assert!(kept.trace.is_some());
        assert_eq!((kept.user_agent.len(), &*kept.request_id), (257, &b"first"[..]));
        let map = serialized(&[("traceparent", trace), ("traceparent", trace)]);
        assert!(Head::new(&map).keep().trace.is_none());
        assert!(!Head::new(&map).is_request());
    }
}
