//! An issuer of tokens (RFC 7519): a key pair of its own, its public half as a key set (RFC 7517), and tokens good and bad.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

/// What `callers-jwt.yaml` and `callers-oauth2.yaml` call the issuer.
const ISSUER: &str = "https://identity.shop.example";

/// Who signs tokens.
pub struct Issuer {
    keys: EcdsaKeyPair,
    random: SystemRandom,
}

// === impl Issuer ===

impl Issuer {
    pub fn new() -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
        let keys =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).expect("a key");
        Self { keys, random }
    }

    /// The key set that verifies its tokens.
    pub fn key_set(&self) -> Vec<u8> {
        // An uncompressed point (SEC 1, section 2.3.3): 4, x, y.
        let point = self.keys.public_key().as_ref();
        let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..65]));
        let key = json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "1", "x": x, "y": y });
        json!({ "keys": [key] }).to_string().into_bytes()
    }

    /// A good token with further claims, which win over those that a good token has; `null` takes one away.
    pub fn token(&self, claims: &Value) -> String {
        self.sign(&json!({ "alg": "ES256", "kid": "1" }), claims)
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let signed = unsigned(header, claims);
        let signature = self.keys.sign(&self.random, signed.as_bytes()).expect("a signature");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// A token that says of itself that it is not signed (RFC 7519, section 6).
pub fn unsecured(claims: &Value) -> String {
    format!("{}.", unsigned(&json!({ "alg": "none" }), claims))
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let mut all = json!({ "iss": ISSUER, "aud": "shop", "sub": "alice", "exp": now_s() + 600 });
    let object = all.as_object_mut().expect("an object");
    for (name, value) in claims.as_object().expect("claims") {
        object.insert(name.clone(), value.clone());
    }
    object.retain(|_, value| !value.is_null());
    let part = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    format!("{}.{}", part(header), part(&all))
}

/// Seconds since the epoch.
pub fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_secs()
}
