//! `access`: who may call what.

use super::object::{config_choice, config_object, shared_keys};
use super::types::{Glob, Line, Method, Name, NonEmpty};
use super::values::{Body, CallerGlob, Country, Timestamp, Token, Whole};
use crate::access::{Hours, OperationPattern};
use crate::address::CidrSet;
use crate::catalog::Template;
use crate::host::HostPattern;
use crate::zone::Zone;

config_choice! {
    /// What happens to calls that no allow rule has in its scope.
    pub enum DefaultAccess {
        /// They pass.
        Allow = "allow",
        /// They are refused.
        Deny = "deny",
    }
}

config_object! {
    /// Who may call what. Any deny rule that matches refuses; then, if allow rules have the call in their scope, one of them must meet its conditions; the default rules the rest.
    pub struct Access {
        /// What happens to calls that no allow rule has in its scope: `allow` (the default) or `deny`.
        default: DefaultAccess, optional;
        /// Rules that close.
        deny: Vec<Rule>, default;
        /// Rules that open for those who meet their conditions, and close to everyone else.
        allow: Vec<Rule>, default;
    }
}

impl Access {
    /// Whether a rule asks for the client's address.
    pub(crate) fn asks_for_addresses(&self) -> bool {
        self.deny.iter().chain(&self.allow).any(|rule| {
            rule.conditions.ask_for_addresses()
                || rule.not.as_ref().is_some_and(Conditions::ask_for_addresses)
                || rule.exempt.iter().flat_map(|list| &list.0).any(|exempt| exempt.conditions.ask_for_addresses())
        })
    }
}

shared_keys! {
    /// What is called; a key that is left out means any.
    pub struct Scope {
        /// Declared APIs by name; `*` stands for any part of a name.
        apis: NonEmpty<Glob>;
        /// Operations: a method and a path template, `GET /orders/{id}`. Behind them may stand what a body calls, where an API with this path is declared to speak GraphQL (`POST /graphql mutation {pay}`, `… query GetUser`), JSON-RPC (`POST /mcp tools/call search`) or SOAP; `*` stands for any part of a name.
        operations: NonEmpty<OperationPattern>;
        /// Hosts, as an API has them.
        hosts: NonEmpty<HostPattern>;
        /// Methods. `GET` means HEAD too.
        methods: NonEmpty<Method>;
        /// Path templates, as an API has them.
        paths: NonEmpty<Template>;
        /// Names of Envoy's routes. Where the filter spells the path anew or takes overrides off, the route is not known, and that counts against the caller; a route that is chosen by an API key which is taken off is the one that Envoy had chosen before.
        routes: NonEmpty<Line>;
        /// Names of the listener's filter chains.
        filter_chains: NonEmpty<Line>;
    }
}

shared_keys! {
    /// Conditions, each as a rule has it.
    pub struct Conditions {
        /// Where the call comes from.
        from: From;
        /// Callers by id: `api_key:acme`, `jwt:*`.
        callers: NonEmpty<CallerGlob>;
        /// Roles; one of them is enough.
        roles: NonEmpty<Name>;
        /// `true`: any caller that a credential stands for; `false`: none.
        authenticated: bool;
        /// Headers, all of which must match.
        headers: NonEmpty<Match>;
        /// Query parameters, all of which must match.
        query: NonEmpty<Match>;
        /// `internal`: a query parameter is a URL that leads inside, to a private, link-local, loopback or metadata address in any notation, or to a name such as `localhost` or `*.internal`. Where readers differ, it cannot be known. For deny rules, against SSRF.
        query_urls: QueryUrls;
        /// `https` when the client's connection has TLS, else `http`.
        schemes: NonEmpty<Scheme>;
        /// The TLS of the client's connection.
        tls: Tls;
        /// User agents; `*` stands for any part.
        user_agents: NonEmpty<Line>;
        /// When the call comes.
        when: When;
    }
}

impl Conditions {
    /// Whether they ask for the client's address.
    pub(crate) fn ask_for_addresses(&self) -> bool {
        self.from.as_ref().is_some_and(|from| from.cidrs.is_some() || from.address_sets.is_some())
    }
}

