//! What a record says of what a body calls: names, and measures of what is asked for.

use ostiary_engine::Protocol;
use ostiary_engine::catalog::{Catalog, Operation};
use ostiary_engine::judge::Judged;
use ostiary_wire::attributes as a;
use ostiary_wire::encode::Attributes;

/// What is called, by the conventions of what is spoken and by ours.
pub(super) fn told(w: &mut Attributes<'_>, operation: &Operation, judged: &Judged, catalog: &Catalog) {
    if let Some(name) = &operation.name {
        w.str(&a::OPERATION_NAME, name);
    }
    match operation.protocol {
        Protocol::Grpc => {
            // Service and method are the path (gRPC over HTTP/2, `Path`), as far as it has the form.
            let method = operation.template(catalog).trim_start_matches('/');
            w.str(&a::RPC_SYSTEM, "grpc");
            w.str(&a::RPC_METHOD, if is_method(method) { method } else { "_OTHER" });
        }
        Protocol::JsonRpc => {
            w.str(&a::RPC_SYSTEM, "jsonrpc");
            if let Some(name) = operation.name.as_deref().filter(|_| is_one(judged)) {
                w.str(&a::RPC_METHOD, name.split(' ').next().unwrap_or_default());
            }
        }
        Protocol::Graphql => {
            if let Some((kind, name)) = operation.name.as_deref().and_then(|name| name.split_once(' '))
                && is_one(judged)
                && kind != "persisted"
            {
                w.str(&a::GRAPHQL_TYPE, kind);
                if !name.starts_with('{') {
                    w.str(&a::GRAPHQL_NAME, name);
                }
            }
        }
        Protocol::Rest | Protocol::Soap | Protocol::Websocket => {}
    }
    measured(w, judged);
}

fn measured(w: &mut Attributes<'_>, judged: &Judged) {
    if let Some(said) = &judged.said {
        if said.names.len() > 1 {
            w.texts(&a::OPERATION_CALLS, &said.names.iter().map(|name| &**name).collect::<Vec<_>>());
        }
        if said.is_batch {
            w.count(&a::BATCH_SIZE, u64::from(said.requests));
        }
        if let Some(measures) = said.measures {
            for (attribute, value) in [
                (&a::GRAPHQL_DEPTH, measures.depth),
                (&a::GRAPHQL_ALIASES, measures.aliases),
                (&a::GRAPHQL_ROOT_FIELDS, measures.root_fields),
                (&a::GRAPHQL_DIRECTIVES, measures.directives),
                (&a::GRAPHQL_COMPLEXITY, measures.complexity),
            ] {
                w.count(attribute, u64::from(value));
            }
            if measures.introspects {
                w.bool(&a::GRAPHQL_INTROSPECTS, true);
            }
        }
    }
    if let Some(why) = judged.unread {
        w.str(&a::BODY_UNREAD, why.name());
    }
    if let Some(limit) = judged.exceeded {
        w.str(&a::BODY_LIMIT, limit);
    }
}

fn is_one(judged: &Judged) -> bool {
    judged.said.as_ref().is_some_and(|said| said.names.len() == 1)
}

/// A service and its method.
fn is_method(path: &str) -> bool {
    let plain = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
    };
    path.split_once('/').is_some_and(|(service, method)| plain(service) && plain(method))
}
