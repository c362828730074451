//! The way of a request through the engine, up to its verdict.

use crate::access::{Call, Circumstances, Considered, Met, Verdict, Verdicts};
use crate::attributes::Attributes;
use crate::caller::Caller;
use crate::catalog::Operation;
use crate::client::Country;
use crate::config::{Mode, Preflight};
use crate::edit::Edits;
use crate::pairs::Pairs;
use crate::path::CanonicalPath;
use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::{Protocol, host, overrides};
use std::net::IpAddr;

/// A request's head, as far as a decision is made from it.
#[derive(Debug, Clone, Copy, Default)]
pub struct RequestHead<'a> {
    /// `:method`.
    pub method: &'a [u8],
    /// `:authority`; empty when there is none.
    pub authority: &'a [u8],
    /// A second `:authority`, or a `host` beside it.
    pub other_authority: Option<&'a [u8]>,
    /// `:path`; `None` for a CONNECT without one.
    pub path: Option<&'a [u8]>,
    /// What the request speaks.
    pub protocol: Protocol,
    /// Whether a header names another method or path: see [`crate::judge::is_override`].
    pub overrides: bool,
    /// Whether it has what a CORS preflight has: `origin` and `access-control-request-method`.
    pub cors: bool,
    /// All header lines, in their order.
    pub lines: Pairs<'a>,
}

pub use overrides::is_override;

/// A request as it was judged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judged {
    /// The operation; `None` when path or host have no canonical form.
    pub operation: Option<Operation>,
    /// The verdicts.
    pub verdicts: Verdicts,
    /// Who calls.
    pub caller: Caller,
    /// The client's address, where the policy does not leave it to Envoy.
    pub client: Option<IpAddr>,
    /// The client's country, where the policy says how it is known.
    pub country: Option<Country>,
    /// What has to change before the upstream gets the request; nothing in shadow.
    pub edits: Edits,
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

    fn refused(policy: &Policy, refusal: Refusal) -> Self {
        // Where access is not controlled, nothing can be evaded: recorded, not refused.
        let verdict = if policy.access().is_controlled() { Verdict::refused(refusal) } else { Verdict::default() };
        Self { verdicts: Verdicts { enforced: verdict, would_be: verdict }, ..Self::default() }
    }

    /// What holds when nothing is known of a request: where access is controlled, nothing passes.
    #[must_use]
    pub fn undecidable(policy: &Policy) -> Self {
        Self::refused(policy, Refusal::Undecidable).in_mode(policy.mode())
    }

    fn in_mode(mut self, mode: Mode) -> Self {
        if mode == Mode::Shadow {
            self.verdicts.enforced = Verdict::default();
            self.edits = Edits::default();
        }
        self
    }
}

/// Judges a request. `attributes` is asked for each thing at most once, and only when the decision
/// needs it: in a guest an answer costs a call to the host.
pub fn judge(policy: &Policy, head: &RequestHead<'_>, attributes: &dyn Attributes) -> Judged {
    let judged = match evaluate(policy, head, attributes) {
        Ok(judged) => judged,
        Err(refusal) => Judged::refused(policy, refusal),
    };
    judged.in_mode(policy.mode())
}

/// What a request asks for, in canonical form.
#[derive(Debug)]
pub struct Asked<'a> {
    /// The host.
    pub host: std::borrow::Cow<'a, str>,
    /// The method.
    pub method: &'a str,
    /// The path.
    pub path: CanonicalPath<'a>,
    /// The request target as it came; `/` for a CONNECT without one.
    pub target: &'a [u8],
}

