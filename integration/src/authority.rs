//! A certificate authority, and clients with certificates of it.

use std::sync::Arc;

use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// The name that its servers have.
pub const SHOP: &str = "shop.example";

/// Who issues certificates.
#[derive(Debug)]
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate and its key, in the text form that Envoy reads.
#[derive(Debug)]
pub struct Pem {
    /// The certificate.
    pub certificate: Vec<u8>,
    /// Its private key.
    pub key: Vec<u8>,
}

/// How long a certificate is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// Today.
    Now,
    /// No longer.
    Over,
}

// === impl Authority ===

impl Authority {
    /// One with this name.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::new([]).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        Self { issuer: CertifiedIssuer::self_signed(params, key).expect("an authority") }
    }

    /// Its own certificate.
    pub fn pem(&self) -> Vec<u8> {
        self.issuer.pem().into_bytes()
    }

    /// A certificate for the shop.
    pub fn server(&self) -> Pem {
        let mut params = CertificateParams::new([SHOP.to_owned()]).expect("parameters");
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Pem { certificate: certificate.pem().into_bytes(), key: key.serialize_pem().into_bytes() }
    }

    /// A client that trusts `servers` and presents a certificate of this authority with these URIs.
    pub fn client(&self, servers: &Self, uris: &[&str], validity: Validity) -> Arc<ClientConfig> {
        let mut params = CertificateParams::new([]).expect("parameters");
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
        for uri in uris {
            params.subject_alt_names.push(SanType::URI(Ia5String::try_from(*uri).expect("ascii")));
        }
        if validity == Validity::Over {
            params.not_before = rcgen::date_time_ymd(2020, 1, 1);
            params.not_after = rcgen::date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let trust = servers.trusted();
        Arc::new(trust.with_client_auth_cert(vec![certificate.der().clone()], key).expect("a client"))
    }

    /// A client that trusts this authority's servers and presents nothing.
    pub fn nobody(&self) -> Arc<ClientConfig> {
        Arc::new(self.trusted().with_no_client_auth())
    }

    fn trusted(
        &self,
    ) -> tokio_rustls::rustls::ConfigBuilder<ClientConfig, tokio_rustls::rustls::client::WantsClientCert> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::clone(self.issuer.der())).expect("a root");
        ClientConfig::builder().with_root_certificates(roots)
    }
}
