//! Whom to call: a serialised `envoy.config.core.v3.GrpcService`.
//!
//! Envoy takes the target of a Wasm gRPC call for a serialised `GrpcService` first and for a
//! cluster's name only when that fails to parse, so a short name that happens to parse (`edge1`,
//! `hi`) is an error, and one that the SDK panics on. A message is never ambiguous. The SDK takes it
//! as text, so each length in it must stay below 128; a longer name is passed as it is, if it cannot
//! parse: its first byte must have a wire type that protobuf does not define.

/// The target for a cluster; `None` for a long name that could be taken for a message.
#[must_use]
pub fn target(cluster: &str) -> Option<String> {
    // GrpcService { envoy_grpc (1): EnvoyGrpc { cluster_name (1): … } }
    const TAG: char = '\u{0a}';
    let small = |len: usize| u8::try_from(len).ok().filter(u8::is_ascii).map(char::from);
    if let (Some(outer), Some(inner)) = (small(cluster.len() + 2), small(cluster.len())) {
        return Some(format!("{TAG}{outer}{TAG}{inner}{cluster}"));
    }
    let undefined_wire_type = cluster.bytes().next().is_some_and(|first| first & 7 > 5);
    undefined_wire_type.then(|| cluster.to_owned())
}

#[cfg(test)]
mod tests {
    use super::target;

    #[test]
    fn a_target_is_a_message_or_cannot_be_one() {
        assert_eq!(target("api").unwrap().as_bytes(), b"\x0a\x05\x0a\x03api");
        let istio = format!("outbound|4317||{}.svc.cluster.local", "n".repeat(120));
        assert_eq!(target(&istio), Some(istio));
        assert_eq!(target(&"a".repeat(200)), None);
        assert!(target(&"a".repeat(125)).is_some());
    }
}
