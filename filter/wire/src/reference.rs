//! The reference page of what leaves the filter, generated from [`crate::attributes`].

use crate::attributes::{ALL, Attribute, Convention, DOCS, Doc, Kind, Place};
use crate::{Event, SEMCONV_VERSION};
use std::fmt::Write;

/// The page, as Markdown. `filter/wire/RECORDS.md` is this text, held current by a test.
#[must_use]
pub fn page() -> String {
    let mut out = String::from(
        "# What leaves the filter\n\n\
         Generated from `filter/wire/src/attributes.rs`; change it there and run `make generate`.\n\n",
    );
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "Records are OTLP log records. Names marked OTel follow the OpenTelemetry semantic conventions {SEMCONV_VERSION}. \
         No record carries a value from a body, a query, a cookie or a credential; what is marked *personal* can point at a person.\n"
    );
    out.push_str("Events (`event_name`):");
    for event in Event::ALL {
        let _ = write!(out, " `{}`", event.name());
    }
    out.push_str(".\n\n");
    out.push_str(
        "A call has one `ostiary.request` record, written when it has ended, and only that record counts. A call that stays \
         open is told of by `ostiary.request.open` when it begins (handshakes of WebSockets, event streams) or is open for \
         longer than `records.open_interval`, and again after each such time: with the same attributes as far as they are known \
         by then, without `ostiary.stream.seq`, and with durations and sizes so far.\n",
    );
    for (place, title) in [
        (Place::Resource, "Resource: who observed"),
        (Place::Scope, "Scope: the stream so far"),
        (Place::Request, "Requests, and calls that are still open"),
        (Place::Event, "Other events"),
    ] {
        let _ = write!(out, "\n## {title}\n\n| attribute | type | name | source | meaning |\n|---|---|---|---|---|\n");
        for (attribute, doc) in ALL.iter().zip(DOCS).filter(|(attribute, _)| attribute.place == place) {
            row(&mut out, attribute, doc);
        }
    }
    out
}

fn row(out: &mut String, attribute: &Attribute, doc: &Doc) {
    let kind = match attribute.kind {
        Kind::Str { bytes_max } => format!("text, {bytes_max} bytes"),
        Kind::Int => "int".to_owned(),
        Kind::Bool => "bool".to_owned(),
        Kind::Texts { bytes_max, items_max } => format!("at most {items_max} texts, {bytes_max} bytes each"),
        Kind::Ints { items_max } => format!("at most {items_max} ints"),
    };
    let convention = match attribute.convention {
        Convention::OpenTelemetry => "OTel",
        Convention::Ostiary => "ours",
    };
    let personal = if attribute.personal { " *Personal.*" } else { "" };
    let _ =
        writeln!(out, "| `{}` | {kind} | {convention} | {} | {}{personal} |", attribute.name, doc.source, doc.about);
}

#[cfg(test)]
mod tests {
    /// The checked-in page is what the table says; `OSTIARY_GENERATE=1` writes it anew.
    #[test]
    fn the_page_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/RECORDS.md");
        let page = super::page();
        if std::env::var_os("OSTIARY_GENERATE").is_some() {
            std::fs::write(path, &page).unwrap();
        }
        assert!(std::fs::read_to_string(path).unwrap_or_default() == page, "RECORDS.md is stale: run `make generate`");
    }
}
