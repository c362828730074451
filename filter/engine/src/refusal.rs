//! Refusals, each declared once: its code, what the client is told, and what it means.
//!
//! The code is what everything else hangs on: it stands in the record, in Envoy's
//! `response_code_details` (with `ostiary.` before it), in the counter and in the body. It never
//! changes its meaning.

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// A DENY rule matched.
    AccessDenied,
    /// ALLOW rules have the call in their scope, and none of their conditions are met.
    AccessNotAllowed,
    /// No rule has the call in its scope, and the default is to deny.
    AccessDefault,
    /// Rules ask for a caller, and none was known.
    Unauthenticated,
    /// Two readers could read the path in two ways.
    PathAmbiguous,
    /// A header names another path than the request does.
    PathOverridden,
    /// The host is none.
    HostInvalid,
    /// Some readers take the method for another one.
    MethodAmbiguous,
    /// A header or a parameter names another method than the request does.
    MethodOverridden,
    /// The allowance of a quota is used up.
    QuotaExceeded,
    /// A count could not be taken, or the rate limit service did not answer.
    QuotaUnavailable,
    /// A masking rule does not let the request pass.
    RequestBlocked,
    /// What an API speaks cannot be read in the body.
    BodyUnreadable,
    /// The body is longer than is read of it.
    BodyTooLarge,
    /// What the body asks for exceeds a limit.
    BodyLimit,
    /// GraphQL's introspection is not for this caller.
    GraphqlIntrospection,
    /// A masking rule does not let the response leave.
    ResponseBlocked,
    /// What the decision needs could not be had from the host (Envoy).
    Undecidable,
}

/// How a refusal is told and documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Telling {
    /// The stable code.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The gRPC status (grpc `statuscodes.md`).
    pub grpc_status: u8,
    /// The `title` of the problem document: what a client may know.
    pub title: &'static str,
    /// What it means and what to do, for the reference.
    pub docs: &'static str,
}

const QUOTA_EXCEEDED: Telling = told(
    ("quota.exceeded", 429, 8),
    "too many requests",
    "A quota has the call in its scope and its allowance is used up; `Retry-After` says when a request would pass.",
);

const QUOTA_UNAVAILABLE: Telling = told(
    ("quota.unavailable", 503, 14),
    "this request cannot be counted right now",
    "Too many workers wrote one count at once, the host did not keep it, or the rate limit service of a quota with `on_error: deny` did not answer in time.",
);

const REQUEST_BLOCKED: Telling = told(
    ("request.blocked", 403, 7),
    "this request holds what must not be sent here",
    "A masking rule with `on: request` blocks what the request holds, or its body cannot be read and the rule says `unreadable: block`. Where the upstream has its head already, it sees a reset.",
);

const BODY_UNREADABLE: Telling = told(
    ("body.unreadable", 400, 3),
    "the body of this request cannot be read as what this api speaks",
    "The API is declared to speak GraphQL, SOAP or JSON-RPC, something acts on what is called, and the body is none, is compressed, breaks off, is too deep, or can be read in more than one way. `ostiary.body.unread` in the record says which.",
);

const BODY_TOO_LARGE: Telling = told(
    ("body.too_large", 413, 8),
    "the body of this request is too large",
    "Something acts on what the body calls, and it is longer than `body` of the API permits.",
);

const BODY_LIMIT: Telling = told(
    ("body.limit", 400, 3),
    "this request asks for too much",
    "A limit under `graphql` or `json_rpc` of the API is exceeded; `ostiary.body.limit` in the record says which.",
);

const GRAPHQL_INTROSPECTION: Telling = told(
    ("graphql.introspection", 403, 7),
    "introspection is not permitted",
    "The request asks for `__schema` or `__type`, and the API says `introspection: deny`.",
);

const RESPONSE_BLOCKED: Telling = told(
    ("response.blocked", 502, 13),
    "the answer to this request cannot be given",
    "A masking rule blocks what the response holds, or its body cannot be read and the rule says `unreadable: block`. Where the response's head has left already, the stream is reset.",
);

const UNDECIDABLE: Telling = told(
    ("undecidable", 503, 14),
    "this request cannot be judged right now",
    "Envoy did not give the filter what it needs to judge the request, such as its headers.",
);

