//! The rest of the table: tricks that are in the closed word, in the request line, or beside the path.

use super::Place::{self, After, Before, End, Inside, Start};

/// Whole paths of a class in which the trick is in the closed word itself: the place, the path, and the lookalike with what it reads as.
pub(super) type Word = (Place, &'static str, &'static str, &'static str);

/// The tricks that are in the closed word itself.
pub(super) const WORDS: &[(&str, &[Word])] = &[
    (
        "plain",
        &[
            (Start, "/admin", "/administrators", "/administrators"),
            (Inside, "/api/internal", "/api/internals", "/api/internals"),
            (After, "/admin/users?a=/open", "/open/admin/users?a=/admin", "/open/admin/users"),
            (End, "/vault/keys/", "/vault/keyss", "/vault/keyss"),
            (End, "/vault/keys?", "/vault/key?s", "/vault/key"),
        ],
    ),
    (
        "several at once",
        &[
            (Start, "//;x/./admin;y/users", "/-/,x/.x/admin,y/users", "/-/,x/.x/admin,y/users"),
            (Before, "/open;a/.%2e;b//%61dmin", "/open,a/.%2ex/-/%62dmin", "/open,a/..x/-/bdmin"),
            (Inside, "/api;a//.;b/%69nternal/keys", "/api,a/-/.x/%69nternal/keys", "/api,a/-/.x/internal/keys"),
            (After, "/vault;x/./keys;y/", "/vault,x/.x/keys,y", "/vault,x/.x/keys,y"),
            (End, "/vault/keys/a/..;/.;", "/vault/keys/a/..,/.,", "/vault/keys/a/..,/.,"),
        ],
    ),
    (
        "letters, escaped",
        &[
            (Start, "/%61dmin/users", "/%62dmin/users", "/bdmin/users"),
            (Inside, "/ad%6din/%75sers", "/ad%6ein/%75sers", "/adnin/users"),
            (Inside, "/api/inter%6Eal/x", "/api/inter%6Dal/x", "/api/intermal/x"),
            (End, "/vault/key%73", "/vault/key%74", "/vault/keyt"),
            (End, "/%76%61%75%6C%74/%6b%65%79%73", "/%76%61%75%6C%74/%6b%65%79", "/vault/key"),
        ],
    ),
    (
        "letters, escaped twice",
        &[
            (Start, "/%2561dmin/users", "/%25zadmin/users", "/%zadmin/users"),
            (Inside, "/ad%25%36%64in", "/ad%25min", "/ad%min"),
            (End, "/vault/key%2573", "/vault/keys%25", "/vault/keys%"),
        ],
    ),
    (
        "letters, %u",
        &[
            (Start, "/%u0061dmin/users", "/u0061dmin/users", "/u0061dmin/users"),
            (End, "/vault/key%u0073", "/vault/keyu0073", "/vault/keyu0073"),
        ],
    ),
    (
        "letters, wide",
        &[
            (Start, "/%ef%bd%81dmin/users", "/%e3%81%82dmin/users", "/\u{3042}dmin/users"),
            (Inside, "/ad%ef%bd%8din", "/ad%e3%82%80in", "/ad\u{3080}in"),
            (End, "/vault/key%ef%bd%93", "/vault/key%e3%81%99", "/vault/key\u{3059}"),
        ],
    ),
];

/// What only readers that do not mind the case are taken in by.
pub(super) const CASES: &[Word] = &[
    (Start, "/ADMIN/users", "/OPEN/users", "/OPEN/users"),
    (Start, "/%41dmin/users", "/%4Fpen/users", "/Open/users"),
    (Inside, "/aDmin", "/bDmin", "/bDmin"),
    (Inside, "/api/Internal/keys", "/api/Internals/keys", "/api/Internals/keys"),
    (Inside, "/adm%c4%b1n", "/adm%c3%adn", "/adm\u{ed}n"),
    (Inside, "/adm%c4%b0n/users", "/adm%c3%8dn/users", "/adm\u{cd}n/users"),
    (End, "/vault/KEYS", "/vault/KEY", "/vault/KEY"),
    (End, "/vault/%e2%84%aaeys", "/vault/%c3%89ys", "/vault/\u{c9}ys"),
    (End, "/vault/key%c5%bf", "/vault/key%c3%9f", "/vault/key\u{df}"),
];

/// Request targets of other forms (RFC 9112, section 3.2), and versions: the request line is the trick.
pub(super) const LINES: &[(&str, Word)] = &[
    ("absolute form", (Start, "http://{h}/admin/users", "http://{h}/open/users", "/open/users")),
    ("absolute form", (Start, "HTTP://{h}/admin/users", "HTTP://{h}/open/users", "/open/users")),
    ("absolute form", (Start, "http://{h}:80/admin/users", "http://{h}:80/open/users", "/open/users")),
    (
        "absolute form",
        (Before, "http://{h}/open/../admin/users", "http://{h}/open/..x/admin/users", "/open/..x/admin/users"),
    ),
    ("absolute form", (Before, "http://{h}//admin/users", "http://{h}/-/admin/users", "/-/admin/users")),
    ("absolute form", (Inside, "http://{h}/ad%6din", "http://{h}/ad%6ein", "/adnin")),
    ("absolute form", (After, "http://{h}/api/internal?x", "http://{h}/?/api/internal", "/")),
    ("absolute form", (End, "http://{h}/vault/keys;x", "http://{h}/vault/keys,x", "/vault/keys,x")),
    ("absolute form, odd", (Start, "http://{h}\\admin", "http://{h}/%7cadmin", "/|admin")),
    ("absolute form, odd", (Start, "http://open@{h}/admin", "http://{h}/open@admin", "/open@admin")),
    ("absolute form, odd", (Start, "https://{h}/admin", "http://{h}/https:/open", "/https:/open")),
    ("no leading slash", (Start, "admin/users", "/-admin/users", "/-admin/users")),
    ("no leading slash", (Start, "%2fadmin/users", "/%2dadmin/users", "/-admin/users")),
    ("no leading slash", (Start, "./admin", "/.x/admin", "/.x/admin")),
    ("no leading slash", (Start, "\\admin", "/|admin", "/|admin")),
    ("no leading slash", (End, "vault/keys", "/-vault/keys", "/-vault/keys")),
];

/// The same closed paths, asked for in the old version.
pub(super) const OLD: &[Word] = &[
    (Start, "/admin/users", "/open/users", "/open/users"),
    (Before, "/open/../admin", "/open/..x/admin", "/open/..x/admin"),
    (Inside, "/api%2finternal/keys", "/api%2dinternal/keys", "/api-internal/keys"),
    (End, "/vault/keys;x", "/vault/keys,x", "/vault/keys,x"),
];

/// Targets that name no path to anyone here; still no reader may find a closed one in them: the method and the target.
pub(super) const PATHLESS: &[(&str, &str)] = &[
    ("OPTIONS", "*"),
    ("GET", "*"),
    ("GET", "{h}:80"),
    ("GET", "{h}:80/admin"),
    ("CONNECT", "{h}:80"),
    ("CONNECT", "{h}/admin"),
];

/// What a header makes of a request, for readers that let it: the class, method and target, the header, and its lookalike.
pub(super) const HEADERS: &[(&str, &str, &str, &str, &str)] = &[
    ("other path", "GET", "/open", "X-Original-URL: /admin/users", "X-Original-Referer: /admin/users"),
    ("other path", "GET", "/open", "x-original-url: /api/internal/keys", "x-original: /api/internal/keys"),
    ("other path", "GET", "/open", "X-Rewrite-URL: /vault/keys", "X-Rewritten: /vault/keys"),
    ("other path", "GET", "/open", "X-Rewrite-Url: /open/../admin", "X-Rewriter: /admin"),
    ("other path", "GET", "/open", "X_Original_URL: /admin", "X_Original: /admin"),
    ("other method", "POST", "/orders/7", "X-HTTP-Method-Override: DELETE", "X-HTTP-Method-Overridden: DELETE"),
    ("other method", "POST", "/orders/7", "x-method-override: delete", "x-method: delete"),
    ("other method", "GET", "/orders/7", "X-HTTP-Method: Delete", "X-HTTP-Verb: Delete"),
    ("other method", "POST", "/orders/7", "X_HTTP_Method_Override: DELETE", "X_HTTP_Method_Overridden: DELETE"),
];

/// What a parameter makes of a POST: the target with it, and with its lookalike.
pub(super) const PARAMETERS: &[(&str, &str)] = &[
    ("/orders/7?_method=DELETE", "/orders/7?method=DELETE"),
    ("/orders/7?a=b&%5fmethod=delete", "/orders/7?a=b&%5fmethods=delete"),
    ("/orders/7?_method=POST&_method=DELETE", "/orders/7?_method=POST&_methods=DELETE"),
    ("/orders/7?a=b;_method=DELETE", "/orders/7?a=b;_methods=DELETE"),
    ("/orders/7?.method=DELETE", "/orders/7?-method=DELETE"),
    ("/orders/7?%2emethod=DELETE", "/orders/7?%2dmethod=DELETE"),
    ("/orders/7?[method=DELETE", "/orders/7?[methods=DELETE"),
    ("/orders/7?+_method=DELETE", "/orders/7?+methods=DELETE"),
];

/// Methods in other letters: the method, and the lookalike's.
pub(super) const METHODS: &[(&str, &str)] = &[("DELETE", "PATCH"), ("delete", "GET"), ("Delete", "PUT")];

/// Harmless paths that are not canonical, and the path that each names.
pub(super) const UNCANONICAL: &[(&str, &str)] = &[
    ("//open/x", "/open/x"),
    ("/open//x", "/open/x"),
    ("/a/../open/x", "/open/x"),
    ("/open/./x", "/open/x"),
    ("/open/%78", "/open/x"),
    ("/open/%2e/x", "/open/x"),
    ("/a/%2e%2E/open/x?q=%2f..", "/open/x"),
    ("/open;v=1/x;w=2", "/open/x"),
    ("/open/y/..;a/x", "/open/x"),
];
