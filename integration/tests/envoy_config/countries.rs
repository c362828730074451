//! `client-country.yaml`: Envoy's `geoip` and a real database decide on the country, and no client does.

use crate::example::{Call, Example, File};
use crate::mmdb;

/// In a network that the database puts into Switzerland.
const HOME: [u8; 4] = [127, 0, 1, 7];

/// In a network that the database has, with a country that the file closes (`ZZ` is no country's code).
const CLOSED: [u8; 4] = [127, 0, 2, 7];

/// In no network of the database.
const NOWHERE: [u8; 4] = [127, 0, 3, 7];

/// In a network that the database has without a country.
const UNNAMED: [u8; 4] = [127, 0, 4, 7];

fn database() -> [File; 1] {
    let networks = [([127, 0, 1, 0], "CH"), ([127, 0, 2, 0], "ZZ"), ([127, 0, 4, 0], "")];
    [("countries.mmdb", mmdb::database(&networks))]
}

fn staff(from: [u8; 4], status: u16) -> Call {
    Call::new("GET /staff", status).from(from)
}

#[tokio::test(flavor = "multi_thread")]
async fn countries() {
    let change = ("mutations: [{ remove: x-country }]", "mutations: [{ remove: x-unrelated }]");
    let example = Example::beside("client-country.yaml", &database(), &[change]).await;
    the_country_is_the_database_s_and_never_the_client_s(&example).await;
    without_the_removal_a_client_whom_nobody_knows_chooses_its_country(&example).await;
    example.stop();
}

async fn the_country_is_the_database_s_and_never_the_client_s(example: &Example) {
    let payments = |from: [u8; 4], status: u16| Call::new("GET /payments", status).from(from);
    let calls = [
        staff(HOME, 200),
        staff(CLOSED, 403),
        staff(NOWHERE, 403),
        staff(UNNAMED, 403),
        // What the client writes, once and twice, found and not found.
        staff(HOME, 200).with("x-country", "ZZ"),
        staff(CLOSED, 403).with("x-country", "CH"),
        staff(NOWHERE, 403).with("x-country", "CH"),
        staff(NOWHERE, 403).with("X-Country", "CH").with("x-country", "CH"),
        staff(UNNAMED, 403).with("x-country", "LI"),
        staff(NOWHERE, 403).with("x-forwarded-for", "127.0.1.7"),
        // A deny rule: who is in the country, and who may be.
        payments(HOME, 200),
        payments(CLOSED, 403),
        payments(CLOSED, 403).with("x-country", "CH"),
        payments(NOWHERE, 403),
    ];
    let seen = example.expect("edge", &calls).await;
    let countries: Vec<_> = seen.iter().map(|seen| seen.record.text("geo.country.iso_code").unwrap_or("-")).collect();
    assert_eq!(countries, ["CH", "ZZ", "-", "-", "CH", "ZZ", "-", "-", "-", "-", "CH", "ZZ", "ZZ", "-"]);
}

/// Why the header is removed first: `geoip` overwrites it only when it finds a country.
async fn without_the_removal_a_client_whom_nobody_knows_chooses_its_country(example: &Example) {
    let calls = [
        staff(CLOSED, 403).with("x-country", "CH"),
        staff(NOWHERE, 200).with("x-country", "CH"),
        staff(UNNAMED, 200).with("x-country", "CH"),
    ];
    example.expect("edge-changed", &calls).await;
}
