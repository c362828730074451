//! What an API speaks, where its path does not say what is called.

use super::access::Conditions;
use super::object::{config_choice, config_object};
use super::types::NonEmpty;
use super::values::Whole;
use crate::Protocol;

config_choice! {
    /// What an API speaks.
    for Protocol {
        Rest = "rest",
        Graphql = "graphql",
        Soap = "soap",
        JsonRpc = "json-rpc",
        Grpc = "grpc",
        Websocket = "websocket",
    }
}

config_choice! {
    /// Whether GraphQL's introspection is answered.
    pub enum Introspection {
        /// For everyone.
        Allow = "allow",
        /// For those alone whom `introspection_exempt` names.
        Deny = "deny",
    }
}

// The bounds are those of other numbers of a policy: each pair of them is code of its own in the module.
config_object! {
    /// Limits of GraphQL requests. What is left out is not limited, but by the bounds of the reader: 10000 tokens, 64 levels, 128 requests in a list.
    pub struct GraphQl {
        /// Fields within each other.
        max_depth: Whole<1, 1_000_000_000>, optional;
        /// Fields under another name.
        max_aliases: Whole<0, 1_024>, optional;
        /// Fields at the root.
        max_root_fields: Whole<1, 1_000_000_000>, optional;
        /// Directives.
        max_directives: Whole<0, 1_024>, optional;
        /// The cost: 1 for each field, and what is within it as often as its largest argument `first`, `last` or `limit` says.
        max_complexity: Whole<1, 1_000_000_000>, optional;
        /// Requests in a list; the other limits hold for all of a list together, but for depth.
        max_batch: Whole<1, 1_000_000>, optional;
        /// `allow` (the default), or `deny`: `__schema` and `__type` are refused.
        introspection: Introspection, optional;
        /// Whom introspection is answered all the same: those who meet all conditions of one of these.
        introspection_exempt: NonEmpty<Conditions>, optional;
        /// Measure and record what would be refused, but do not act, and do not hold a body.
        shadow: bool, optional;
    }
}

config_object! {
    /// Limits of JSON-RPC requests.
    pub struct JsonRpc {
        /// Requests in a list.
        max_batch: Whole<1, 1_000_000>, optional;
        /// Record what would be refused, but do not act, and do not hold a body.
        shadow: bool, optional;
    }
}
