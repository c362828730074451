//! The way of a request through the engine, up to its verdict.

use crate::access::{Call, Circumstances, Considered, Met, Verdict, Verdicts};
use crate::attributes::{Attributes, Unknown};
use crate::caller::Caller;
use crate::catalog::Operation;
use crate::client::Country;
use crate::config::read::Sink;
use crate::config::{Mode, Preflight};
use crate::edit::Edits;
use crate::masking;
use crate::pairs::Pairs;
use crate::path::CanonicalPath;
use crate::policy::Policy;
use crate::quota::Due;
use crate::quota::key::Source;
use crate::refusal::Refusal;
use crate::{Protocol, host, overrides, quota};
use once_cell::unsync::OnceCell;
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
    /// The quotas that it falls under, in their order; none where it cannot be read.
    pub due: Vec<Due>,
    /// What holds of masking; nothing where it cannot be read.
    pub masks: masking::Due,
    /// Whether a quota among them counts by a field of the body, and the body can be read.
    pub reads_body: bool,
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

    /// Takes into the verdicts what quotas say: those that act, and those in shadow.
    pub fn count_in(&mut self, acting: Option<Refusal>, in_shadow: Option<Refusal>) {
        let Verdicts { enforced, would_be } = &mut self.verdicts;
        if let Some(refusal) = acting.filter(|_| enforced.permits()) {
            *enforced = Verdict::refused(refusal);
        }
        if let Some(refusal) = in_shadow.or(acting).filter(|_| would_be.permits()) {
            *would_be = Verdict::refused(refusal);
        }
    }

    fn refused(policy: &Policy, refusal: Refusal) -> Self {
        // Where access is not controlled, nothing can be evaded: recorded, not refused.
        let verdict = if policy.access().is_controlled() { Verdict::refused(refusal) } else { Verdict::default() };
        let masks = policy.masking().due_in_doubt();
        Self { verdicts: Verdicts { enforced: verdict, would_be: verdict }, masks, ..Self::default() }
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

/// A request that has been read, and what has to change in it.
struct Prepared<'a> {
    policy: &'a Policy,
    head: &'a RequestHead<'a>,
    attributes: Once<'a>,
    caller: Caller,
    edits: Edits,
    asked: Result<Asked<'a>, Refusal>,
}

impl<'a> Prepared<'a> {
    fn new(policy: &'a Policy, head: &'a RequestHead<'a>, attributes: &'a dyn Attributes) -> Self {
        let attributes = Once { inner: attributes, now_s: OnceCell::new() };
        let target = head.path.unwrap_or(b"/");
        let mut edits = Edits::default();
        // A key is taken off whatever else is wrong with the request.
        let caller = policy.callers().identify(head.lines, target, &attributes, &mut edits);
        let method = std::str::from_utf8(head.method).unwrap_or_default();
        let own = overrides::settle(policy.overrides(), (method, target), head.lines, head.overrides, &mut edits);
        let asked = read(policy, head).and_then(|asked| own.map(|()| asked));
        if let Some(path) = asked.as_ref().ok().and_then(|asked| asked.path.forward()) {
            edits.respell(path);
        }
        edits.settle(target);
        if policy.mode() == Mode::Shadow {
            edits = Edits::default();
        }
        Self { policy, head, attributes, caller, edits, asked }
    }

    fn judge(self) -> Judged {
        let mut judged = match &self.asked {
            Ok(asked) => {
                let around = self.around(asked);
                let operation = self.operation(asked);
                let call = self.call(asked, &operation, &around);
                let verdicts = self.policy.access().judge(&call);
                let from = Source { call: &call, operation: &operation, catalog: self.policy.catalog() };
                let quotas = self.policy.quotas();
                let due = quotas.due(&from);
                let reads_body = due.iter().any(|due| quotas.get(due.quota).is_some_and(|quota| quota.reads_body))
                    && quota::body::is_readable(self.head.lines, quotas.body_bytes_max() as u64);
                let masks = self.policy.masking().due(&call);
                // Envoy's own word for the address stands in the record without a call of ours.
                let client = if self.policy.clients().is_envoys() { None } else { around.address() };
                let country = around.country();
                Judged {
                    verdicts,
                    client,
                    country,
                    due,
                    masks,
                    reads_body,
                    operation: Some(operation),
                    ..Judged::default()
                }
            }
            Err(refusal) => Judged::refused(self.policy, *refusal),
        };
        judged.caller = self.caller;
        judged.edits = self.edits;
        if self.policy.masking().acts(&judged.masks) {
            judged.edits.ask_for_readable(self.head.lines);
        }
        judged.in_mode(self.policy.mode())
    }

    fn around<'s>(&'s self, asked: &Asked<'s>) -> Circumstances<'s> {
        let around =
            Circumstances::new(self.head.lines, asked.target, &self.caller, self.policy.clients(), &self.attributes);
        if self.edits.may_reroute() { around.with_unknown_route() } else { around }
    }

    fn operation(&self, asked: &Asked<'_>) -> Operation {
        self.policy.catalog().identify(self.head.protocol, &asked.host, &asked.path, asked.method)
    }

    fn call<'s>(&self, asked: &'s Asked<'s>, operation: &Operation, around: &'s Circumstances<'s>) -> Call<'s> {
        Call {
            api: self.policy.catalog().api_governing(operation, &asked.path),
            host: &asked.host,
            method: asked.method,
            path: &asked.path,
            preflight: is_preflight(self.policy, self.head),
            around,
        }
    }
}

/// Attributes of which the clock is read once, so that a request is judged at one instant.
struct Once<'a> {
    inner: &'a dyn Attributes,
    now_s: OnceCell<Result<i64, Unknown>>,
}

impl Attributes for Once<'_> {
    fn get(&self, path: &[&str]) -> Result<Option<Vec<u8>>, Unknown> {
        self.inner.get(path)
    }
    fn metadata(&self, namespace: &str, sink: &mut dyn Sink) -> Result<bool, Unknown> {
        self.inner.metadata(namespace, sink)
    }
    fn now_s(&self) -> Result<i64, Unknown> {
        *self.now_s.get_or_init(|| self.inner.now_s())
    }
}

/// Judges a request. `attributes` is asked for each thing at most once, and only when the decision
/// needs it: in a guest an answer costs a call to the host.
pub fn judge(policy: &Policy, head: &RequestHead<'_>, attributes: &dyn Attributes) -> Judged {
    Prepared::new(policy, head, attributes).judge()
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
    let prepared = Prepared::new(policy, head, attributes);
    let Ok(asked) = &prepared.asked else { return Vec::new() };
    let around = prepared.around(asked);
    let operation = prepared.operation(asked);
    let call = prepared.call(asked, &operation, &around);
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