config_object! {
    /// A rule: a scope (what is called: `apis`, `operations`, `hosts`, `methods`, `paths`, `routes`, `filter_chains`) and conditions (who calls, from where, when, with what). What cannot be known, and what can be read in two ways, counts against the caller: it meets a deny rule and does not meet an allow rule.
    pub struct Rule {
        /// Its name, which records and messages use.
        name: Name, required;
        /// Conditions of which none may be met.
        not: Conditions, optional;
        /// What the rule leaves out: such as health probes.
        exempt: NonEmpty<Exemption>, optional;
        /// Decide and record, but do not act.
        shadow: bool, optional;
        /// When the rule ends, such as `2026-12-31T00:00:00Z`. A deny rule then refuses no more; an allow rule admits no more, and its scope stays closed until it is taken out.
        expires: Timestamp, optional;
        /// What a client is told that the rule refuses; 403 with a problem document by default, 401 where a caller is wanted.
        refusal: Telling, optional;
        /// What is called.
        called: Scope, shared;
        /// Who calls, from where, when, with what.
        conditions: Conditions, shared;
    }
}

config_object! {
    /// Calls that a rule leaves out: a scope and conditions, as a rule has them.
    pub struct Exemption {
        /// What is called.
        called: Scope, shared;
        /// Who calls, from where, when, with what.
        conditions: Conditions, shared;
    }
}

config_object! {
    /// Where a call comes from: an address in one of the networks and, if both are given, one of the countries.
    pub struct From {
        /// Networks that hold the client's address: `192.0.2.0/24`, `2001:db8::/32` or one address.
        cidrs: CidrSet, optional;
        /// Networks by their name in `address_sets`.
        address_sets: NonEmpty<Name>, optional;
        /// Countries by ISO 3166 code; needs `client_country`.
        countries: NonEmpty<Country>, optional;
    }
}

config_object! {
    /// A header or query parameter, and exactly one thing about its value. Each of several values is matched alone; where only some match, it cannot be known which one the upstream takes.
    pub struct Match {
        /// Its name; a header's without regard to case.
        name: Token, required;
        /// The whole value.
        exact: Line, optional;
        /// How it begins.
        prefix: Line, optional;
        /// How it ends.
        suffix: Line, optional;
        /// A pattern that the whole value matches, in the syntax of Rust's `regex-lite`.
        regex: Line, optional;
        /// Whether there is one at all.
        present: bool, optional;
    }
}

config_choice! {
    /// Where URLs in query parameters lead.
    pub enum QueryUrls {
        /// Inside: see `filter/detect/src/inside.rs`.
        Internal = "internal",
    }
}

config_choice! {
    /// A scheme, known from the client's connection and not from what it says.
    pub enum Scheme {
        /// Without TLS.
        Http = "http",
        /// With TLS.
        Https = "https",
    }
}

config_choice! {
    /// A version of TLS.
    pub enum TlsVersion {
        /// TLS 1.0.
        V10 = "1.0",
        /// TLS 1.1.
        V11 = "1.1",
        /// TLS 1.2.
        V12 = "1.2",
        /// TLS 1.3.
        V13 = "1.3",
    }
}

config_object! {
    /// The TLS of the client's connection.
    pub struct Tls {
        /// The least version.
        min: TlsVersion, required;
    }
}

config_choice! {
    /// A day of the week.
    pub enum Day {
        /// Monday.
        Mon = "mon",
        /// Tuesday.
        Tue = "tue",
        /// Wednesday.
        Wed = "wed",
        /// Thursday.
        Thu = "thu",
        /// Friday.
        Fri = "fri",
        /// Saturday.
        Sat = "sat",
        /// Sunday.
        Sun = "sun",
    }
}

config_object! {
    /// When a call comes; what is left out is any.
    pub struct When {
        /// The IANA zone of days and hours; `UTC` by default.
        zone: Zone, optional;
        /// Days of the week.
        days: NonEmpty<Day>, optional;
        /// Times of day: `09:00-17:30`; the end does not belong to it, and `22:00-06:00` goes over midnight.
        hours: NonEmpty<Hours>, optional;
        /// From when on.
        from: Timestamp, optional;
        /// Until when.
        until: Timestamp, optional;
    }
}

config_object! {
    /// What a client is told.
    pub struct Telling {
        /// The HTTP status, 400 to 599.
        status: Whole<400, 599>, optional;
        /// The body, at most 4 KiB; a problem document when left out.
        body: Body, optional;
        /// The type of the body; `text/plain; charset=utf-8` by default.
        content_type: Line, optional;
        /// The gRPC status, 1 to 16.
        grpc_status: Whole<1, 16>, optional;
    }
}
