//! `callers`: which credentials stand for whom.

use super::object::{config_choice, config_object};
use super::types::{Line, Name, NonEmpty};
use super::values::{Claim, HeaderName, Hex32, Timestamp, Token};

config_object! {
    /// Who a caller is. Each kind of credential gives an id that begins with its kind: `api_key:acme`, `jwt:alice`, `mtls:spiffe://a/b`, `basic_auth:bob`.
    pub struct Callers {
        /// Keys that this policy holds, as SHA-256.
        api_keys: ApiKeys, optional;
        /// What Envoy's `jwt_authn` filter verified.
        jwt: Jwt, optional;
        /// The client certificate that the listener verified.
        mtls: Mtls, optional;
        /// Names that an earlier filter wrote into a header after it had verified the caller.
        headers: Vec<CallerHeader>, default;
        /// The `www-authenticate` of a refusal for want of a caller; made from the kinds above when left out.
        challenge: Line, optional;
    }
}

config_object! {
    /// API keys, and where a request carries one. Two different keys in one request are none.
    pub struct ApiKeys {
        /// A header.
        header: HeaderName, optional;
        /// A query parameter.
        query: Token, optional;
        /// A cookie.
        cookie: Token, optional;
        /// Whether the upstream gets the key too; by default it is taken off.
        forward: bool, optional;
        /// The keys; a caller may have several.
        keys: NonEmpty<ApiKey>, required;
    }
}

config_object! {
    /// An API key.
    pub struct ApiKey {
        /// Whose it is; rules name the caller `api_key:` and this.
        id: Name, required;
        /// SHA-256 of the key in hexadecimal: `printf %s KEY | sha256sum`.
        sha256: Hex32, required;
        /// What its caller may be asked for.
        roles: Vec<Name>, default;
        /// From when on it is valid.
        not_before: Timestamp, optional;
        /// From when on it is no longer valid.
        not_after: Timestamp, optional;
    }
}

config_object! {
    /// Claims of a token that Envoy's `jwt_authn` filter verified and put into its metadata.
    pub struct Jwt {
        /// The metadata's namespace; `envoy.filters.http.jwt_authn` by default.
        metadata: Line, optional;
        /// The provider's `payload_in_metadata`.
        payload: Line, required;
        /// The claim with the caller's id; `sub` by default. A claim within another is a JSON pointer: `/user/name`.
        subject: Claim, optional;
        /// The claim with the caller's roles: a list, or a text with blanks between them.
        roles: Claim, optional;
    }
}

config_choice! {
    /// What of a certificate is the caller's id.
    pub enum MtlsIdentity {
        /// The first URI among its alternative names, as SPIFFE has it.
        UriSan = "uri_san",
        /// The first DNS name among its alternative names.
        DnsSan = "dns_san",
        /// Its subject.
        Subject = "subject",
        /// The SHA-256 digest of the certificate.
        Sha256 = "sha256",
    }
}

config_choice! {
    /// Who says that a client certificate is valid.
    pub enum Validation {
        /// Envoy's `connection.peer_certificate_valid`, from 1.39 on; before that no certificate counts.
        Envoy = "envoy",
        /// The listener refuses every other (`require_client_certificate` and a validation context), and this policy's author answers for it.
        Listener = "listener",
    }
}

config_object! {
    /// The client certificate.
    pub struct Mtls {
        /// What of it is the caller's id; `uri_san` by default.
        identity: MtlsIdentity, optional;
        /// Who says that it is valid; `envoy` by default.
        validated_by: Validation, optional;
    }
}

config_choice! {
    /// The filter that wrote a header.
    pub enum CallerSetter {
        /// Envoy's `basic_auth`, by its `forward_username_header`.
        BasicAuth = "basic_auth",
        /// Envoy's `api_key_auth`, by its `forwarding`.
        ApiKeyAuth = "api_key_auth",
        /// Another filter that overwrites what clients send, such as `ext_authz`.
        Filter = "filter",
    }
}

config_object! {
    /// A header with the name of a verified caller.
    pub struct CallerHeader {
        /// The header.
        header: HeaderName, required;
        /// Who writes it, on every route, so that no client can.
        set_by: CallerSetter, required;
    }
}
