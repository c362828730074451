//! The client certificate, where somebody answers for its validity.
//!
//! Envoy's `connection.mtls` says only that a certificate was presented. From 1.39 on
//! `connection.peer_certificate_valid` says that it was verified; before that the attribute is
//! unknown, and only the policy's author can say what the listener does.

use super::{Found, Kind};
use crate::attributes::Attributes;
use crate::config::callers::{self, MtlsIdentity, Validation};

/// What of a certificate stands for whom.
#[derive(Debug)]
pub(super) struct Mtls {
    identity: MtlsIdentity,
    validated_by: Validation,
}

impl Mtls {
    pub(super) fn compile(written: &callers::Mtls) -> Self {
        Self {
            identity: written.identity.unwrap_or(MtlsIdentity::UriSan),
            validated_by: written.validated_by.unwrap_or(Validation::Envoy),
        }
    }

    pub(super) fn find(&self, attributes: &dyn Attributes) -> Found {
        let valid = match self.validated_by {
            Validation::Envoy => attributes.get(&["connection", "peer_certificate_valid"]),
            // A certificate that was not even presented is nobody's, whatever the listener does.
            Validation::Listener => attributes.get(&["connection", "mtls"]),
        };
        let name = match self.identity {
            MtlsIdentity::UriSan => "uri_san_peer_certificate",
            MtlsIdentity::DnsSan => "dns_san_peer_certificate",
            MtlsIdentity::Subject => "subject_peer_certificate",
            MtlsIdentity::Sha256 => "sha256_peer_certificate_digest",
        };
        let valid = valid.map(|value| value.as_deref() == Some(&[1]));
        match (valid, attributes.get(&["connection", name])) {
            (Ok(true), Ok(Some(name))) => Found::named(Kind::Mtls, &name, Vec::new()),
            // No certificate, or one without such a name.
            (Ok(_), Ok(None)) => Found::None,
            (Ok(false), Ok(Some(_))) | (Err(_), _) | (_, Err(_)) => Found::Invalid,
        }
    }
}
