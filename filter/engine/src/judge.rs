//! The way of a request through the engine, up to its verdict.

use crate::access::{Call, Circumstances, Considered, Effect, Met, Verdict, Verdicts};
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
use crate::protocol::{Body, Member, Said, Unreadable, Way};
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
    /// Whether nothing follows it.
    pub ends: bool,
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
    /// The API whose rules hold, by its number.
    pub api: Option<u32>,
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
    /// What the body says, where that is read and can be.
    pub said: Option<Said>,
    /// Why it cannot be read.
    pub unread: Option<Unreadable>,
    /// The limit that it exceeds, by its name.
    pub exceeded: Option<&'static str>,
    /// What becomes of a body that has not come yet.
    pub way: Way,
    /// Bytes of it that are read at most.
    pub body_bytes_max: usize,
    /// Whether the verdicts and the quotas wait for it: until then they say nothing.
    pub is_pending: bool,
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

    fn judge(self, body: Body<'_>) -> Judged {
        let mut judged = match &self.asked {
            Ok(asked) => self.judge_asked(asked, body),
            Err(refusal) => Judged::refused(self.policy, *refusal),
        };
        judged.caller = self.caller;
        judged.edits = self.edits;
        if self.policy.masking().acts(&judged.masks) {
            judged.edits.ask_for_readable(self.head.lines);
        }
        let spoken = self.policy.protocols().of(judged.api);
        if let Some(timeout_ms) = spoken.and_then(|spoken| spoken.timeout_ms.as_deref()) {
            judged.edits.limit_time(timeout_ms, self.head.lines);
        }
        judged.in_mode(self.policy.mode())
    }

    fn judge_asked(&self, asked: &Asked<'_>, body: Body<'_>) -> Judged {
        let around = self.around(asked);
        let mut operation = self.operation(asked);
        let api = self.policy.catalog().api_governing(&operation, &asked.path);
        let reading = self.policy.protocols().reading(api, self.head);
        let said = reading.said(self.head, body);
        let ruling = said.as_ref().map(|said| reading.ruling(said, &around)).unwrap_or_default();
        let (said, unread) = match said {
            Some(Ok(said)) => (Some(said), None),
            Some(Err(why)) => (None, Some(why)),
            None => (None, None),
        };
        operation.take_said(reading.in_bodies(), said.as_ref());
        let is_awaited = reading.way != Way::Unread && !self.head.ends && matches!(body, Body::Awaited);
        // What is read and says nothing calls nothing.
        let nothing = reading.way != Way::Unread && !is_awaited && unread.is_none();
        let named = said.as_ref().map(|said| &said.members[..]).or(nothing.then_some(&[][..]));
        let call = self.call(asked, (api, named), &around);
        let mut verdicts = self.verdicts(&call, reading.is_named());
        if unread.is_some() && ruling.acting.is_some() && !self.is_final(verdicts) {
            // That it cannot be read is why rules refuse it, and tells the client more.
            verdicts = Verdicts::default();
        }
        let is_pending = is_awaited && reading.way == Way::Held && reading.is_named() && !self.is_final(verdicts);
        let from = Source { call: &call, operation: &operation, catalog: self.policy.catalog() };
        let quotas = self.policy.quotas();
        let due = if is_pending { Vec::new() } else { quotas.due(&from) };
        let reads_body = due.iter().any(|due| quotas.get(due.quota).is_some_and(|quota| quota.reads_body))
            && quota::body::is_readable(self.head.lines, quotas.body_bytes_max() as u64);
        let masks = self.policy.masking().due(&call);
        // Envoy's own word for the address stands in the record without a call of ours.
        let client = if self.policy.clients().is_envoys() { None } else { around.address() };
        let mut judged = Judged {
            api,
            verdicts: if is_pending { Verdicts::default() } else { verdicts },
            client,
            country: around.country(),
            due,
            masks,
            reads_body,
            unread,
            exceeded: ruling.exceeded,
            way: if is_awaited { reading.way } else { Way::Unread },
            body_bytes_max: reading.bytes_max,
            is_pending,
            operation: Some(operation),
            ..Judged::default()
        };
        judged.count_in(ruling.acting, ruling.in_shadow);
        judged.said = said;
        judged
    }

    /// The verdicts about all that a request calls: each has to be permitted.
    fn verdicts(&self, call: &Call<'_>, is_named: bool) -> Verdicts {
        let access = self.policy.access();
        let worse = |first: Verdict, other: Verdict| if first.permits() && !other.permits() { other } else { first };
        let mut all: Option<Verdicts> = None;
        for member in call.named.filter(|_| is_named).unwrap_or_default().chunks(1) {
            let one = access.judge(&Call { named: Some(member), ..*call });
            all = Some(all.map_or(one, |all| Verdicts {
                enforced: worse(all.enforced, one.enforced),
                would_be: worse(all.would_be, one.would_be),
            }));
        }
        all.unwrap_or_else(|| access.judge(call))
    }

    /// Whether a refusal stands whatever the body says: a deny rule refuses that does not ask for it.
    fn is_final(&self, verdicts: Verdicts) -> bool {
        let Verdict { refusal, rule } = verdicts.enforced;
        let rule = rule.filter(|_| refusal.is_some()).and_then(|rule| self.policy.access().rule(rule));
        rule.is_some_and(|rule| rule.effect == Effect::Deny && !rule.asks_for_names())
    }

    fn around<'s>(&'s self, asked: &Asked<'s>) -> Circumstances<'s> {
        let around =
            Circumstances::new(self.head.lines, asked.target, &self.caller, self.policy.clients(), &self.attributes);
        if self.edits.may_reroute() { around.with_unknown_route() } else { around }
    }

    fn operation(&self, asked: &Asked<'_>) -> Operation {
        self.policy.catalog().identify(self.head.protocol, &asked.host, &asked.path, asked.method)
    }

    fn call<'s>(
        &self,
        asked: &'s Asked<'s>,
        (api, named): (Option<u32>, Option<&'s [Member]>),
        around: &'s Circumstances<'s>,
    ) -> Call<'s> {
        Call {
            api,
            named,
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
    judge_with(policy, head, attributes, Body::Awaited)
}

/// Judges a request of which the body has come, or will not come.
pub fn judge_with(policy: &Policy, head: &RequestHead<'_>, attributes: &dyn Attributes, body: Body<'_>) -> Judged {
    Prepared::new(policy, head, attributes).judge(body)
}

/// Takes over what a body says to an API of which nothing is declared, where no rule names what bodies call: then it
/// is a name in the inventory and decides nothing. `false` where it may decide, and the request has to be judged again.
pub fn tell(policy: &Policy, head: &RequestHead<'_>, judged: &mut Judged, body: Body<'_>) -> bool {
    let protocols = policy.protocols();
    let reading = protocols.reading(judged.api, head);
    if reading.in_bodies().is_some() || protocols.is_named {
        return false;
    }
    let said = reading.said(head, body).and_then(Result::ok);
    if let Some(operation) = &mut judged.operation {
        operation.take_said(None, said.as_ref());
    }
    judged.said = said;
    true
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
    let api = policy.catalog().api_governing(&operation, &asked.path);
    let call = prepared.call(asked, (api, None), &around);
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