/// Brings a request's head into canonical form.
///
/// # Errors
/// Why it has none.
pub fn read<'a>(policy: &Policy, head: &RequestHead<'a>) -> Result<Asked<'a>, Refusal> {
    let host = host::canonical(head.authority).map_err(|_| Refusal::HostInvalid)?;
    // Which of two hosts the upstream takes is its own affair.
    if head.other_authority.is_some_and(|other| host::canonical(other).ok().as_deref() != Some(&*host)) {
        return Err(Refusal::HostInvalid);
    }
    // Methods are ASCII tokens; Envoy's codecs refuse others before us.
    let method = std::str::from_utf8(head.method).map_err(|_| Refusal::Undecidable)?;
    if method.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return Err(Refusal::MethodAmbiguous);
    }
    let target = match head.path {
        Some(target) => target,
        // A CONNECT names a host and no path (RFC 9110, section 9.3.6).
        None if method == "CONNECT" => b"/",
        None => return Err(Refusal::PathAmbiguous),
    };
    let path = CanonicalPath::read(target, &policy.requests().paths).map_err(|_| Refusal::PathAmbiguous)?;
    Ok(Asked { host, method, path, target })
}

fn evaluate(policy: &Policy, head: &RequestHead<'_>, attributes: &dyn Attributes) -> Result<Judged, Refusal> {
    let asked = read(policy, head)?;
    let mut edits = Edits::default();
    let request = (asked.method, asked.target);
    overrides::settle(policy.overrides(), request, head.lines, head.overrides, &mut edits)?;
    let caller = policy.callers().identify(head.lines, asked.target, attributes, &mut edits);
    let around = Circumstances::new(head.lines, asked.target, &caller, policy.clients(), attributes);
    let operation = policy.catalog().identify(head.protocol, &asked.host, &asked.path, asked.method);
    let verdicts = policy.access().judge(&call(policy, head, &asked, &operation, &around));
    // Envoy's own word for the address stands in the record without a call of ours.
    let client = if policy.clients().is_envoys() { None } else { around.address() };
    let country = around.country();
    if let Some(path) = asked.path.forward() {
        edits.respell(path);
    }
    edits.settle(asked.target);
    Ok(Judged { operation: Some(operation), verdicts, client, country, edits, caller })
}

fn call<'a>(
    policy: &Policy,
    head: &RequestHead<'_>,
    asked: &'a Asked<'a>,
    operation: &Operation,
    around: &'a Circumstances<'a>,
) -> Call<'a> {
    Call {
        api: policy.catalog().api_governing(operation, &asked.path),
        host: &asked.host,
        method: asked.method,
        path: &asked.path,
        preflight: is_preflight(policy, head),
        around,
    }
}

/// A rule that has a request in its scope, and what came of each of its conditions.
#[derive(Debug)]
pub struct Reasons<'p> {
    /// The rule and how it stands to the request.
    pub considered: Considered<'p>,
    /// Its conditions in words, each with its answer.
    pub conditions: Vec<(String, Met)>,
}

/// Why a request is judged as [`judge`] judges it: every rule that has it in its scope, in the order
/// in which they were written. None for a request that has no canonical form.
pub fn reasons<'p>(policy: &'p Policy, head: &RequestHead<'_>, attributes: &dyn Attributes) -> Vec<Reasons<'p>> {
    let Ok(asked) = read(policy, head) else { return Vec::new() };
    let caller = policy.callers().identify(head.lines, asked.target, attributes, &mut Edits::default());
    let around = Circumstances::new(head.lines, asked.target, &caller, policy.clients(), attributes);
    let operation = policy.catalog().identify(head.protocol, &asked.host, &asked.path, asked.method);
    let call = call(policy, head, &asked, &operation, &around);
    let told = |considered: Considered<'p>| Reasons { conditions: considered.rule.told(&call), considered };
    let mut reasons: Vec<_> = policy.access().in_scope(&call).map(told).collect();
    reasons.sort_by_key(|reasons| reasons.considered.number);
    reasons
}

/// Whether the request is a CORS preflight (Fetch, section 3.2.2) that the policy lets pass.
#[must_use]
pub fn is_preflight(policy: &Policy, head: &RequestHead<'_>) -> bool {
    policy.requests().preflight == Preflight::Pass && head.method == b"OPTIONS" && head.cors
}
