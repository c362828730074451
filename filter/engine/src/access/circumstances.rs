//! What of a request a rule may ask for beside what is called: found out when it is first asked,
//! and not before.

use crate::attributes::{Attributes, Unknown};
use crate::caller::Caller;
use crate::client::{ClientRules, Country};
use crate::pairs::Pairs;
use crate::query;
use once_cell::unsync::OnceCell;
use ostiary_body::detect::inside::Leads;
use std::net::IpAddr;

/// An attribute as it was answered.
type Answer = Result<Option<Vec<u8>>, Unknown>;

/// The circumstances of a call. They hold no body, and of credentials only what they stand for:
/// a condition that asks for a credential's value is refused when the policy is compiled.
pub struct Circumstances<'a> {
    lines: Pairs<'a>,
    target: &'a [u8],
    caller: &'a Caller,
    clients: &'a ClientRules,
    attributes: &'a dyn Attributes,
    parameters: OnceCell<Vec<query::Parameter<'a>>>,
    leads: OnceCell<Leads>,
    address: OnceCell<Option<IpAddr>>,
    country: OnceCell<Option<Country>>,
    tls: OnceCell<Answer>,
    route: OnceCell<Answer>,
    filter_chain: OnceCell<Answer>,
    now_s: OnceCell<Result<i64, Unknown>>,
}

impl<'a> Circumstances<'a> {
    /// The circumstances of a request with these header lines and this target.
    #[must_use]
    pub fn new(
        lines: Pairs<'a>,
        target: &'a [u8],
        caller: &'a Caller,
        clients: &'a ClientRules,
        attributes: &'a dyn Attributes,
    ) -> Self {
        Self {
            lines,
            target,
            caller,
            clients,
            attributes,
            parameters: OnceCell::new(),
            leads: OnceCell::new(),
            address: OnceCell::new(),
            country: OnceCell::new(),
            tls: OnceCell::new(),
            route: OnceCell::new(),
            filter_chain: OnceCell::new(),
            now_s: OnceCell::new(),
        }
    }

    /// The same, where a change to the request will have Envoy choose another route than it tells.
    pub(crate) fn with_unknown_route(mut self) -> Self {
        self.route = OnceCell::with_value(Err(Unknown));
        self
    }

    /// Who calls.
    #[must_use]
    pub const fn caller(&self) -> &'a Caller {
        self.caller
    }

    /// The client's address; `None` when it is unknown.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        *self.address.get_or_init(|| self.clients.address(self.lines, self.attributes))
    }

    /// The client's country; `None` when it is unknown.
    #[must_use]
    pub fn country(&self) -> Option<Country> {
        *self.country.get_or_init(|| self.clients.country(self.lines))
    }

    /// The values of a header, and of each whether only some readers see it there: CGI, WSGI and PHP
    /// read `_` in a name as `-`. Blanks around a value are nobody's (RFC 9110, section 5.5), though
    /// over HTTP/2 Envoy lets them through.
    pub(crate) fn header<'s>(&'s self, name: &'s str) -> impl Iterator<Item = (&'a [u8], bool)> + 's {
        let alike = |have: &[u8]| {
            have.len() == name.len() && have.iter().zip(name.bytes()).all(|(a, b)| *a == b || (*a == b'_' && b == b'-'))
        };
        self.lines
            .filter(move |(have, _)| alike(have))
            .map(|(have, value)| (value.trim_ascii(), have != name.as_bytes()))
    }

    /// The parameters of the query, read once for all rules.
    pub(crate) fn parameters(&self) -> &[query::Parameter<'a>] {
        self.parameters.get_or_init(|| query::parameters(query::of(self.target)).collect())
    }

    /// Where the URLs in the query lead, found out once for all rules.
    pub(super) fn leads(&self) -> Leads {
        *self.leads.get_or_init(|| query::leads(self.parameters()))
    }

    /// The version of the client's TLS, `TLSv1.3`; `None` without TLS.
    pub(super) fn tls(&self) -> Result<Option<&[u8]>, Unknown> {
        self.ask(&self.tls, &["connection", "tls_version"])
    }

    /// The name of Envoy's route; `None` when it has chosen none.
    pub(super) fn route(&self) -> Result<Option<&[u8]>, Unknown> {
        self.ask(&self.route, &["xds", "route_name"])
    }

    /// The name of the listener's filter chain.
    pub(super) fn filter_chain(&self) -> Result<Option<&[u8]>, Unknown> {
        self.ask(&self.filter_chain, &["xds", "filter_chain_name"])
    }

    /// Seconds since 1970.
    pub(super) fn now_s(&self) -> Result<i64, Unknown> {
        *self.now_s.get_or_init(|| self.attributes.now_s())
    }

    fn ask<'s>(&'s self, cell: &'s OnceCell<Answer>, path: &[&str]) -> Result<Option<&'s [u8]>, Unknown> {
        cell.get_or_init(|| self.attributes.get(path)).as_ref().map(Option::as_deref).map_err(|unknown| *unknown)
    }
}