impl Refusal {
    /// Every refusal, in the order of the reference.
    pub const ALL: [Self; 18] = [
        Self::AccessDenied,
        Self::AccessNotAllowed,
        Self::AccessDefault,
        Self::Unauthenticated,
        Self::PathAmbiguous,
        Self::PathOverridden,
        Self::HostInvalid,
        Self::MethodAmbiguous,
        Self::MethodOverridden,
        Self::QuotaExceeded,
        Self::QuotaUnavailable,
        Self::RequestBlocked,
        Self::BodyUnreadable,
        Self::BodyTooLarge,
        Self::BodyLimit,
        Self::GraphqlIntrospection,
        Self::ResponseBlocked,
        Self::Undecidable,
    ];

    /// How it is told.
    #[must_use]
    pub const fn telling(self) -> Telling {
        const FORBIDDEN: &str = "access to this resource is not permitted";
        match self {
            Self::AccessDenied => told(
                ("access.denied", 403, 7),
                FORBIDDEN,
                "A rule under `access.deny` has the call in its scope and its conditions are met.",
            ),
            Self::AccessNotAllowed => told(
                ("access.not_allowed", 403, 7),
                FORBIDDEN,
                "Rules under `access.allow` have the call in their scope, which closes it to everyone else, and the conditions of none are met.",
            ),
            Self::AccessDefault => told(
                ("access.default", 403, 7),
                FORBIDDEN,
                "No rule has the call in its scope, and `access.default` is `deny`.",
            ),
            Self::Unauthenticated => told(
                ("access.unauthenticated", 401, 16),
                "this resource needs credentials, and none of those sent are good",
                "A rule asks for the caller, no good credential came, and one could change the answer. The `www-authenticate` header says what is asked for.",
            ),
            Self::PathAmbiguous => told(
                ("path.ambiguous", 400, 3),
                "the path of this request can be read in more than one way",
                "The path could be read in two ways, so a rule that matches one reading could be evaded by the other. The rules are in `filter/engine/src/path.rs`.",
            ),
            Self::PathOverridden => told(
                ("path.overridden", 400, 3),
                "a header of this request names another path",
                "`x-original-url` or `x-rewrite-url` names a path, which some upstreams take for the request's own. `requests.overrides` says what happens to them.",
            ),
            Self::HostInvalid => told(
                ("host.invalid", 400, 3),
                "the host of this request is not valid",
                "`:authority` holds what no host can hold, or the request names two hosts.",
            ),
            Self::MethodAmbiguous => told(
                ("method.ambiguous", 400, 3),
                "the method of this request can be read in more than one way",
                "The method holds a lower-case letter. Methods are case-sensitive (RFC 9110, section 9.1), but some upstreams upper-case them, so `post` would evade a rule about `POST`.",
            ),
            Self::MethodOverridden => told(
                ("method.overridden", 400, 3),
                "this request names another method than its own",
                "`x-http-method-override`, `x-http-method`, `x-method-override` or the query parameter `_method` names another method, which some upstreams take for the request's own. `requests.overrides` says what happens to them.",
            ),
            Self::QuotaExceeded => QUOTA_EXCEEDED,
            Self::QuotaUnavailable => QUOTA_UNAVAILABLE,
            Self::RequestBlocked => REQUEST_BLOCKED,
            Self::BodyUnreadable => BODY_UNREADABLE,
            Self::BodyTooLarge => BODY_TOO_LARGE,
            Self::BodyLimit => BODY_LIMIT,
            Self::GraphqlIntrospection => GRAPHQL_INTROSPECTION,
            Self::ResponseBlocked => RESPONSE_BLOCKED,
            Self::Undecidable => UNDECIDABLE,
        }
    }

    /// Its stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.telling().code
    }
}

const fn told(
    (code, status, grpc_status): (&'static str, u16, u8),
    title: &'static str,
    docs: &'static str,
) -> Telling {
    // A guest has no reader of the reference, which would be in the module.
    Telling { code, status, grpc_status, title, docs: if cfg!(target_family = "wasm") { "" } else { docs } }
}

#[cfg(test)]
mod tests {
    use super::Refusal;
    use std::collections::BTreeSet;

    /// Codes are unique, and safe in a metric's name, in Envoy's details and in a header.
    #[test]
    fn codes_are_unique_and_plain() {
        let codes: BTreeSet<_> = Refusal::ALL.into_iter().map(Refusal::code).collect();
        assert_eq!(codes.len(), Refusal::ALL.len());
        for refusal in Refusal::ALL {
            let telling = refusal.telling();
            assert!(telling.code.bytes().all(|b| b.is_ascii_lowercase() || b == b'.' || b == b'_'), "{}", telling.code);
            assert!((400..600).contains(&telling.status) && telling.grpc_status != 0);
            assert!(!telling.title.contains(['"', '\\']) && telling.docs.ends_with('.'));
        }
    }
}
