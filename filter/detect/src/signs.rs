//! Signs of weakness that only the wire shows, each declared once: its name in records, what it says, and the
//! entry of the OWASP API Security Top 10 (2023) that it is a sign of. They carry no severity and no value:
//! what they come to is judged where many calls are seen.
//!
//! `filter/detect/SIGNS.md` lists them; it is generated from the table.

/// How a sign is documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// The entry of the OWASP API Security Top 10 (2023) that it is a sign of.
    pub owasp: &'static str,
    /// What it says.
    pub about: &'static str,
}

macro_rules! signs {
    ($($sign:ident = $name:literal, $owasp:literal, $about:literal;)*) => {
        /// A sign of weakness.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Sign { $( #[doc = $about] $sign, )* }

        impl Sign {
            /// Every sign, in the order of the reference.
            pub const ALL: &'static [Self] = &[$(Self::$sign),*];

            /// Its name in records.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$sign => $name, )* }
            }

            /// How it is documented; apart from its name, so that the module does not carry it.
            #[must_use]
            pub const fn about(self) -> About {
                match self { $( Self::$sign => About { owasp: $owasp, about: $about }, )* }
            }
        }
    };
}

signs! {
    Plaintext = "plaintext", "API8", "the client's connection to this proxy has no TLS";
    CredentialInUrl = "credential_in_url", "API2", "a query parameter is named as keys, tokens and passwords are, or a query or path holds a token of a known form";
    PersonalDataInUrl = "personal_data_in_url", "API8", "a query or path holds data of a person: a detector of level high or above, an e-mail address or a telephone number";
    InternalUrl = "internal_url", "API7", "a query parameter or a field of the request's body is a URL that leads inside, or may to some readers";
    JwtAlgNone = "jwt_alg_none", "API2", "a bearer token says `alg: none`, or has no signature";
    SeveralContentTypes = "several_content_types", "API8", "the request or the answer has several content types";
    ContentTypeMismatch = "content_type_mismatch", "API8", "the answer's body begins as another type than it is declared as";
    Banner = "banner", "API8", "a header of the answer names a server or a framework with its version";
    NoCsp = "no_csp", "API8", "an answer in HTML has no `content-security-policy`";
    NoFrameOptions = "no_frame_options", "API8", "an answer in HTML may be framed: no `x-frame-options`, no `frame-ancestors`";
    NoNosniff = "no_nosniff", "API8", "an answer in HTML or JSON has no `x-content-type-options: nosniff`";
    NoHsts = "no_hsts", "API8", "an answer in HTML over TLS has no `strict-transport-security`";
    Cacheable = "cacheable", "API8", "a shared cache may keep an answer in JSON to a call that carries a credential: no `cache-control` says otherwise";
    CorsWildcard = "cors_wildcard_credentials", "API8", "the answer allows credentials from any origin, `*`; browsers refuse that, and what was meant is usually worse";
    CorsReflected = "cors_reflected_origin", "API8", "the answer allows credentials from the origin that asked, which is of another site";
    CorsNull = "cors_null_origin", "API8", "the answer allows credentials from the origin `null`, which any page can have";
    StackTrace = "stack_trace", "API8", "the answer's body holds a stack trace or an unhandled error: Java, Python, PHP, .NET, Node, Go, Ruby or Rust";
    DatabaseError = "database_error", "API8", "the answer's body holds a database's error";
    DirectoryListing = "directory_listing", "API8", "the answer's body is a listing of a directory or a bucket";
    PrivateAddress = "private_address", "API8", "the answer's body holds a private, loopback or link-local IPv4 address";
}

/// A set of signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Signs(u32);

// === impl Signs ===

impl Signs {
    /// No sign.
    pub const NONE: Self = Self(0);

    /// Adds one.
    pub const fn add(&mut self, sign: Sign) {
        self.0 |= 1 << sign as u8;
    }

    /// Adds one if `holds`.
    pub const fn add_if(&mut self, holds: bool, sign: Sign) {
        if holds {
            self.add(sign);
        }
    }

    /// What is in either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it is in the set.
    #[must_use]
    pub const fn contains(self, sign: Sign) -> bool {
        self.0 >> sign as u8 & 1 == 1
    }

    /// Their names, in the order of the reference.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Sign::ALL.iter().filter(move |sign| self.contains(**sign)).map(|sign| sign.name())
    }
}

impl FromIterator<Sign> for Signs {
    fn from_iter<I: IntoIterator<Item = Sign>>(signs: I) -> Self {
        let mut set = Self::NONE;
        signs.into_iter().for_each(|sign| set.add(sign));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::{Sign, Signs};
    use std::fmt::Write;

    fn page() -> String {
        let mut out = String::from(
            "# Signs of weakness\n\n\
             Generated from `filter/detect/src/signs.rs`; change it there and run `make generate`.\n\n\
             A record's `ostiary.signs` lists what of these the call showed: names, never a value. One call proves little, so no sign has a \
             severity of its own. `inspect: { signs: false }` turns them off; those about answers also need `inspect.responses`, and those \
             about bodies look at the first 16 KiB of a body that can be read. OWASP numbers are those of the API Security Top 10 of 2023.\n\n\
             | sign | OWASP | it says |\n|---|---|---|\n",
        );
        for sign in Sign::ALL {
            let about = sign.about();
            let _ = writeln!(out, "| `{}` | {}:2023 | {} |", sign.name(), about.owasp, about.about);
        }
        out
    }

    /// The checked-in page is what the table says; `OSTIARY_GENERATE=1` writes it anew.
    #[test]
    fn the_page_of_signs_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/SIGNS.md");
        let page = page();
        if std::env::var_os("OSTIARY_GENERATE").is_some() {
            std::fs::write(path, &page).unwrap();
        }
        assert!(std::fs::read_to_string(path).unwrap_or_default() == page, "SIGNS.md is stale: run `make generate`");
    }

    /// Signs are known by their names alone, and a set has room for all.
    #[test]
    fn every_sign_has_its_own_name_and_place() {
        let all: Signs = Sign::ALL.iter().copied().collect();
        let names: std::collections::BTreeSet<_> = all.names().collect();
        assert_eq!((names.len(), all.names().next()), (Sign::ALL.len(), Some("plaintext")));
        assert!(Sign::ALL.len() <= 32);
    }
}
