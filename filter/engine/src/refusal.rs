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

impl Refusal {
    /// Every refusal, in the order of the reference.
    pub const ALL: [Self; 10] = [
        Self::AccessDenied,
        Self::AccessNotAllowed,
        Self::AccessDefault,
        Self::Unauthenticated,
        Self::PathAmbiguous,
        Self::PathOverridden,
        Self::HostInvalid,
        Self::MethodAmbiguous,
        Self::MethodOverridden,
        Self::Undecidable,
    ];

    /// How it is told.
    #[must_use]
    pub const fn telling(self) -> Telling {
        const FORBIDDEN: &str = "access to this resource is not permitted";
        match self {
            Self::AccessDenied => Telling {
                code: "access.denied",
                status: 403,
                grpc_status: 7,
                title: FORBIDDEN,
                docs: "A rule under `access.deny` has the call in its scope and its conditions are met.",
            },
            Self::AccessNotAllowed => Telling {
                code: "access.not_allowed",
                status: 403,
                grpc_status: 7,
                title: FORBIDDEN,
                docs: "Rules under `access.allow` have the call in their scope, which closes it to everyone else, and the conditions of none are met.",
            },
            Self::AccessDefault => Telling {
                code: "access.default",
                status: 403,
                grpc_status: 7,
                title: FORBIDDEN,
                docs: "No rule has the call in its scope, and `access.default` is `deny`.",
            },
            Self::Unauthenticated => Telling {
                code: "access.unauthenticated",
                status: 401,
                grpc_status: 16,
                title: "this resource needs credentials, and none of those sent are good",
                docs: "A rule asks for the caller, no good credential came, and one could change the answer. The `www-authenticate` header says what is asked for.",
            },
            Self::PathAmbiguous => Telling {
                code: "path.ambiguous",
                status: 400,
                grpc_status: 3,
                title: "the path of this request can be read in more than one way",
                docs: "The path could be read in two ways, so a rule that matches one reading could be evaded by the other. The rules are in `filter/engine/src/path.rs`.",
            },
            Self::PathOverridden => Telling {
                code: "path.overridden",
                status: 400,
                grpc_status: 3,
                title: "a header of this request names another path",
                docs: "`x-original-url` or `x-rewrite-url` names a path, which some upstreams take for the request's own. `requests.overrides` says what happens to them.",
            },
            Self::HostInvalid => Telling {
                code: "host.invalid",
                status: 400,
                grpc_status: 3,
                title: "the host of this request is not valid",
                docs: "`:authority` holds what no host can hold, or the request names two hosts.",
            },
            Self::MethodAmbiguous => Telling {
                code: "method.ambiguous",
                status: 400,
                grpc_status: 3,
                title: "the method of this request can be read in more than one way",
                docs: "The method holds a lower-case letter. Methods are case-sensitive (RFC 9110, section 9.1), but some upstreams upper-case them, so `post` would evade a rule about `POST`.",
            },
            Self::MethodOverridden => Telling {
                code: "method.overridden",
                status: 400,
                grpc_status: 3,
                title: "this request names another method than its own",
                docs: "`x-http-method-override`, `x-http-method`, `x-method-override` or the query parameter `_method` names another method, which some upstreams take for the request's own. `requests.overrides` says what happens to them.",
            },
            Self::Undecidable => Telling {
                code: "undecidable",
                status: 503,
                grpc_status: 14,
                title: "this request cannot be judged right now",
                docs: "Envoy did not give the filter what it needs to judge the request, such as its headers.",
            },
        }
    }

    /// Its stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.telling().code
    }
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
