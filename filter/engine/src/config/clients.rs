//! `client_address` and `client_country`: where the client's address and country are read.

use super::object::{config_choice, config_object};
use super::types::Line;
use super::values::HeaderName;
use crate::address::CidrSet;

config_choice! {
    /// Where the client's address comes from.
    pub enum AddressSource {
        /// Envoy's `source.address`. What that is depends on the listener: state `use_remote_address`.
        Envoy = "envoy",
        /// The last address in a forwarding header that is no trusted proxy's. The listener must append the peer's address (`use_remote_address: true`, or a trusted proxy before it that does).
        ForwardedFor = "forwarded_for",
        /// A filter state object that an earlier `set_filter_state` filter wrote from `%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%`.
        FilterState = "filter_state",
    }
}

config_object! {
    /// Where the client's address comes from.
    pub struct ClientAddress {
        /// `envoy` (the default), `forwarded_for` or `filter_state`.
        from: AddressSource, optional;
        /// The setting of that name of every listener that has this policy. Where it is `false`, Envoy itself believes `x-forwarded-for`, and so does `from: envoy`.
        use_remote_address: bool, optional;
        /// For `forwarded_for`: the header; `x-forwarded-for` by default.
        header: HeaderName, optional;
        /// For `forwarded_for`: networks of proxies whose entries are believed.
        trusted_proxies: CidrSet, optional;
        /// For `filter_state`: the object's key.
        key: Line, optional;
    }
}

config_choice! {
    /// Who sets the header of the country.
    pub enum CountrySetter {
        /// Envoy's `geoip` filter, before ours, behind a filter that takes the client's own header off.
        Geoip = "geoip",
        /// A trusted proxy in front of this one, which overwrites what clients send.
        Proxy = "proxy",
    }
}

config_object! {
    /// Where the client's country comes from.
    pub struct ClientCountry {
        /// The header that holds the country's ISO 3166 code of two letters.
        header: HeaderName, required;
        /// Who sets it, so that no client can: `geoip` or `proxy`.
        set_by: CountrySetter, required;
    }
}
