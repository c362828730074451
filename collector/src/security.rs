//! Who may speak to the collector. On loopback everyone on the machine; on any
//! other address only holders of the token or of a certificate, on both ports.
//! A collector that would be open to the network does not start.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use subtle::ConstantTimeEq;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// The shortest token: 16 characters of it are out of reach of guessing.
const TOKEN_BYTES_MIN: usize = 16;

/// Why the collector does not start.
#[derive(Debug, thiserror::Error)]
pub enum SecurityError {
    /// Open to the network.
    #[error(
        "{flag} {address} is not a loopback address: give --token-file, or --tls-cert, --tls-key and --tls-client-ca, or listen on 127.0.0.1"
    )]
    Open {
        /// The port's flag.
        flag: &'static str,
        /// Its address.
        address: SocketAddr,
    },
    /// Half of a pair.
    #[error("{given} needs {missing} beside it")]
    Half {
        /// The flag that was given.
        given: &'static str,
        /// The flag that was not.
        missing: &'static str,
    },
    /// A file that cannot be used.
    #[error("{flag} {}: {why}", path.display())]
    File {
        /// The file's flag.
        flag: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A certificate that does not fit its key, or the like.
    #[error("--tls-cert and --tls-key cannot be used: {0}")]
    Tls(#[from] tokio_rustls::rustls::Error),
}

/// What the command line says about security.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// `--token-file`.
    pub token_file: Option<PathBuf>,
    /// `--tls-cert`.
    pub tls_cert: Option<PathBuf>,
    /// `--tls-key`.
    pub tls_key: Option<PathBuf>,
    /// `--tls-client-ca`.
    pub tls_client_ca: Option<PathBuf>,
}

/// What both ports hold callers to.
#[derive(Clone, Default)]
pub struct Security {
    /// The token that callers must send.
    pub token: Option<Arc<Token>>,
    /// TLS, with client certificates where a CA for them was given.
    pub tls: Option<TlsAcceptor>,
}

/// A shared secret. It is compared in constant time and never printed.
pub struct Token(Vec<u8>);

// === impl Security ===

impl Security {
    /// Reads the files, and refuses to open an address to the network unguarded.
    ///
    /// # Errors
    /// When a file cannot be used, a flag lacks its pair, or an address would be open.
    pub fn load(wanted: &Wanted, ports: [(&'static str, SocketAddr); 2]) -> Result<Self, SecurityError> {
        let token = wanted.token_file.as_deref().map(Token::read).transpose()?;
        let tls = acceptor(wanted)?;
        let is_guarded = token.is_some() || (tls.is_some() && wanted.tls_client_ca.is_some());
        for (flag, address) in ports {
            if !is_guarded && !address.ip().is_loopback() {
                return Err(SecurityError::Open { flag, address });
            }
            if !address.ip().is_loopback() && tls.is_none() {
                tracing::warn!(%address, "the token travels in clear text; add --tls-cert and --tls-key");
            }
        }
        Ok(Self { token: token.map(Arc::new), tls })
    }
}

impl std::fmt::Debug for Security {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Security").field("token", &self.token).field("tls", &self.tls.is_some()).finish()
    }
}

// === impl Token ===

impl Token {
    fn read(path: &Path) -> Result<Self, SecurityError> {
        let file = |why| SecurityError::File { flag: "--token-file", path: path.to_owned(), why };
        let text = std::fs::read_to_string(path).map_err(|error| file(error.to_string()))?;
        let token = text.trim();
        if token.len() < TOKEN_BYTES_MIN || token.contains(|char: char| !char.is_ascii_graphic()) {
            return Err(file(format!(
                "a token is one line of at least {TOKEN_BYTES_MIN} printable characters; make one with: openssl rand -hex 32"
            )));
        }
        Ok(Self(token.as_bytes().to_vec()))
    }

    /// Whether the headers carry this token as `authorization: Bearer …`.
    #[must_use]
    pub fn is_in(&self, headers: &HeaderMap) -> bool {
        let Some(value) = headers.get(AUTHORIZATION).map(http::HeaderValue::as_bytes) else {
            return false;
        };
        let Some((scheme, given)) = value.split_at_checked("bearer ".len()) else {
            return false;
        };
        scheme.eq_ignore_ascii_case(b"bearer ") && bool::from(self.0.as_slice().ct_eq(given))
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

fn acceptor(wanted: &Wanted) -> Result<Option<TlsAcceptor>, SecurityError> {
    let half = |given, missing| Err(SecurityError::Half { given, missing });
    let (cert, key) = match (&wanted.tls_cert, &wanted.tls_key) {
        (Some(cert), Some(key)) => (cert, key),
        (Some(_), None) => return half("--tls-cert", "--tls-key"),
        (None, Some(_)) => return half("--tls-key", "--tls-cert"),
        (None, None) if wanted.tls_client_ca.is_some() => {
            return half("--tls-client-ca", "--tls-cert");
        }
        (None, None) => return Ok(None),
    };
    let chain = certificates("--tls-cert", cert)?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| SecurityError::File {
        flag: "--tls-key",
        path: key.clone(),
        why: error.to_string(),
    })?;
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let builder = match &wanted.tls_client_ca {
        Some(path) => {
            let roots = Arc::new(roots(path)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|error| SecurityError::File {
                flag: "--tls-client-ca",
                path: path.clone(),
                why: error.to_string(),
            })?)
        }
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}

fn certificates(flag: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, SecurityError> {
    let file = |why| SecurityError::File { flag, path: path.to_owned(), why };
    let chain: Vec<_> =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(|error| file(error.to_string()))?;
    if chain.is_empty() {
        return Err(file("holds no certificate in PEM form".to_owned()));
    }
    Ok(chain)
}

fn roots(path: &Path) -> Result<RootCertStore, SecurityError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("--tls-client-ca", path)? {
        roots.add(certificate)?;
    }
    Ok(roots)
}
