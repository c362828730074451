//! What faults guarantee: each language and server by example, honest texts left alone, cuts without effect.

use super::{FROM, Faults, LOOK};
use crate::signs::{Sign, Signs};
use proptest::prelude::*;

fn found(body: &str, cut: usize) -> Signs {
    let mut faults = Faults::default();
    for piece in body.as_bytes().chunks(cut.max(1)) {
        faults.feed(piece);
    }
    faults.finish()
}

/// What each language, database and server writes, in JSON and plain.
#[test]
fn faults_are_found_by_what_they_say() {
    for (body, sign) in [
        ("Traceback (most recent call last):\n  File \"/app/x.py\", line 1", Sign::StackTrace),
        ("{\"trace\":\"\\tat com.shop.Orders.find(Orders.java:42)\"}", Sign::StackTrace),
        ("java.lang.NullPointerException: Cannot invoke", Sign::StackTrace),
        ("{\"exception\":\"org.springframework.web.HttpMessageNotReadableException\"}", Sign::StackTrace),
        ("System.NullReferenceException: Object reference", Sign::StackTrace),
        ("at Shop.Get() in C:\\\\src\\\\Shop.cs:line 12", Sign::StackTrace),
        ("TypeError: x\\n    at get (/app/index.js:10:5)", Sign::StackTrace),
        ("goroutine 1 [running]:\nmain.main()", Sign::StackTrace),
        ("\t/app/main.go:12 +0x1d", Sign::StackTrace),
        ("app/models/order.rb:12:in `find'", Sign::StackTrace),
        ("<b>Warning</b>: x in <b>/var/www/x.php</b> on line <b>3</b>", Sign::StackTrace),
        ("#0 /var/www/index.php(12): find()", Sign::StackTrace),
        ("thread 'main' panicked at src/main.rs:2:5", Sign::StackTrace),
        ("You have an error in your SQL syntax; check", Sign::DatabaseError),
        ("SQLSTATE[42S02]: Base table", Sign::DatabaseError),
        ("ORA-00942: table or view does not exist", Sign::DatabaseError),
        ("psycopg2.errors.SyntaxError: syntax error", Sign::DatabaseError),
        ("ERROR: syntax error at or near \\\"x\\\"", Sign::DatabaseError),
        ("ActiveRecord: PG::UndefinedTable: no, PG::SyntaxError: ERROR", Sign::DatabaseError),
        ("Unclosed quotation mark after the character string ''.", Sign::DatabaseError),
        ("<html><head><title>Index of /backup</title>", Sign::DirectoryListing),
        ("<pre><A HREF=\"/\">[To Parent Directory]</A>", Sign::DirectoryListing),
        ("<ListBucketResult xmlns=\"x\">", Sign::DirectoryListing),
        ("{\"host\":\"10.1.2.3\"}", Sign::PrivateAddress),
        ("upstream 172.31.0.9:8080 failed", Sign::PrivateAddress),
        ("see 192.168.1.20.", Sign::PrivateAddress),
        ("a\\n127.0.0.1 refused", Sign::PrivateAddress),
    ] {
        for cut in [1, 7, LOOK] {
            assert_eq!(found(body, cut), Signs::from_iter([sign]), "{body} by {cut}");
        }
    }
}

/// What only looks so.
#[test]
fn honest_texts_have_no_fault() {
    for body in [
        "{\"version\":\"10.0.0.1\"}",
        "price 10.50, then 10.5",
        "110.0.0.1",
        "10.0.22621.1",
        "10.0.0.1.5",
        "172.15.0.1",
        "172.32.0.1",
        "8.8.8.8",
        "ip-10-0-0-1",
        "10.0.0.256",
        "{\"file\":\"main.js\"}",
        "System.out and java.util.List",
        "the error is in your own words",
        "Orders.java:42",
        "https://cdn.example/app.js:443",
        "Index of prices",
        "ORA-5",
        "{\"type\":\"ValidationError\",\"message\":\"name is required\"}",
        "goroutine pool",
        "SystemException",
        "1.10.0.0.1",
    ] {
        assert_eq!(found(body, 5), Signs::NONE, "{body}");
    }
}

proptest! {
    /// How a body was cut never changes what is found, and what is beyond the bound is not looked at.
    #[test]
    fn cuts_change_nothing(
        words in prop::collection::vec(prop::sample::select(vec!["10.0.0.1", "x", " ", ".java:42)", "SQLSTATE[", "java.lang.", "Error", "\\n", "version", "9", "127.0.0.1", "<title>Index of /"]), 0..40),
        pad in 0..3 * FROM, cut in 1..300_usize,
    ) {
        let body = format!("{}{}", " ".repeat(pad), words.concat());
        prop_assert_eq!(found(&body, cut), found(&body, usize::MAX));
        let late = format!("{}{}", " ".repeat(LOOK), body);
        prop_assert_eq!(found(&late, cut), Signs::NONE);
    }
}
