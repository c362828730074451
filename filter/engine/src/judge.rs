//! The way of a request through the engine, up to its verdict.

use crate::access::{Call, Client, Verdict, Verdicts};
use crate::catalog::Operation;
use crate::config::Mode;
use crate::path::CanonicalPath;
use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::{Protocol, host};
use std::net::IpAddr;

/// What of a request's head a decision is made from.
#[derive(Debug, Clone, Copy)]
pub struct RequestHead<'a> {
    /// `:method`.
    pub method: &'a [u8],
    /// `:authority`; empty when there is none.
    pub authority: &'a [u8],
    /// `:path`; `None` for a CONNECT without one.
    pub path: Option<&'a [u8]>,
    /// What the request speaks.
    pub protocol: Protocol,
}

/// A request as it was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The operation; `None` when path or host have no canonical form.
    pub operation: Option<Operation>,
    /// The verdicts.
    pub verdicts: Verdicts,
}

/// Leave to go on, given by [`Judged::act`] alone: the stages behind ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permit(());

impl Judged {
    /// Acts on the verdict: the one place where a decision becomes a deed.
    ///
    /// # Errors
    /// The refusal to be told to the client.
    pub const fn act(&self) -> Result<Permit, Refusal> {
        match self.verdicts.enforced.refusal {
            None => Ok(Permit(())),
            Some(refusal) => Err(refusal),
        }
    }
}

/// Judges a request. `client` is asked for the client's address once, and only when a rule in whose
/// scope the call is needs it: in a guest the answer costs a call to the host.
pub fn judge(policy: &Policy, head: &RequestHead<'_>, client: impl Fn() -> Option<IpAddr>) -> Judged {
    let mut judged = evaluate(policy, head, client);
    if policy.mode() == Mode::Shadow {
        judged.verdicts.enforced = Verdict::default();
    }
    judged
}

fn evaluate(policy: &Policy, head: &RequestHead<'_>, client: impl Fn() -> Option<IpAddr>) -> Judged {
    let refused = |refusal| {
        // Where access is not controlled, nothing can be evaded: recorded, not refused.
        let verdict = if policy.access().is_controlled() { Verdict::refused(refusal) } else { Verdict::default() };
        Judged { operation: None, verdicts: Verdicts { enforced: verdict, would_be: verdict } }
    };
    let Ok(host) = host::canonical(head.authority) else { return refused(Refusal::HostInvalid) };
    // Methods are ASCII tokens; Envoy's codecs refuse others before us.
    let Ok(method) = std::str::from_utf8(head.method) else { return refused(Refusal::Undecidable) };
    if method.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return refused(Refusal::MethodAmbiguous);
    }
    let target = match head.path {
        Some(target) => target,
        // A CONNECT names a host and no path (RFC 9110, section 9.3.6).
        None if method == "CONNECT" => b"/",
        None => return refused(Refusal::PathAmbiguous),
    };
    let Ok(path) = CanonicalPath::new(target) else { return refused(Refusal::PathAmbiguous) };
    let operation = policy.catalog().identify(head.protocol, &host, &path, method);
    let api = policy.catalog().api_governing(&operation, &path);
    let client = Client::new(&client);
    let verdicts = policy.access().judge(&Call { api, host: &host, method, path: &path, client: &client });
    Judged { operation: Some(operation), verdicts }
}
