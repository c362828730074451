//! `requests`: how a request is read before it is judged.

use super::object::{config_choice, config_object};
use super::types::NonEmpty;

config_choice! {
    /// What happens to a path that is not in canonical form.
    pub enum PathMode {
        /// What two readers could read in two ways is refused; the rest is forwarded as it came.
        Strict = "strict",
        /// Parameters are cut, empty and dot segments resolved, and the upstream gets the canonical spelling.
        Rewrite = "rewrite",
    }
}

config_choice! {
    /// A class of paths that readers read in different ways, and that the policy's upstreams read in one.
    pub enum Accepted {
        /// `%2f` is data, not a separator.
        EncodedSlash = "encoded_slash",
        /// `\` and `%5c` are data, not a separator.
        Backslash = "backslash",
        /// `%25` before two hexadecimal digits is a percent sign: nobody decodes again.
        DoubleEncoding = "double_encoding",
        /// `%00` is data, not an end.
        Nul = "nul",
        /// Other control characters are data.
        Control = "control",
        /// Bytes that are not UTF-8 are data.
        NotUtf8 = "not_utf8",
        /// `//` is one slash.
        EmptySegment = "empty_segment",
        /// Segments `.` and `..` are resolved.
        DotSegment = "dot_segment",
        /// `;` and what follows it in its segment are cut.
        Parameters = "parameters",
        /// `%3b`, `%3f` and `%23` are data, not a delimiter.
        EncodedDelimiter = "encoded_delimiter",
        /// Characters that Unicode's compatibility forms, or Windows' best fit, take for ASCII letters, digits, dots and slashes (full-width forms, ligatures, circled letters) are data.
        Compatibility = "compatibility",
        /// Characters without width, which some readers drop, are data.
        Ignorable = "ignorable",
        /// A dot at the end of a segment, blanks at its ends and `:$` within it, which Windows takes off file names and others trim, are data.
        WindowsName = "windows_name",
    }
}

config_choice! {
    /// Whether the case of a path counts.
    pub enum PathCase {
        /// `/Admin` is not `/admin`.
        Sensitive = "sensitive",
        /// `/Admin` is `/admin`, in rules, templates and the inventory.
        Fold = "fold",
    }
}

config_choice! {
    /// Whether a trailing slash counts.
    pub enum TrailingSlash {
        /// `/orders/` is `/orders`.
        Ignore = "ignore",
        /// `/orders/` is another resource than `/orders`.
        Keep = "keep",
    }
}

config_choice! {
    /// What happens to a request that asks the upstream to take it for another one: `x-http-method-override`, `x-http-method`, `x-method-override` and the query parameter `_method` with another method; `x-original-url` and `x-rewrite-url`; all also as PHP and CGI read them, with `_` for `-`.
    pub enum Overrides {
        /// It is refused.
        Refuse = "refuse",
        /// The headers and the parameter are taken off before the upstream.
        Strip = "strip",
        /// It passes: no upstream knows them.
        Pass = "pass",
    }
}

config_choice! {
    /// How a CORS preflight is judged: `OPTIONS` with `origin` and `access-control-request-method`.
    pub enum Preflight {
        /// Like any request.
        Judge = "judge",
        /// Allow rules do not close it, because browsers never send credentials with it; deny rules hold but for those that ask for callers.
        Pass = "pass",
    }
}

config_object! {
    /// How a request is read before it is judged. Where the policy has no `access`, nothing of it refuses.
    pub struct Requests {
        /// `strict` (the default) refuses a path that two readers could read in two ways; `rewrite` forwards the canonical form.
        paths: PathMode, optional;
        /// Classes of paths that are not refused, because all upstreams read them as said here.
        accept: NonEmpty<Accepted>, optional;
        /// `sensitive` (the default), or `fold` where upstreams do not tell cases apart.
        path_case: PathCase, optional;
        /// `ignore` (the default), or `keep` where `/orders/` and `/orders` differ.
        trailing_slash: TrailingSlash, optional;
        /// What a request gets that names another method or path in a header: `refuse` (the default), `strip` or `pass`.
        overrides: Overrides, optional;
        /// How a CORS preflight is judged: `judge` (the default) or `pass`.
        preflight: Preflight, optional;
    }
}
