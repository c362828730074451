//! URLs that lead inside: what a rule refuses so that nobody is sent to fetch them (SSRF).

use crate::context::classes;
use crate::inside::{self, Leads};
use crate::row::{ROW, Row};
use crate::types::Level;

/// A value that is a URL or, by its field's name, a host, and leads inside for some reader at least.
pub static INTERNAL_URL: Row = Row {
    name: "internal_url",
    level: Level::Medium,
    reads: Some(leads_inside),
    told_by: classes::URL,
    by_name_only: true,
    #[cfg(test)]
    source: "the readings of `src/inside.rs`: URL Standard, RFC 3986, the special-purpose addresses of RFC 6890",
    ..ROW
};

fn leads_inside(value: &[u8], is_named: bool) -> bool {
    inside::leads(value, is_named) > Leads::Elsewhere
}

#[cfg(test)]
mod tests {
    use crate::{DataType, Detectors, Types};

    /// It is found wherever a value is one, and by its field's name where there is no scheme.
    #[test]
    fn values_that_lead_inside_are_found() {
        let url = DataType::named("internal_url").unwrap();
        let detectors = Detectors::new(Types::NONE.with(url), Vec::new());
        for (key, value, expected) in [
            ("", "http://169.254.169.254/latest/meta-data", true),
            ("", "//0177.1/", true),
            ("webhookUrl", "localhost:6379", true),
            ("", "gopher://[::ffff:10.0.0.1]/", true),
            ("", "http://ann:pw@10.0.0.1/", true),
            ("", "localhost:6379", false),
            ("", "https://shop.example/a", false),
            ("callback", "shop.example", false),
            ("", "", false),
        ] {
            let mut found = Vec::new();
            detectors.find(value.as_bytes(), detectors.context(key.as_bytes()), &mut found);
            assert_eq!(!found.is_empty(), expected, "{key} {value}");
        }
    }
}
