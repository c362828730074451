//! Tokens that APIs carry and that are no data of a person, by class, from a seed.

mod random;

pub use random::Random;
use random::{BASE62, BASE64, BASE64_URL, HEX, LOWER_DIGITS, UPPER, UPPER_DIGITS};

const WORDS: &[&str] = &[
    "summer", "sale", "the", "quick", "guide", "to", "better", "shirts", "blue", "dark", "mode", "release", "notes",
    "update", "new", "order", "list", "report", "final", "draft", "user", "data", "cache", "north", "region", "main",
    "index", "small", "large", "item",
];

/// A class: its name, whether its tokens are addresses of machines, and how the n-th token is made.
pub type Class = (&'static str, bool, fn(&mut Random, usize) -> String);

/// Every class.
pub const CLASSES: &[Class] = &[
    ("sequential ids", false, |_, n| (1_000_000 + n * 7).to_string()),
    ("sequential ids, ten digits", false, |_, n| (1_000_000_000 + n * 7919).to_string()),
    ("snowflake ids", false, |random, _| {
        ((random.within(1_400_000_000_000, 1_800_000_000_000) - 1_288_834_974_657) << 22 | random.within(0, 4_194_303))
            .to_string()
    }),
    ("sonyflake ids", false, |random, _| {
        (random.within(20_000_000_000, 60_000_000_000) << 24 | random.within(0, 16_777_215)).to_string()
    }),
    ("database ids, 64 bits", false, |random, _| (random.next() >> 1).to_string()),
    ("unix seconds", false, |random, _| random.within(1_400_000_000, 1_900_000_000).to_string()),
    ("unix milliseconds", false, |random, _| random.within(1_400_000_000_000, 1_900_000_000_000).to_string()),
    ("unix microseconds", false, |random, _| random.within(1_400_000_000_000_000, 1_900_000_000_000_000).to_string()),
    ("unix nanoseconds", false, |random, _| {
        random.within(1_400_000_000_000_000_000, 1_900_000_000_000_000_000).to_string()
    }),
    ("unix seconds with fraction", false, |random, _| {
        format!("{}.{}", random.within(1_400_000_000, 1_900_000_000), random.digits(6))
    }),
    ("ISO timestamps", false, |random, _| {
        let (year, month, day) = random.date();
        let zone = random.pick(&["Z", "+08:00", "-0500", ".123Z", ".123456+02:00", ""]);
        format!(
            "{year}-{month:02}-{day:02}T{:02}:{:02}:{:02}{zone}",
            random.within(0, 23),
            random.within(0, 59),
            random.within(0, 59)
        )
    }),
    ("compact timestamps", false, |random, _| {
        let (year, month, day) = random.date();
        format!(
            "{year}{month:02}{day:02}{:02}{:02}{:02}",
            random.within(0, 23),
            random.within(0, 59),
            random.within(0, 59)
        )
    }),
    ("compact timestamps with ms", false, |random, _| {
        let (year, month, day) = random.date();
        format!(
            "{year}{month:02}{day:02}{:02}{:02}{:02}{:03}",
            random.within(0, 23),
            random.within(0, 59),
            random.within(0, 59),
            random.within(0, 999)
        )
    }),
    ("dates", false, |random, _| {
        let (year, month, day) = random.date();
        match random.within(0, 4) {
            0 => format!("{year}-{month:02}-{day:02}"),
            1 => format!("{day:02}.{month:02}.{year}"),
            2 => format!("{month:02}/{day:02}/{year}"),
            3 => format!("{year}{month:02}{day:02}"),
            _ => format!("{day:02}-{month:02}-{year} {:02}:{:02}", random.within(0, 23), random.within(0, 59)),
        }
    }),
    ("UUIDs", false, |random, _| random.like("????????-????-4???-a???-????????????")),
    ("UUIDs without hyphens", false, |random, _| random.of(HEX, 32)),
    ("UUIDs in capitals", false, |random, _| random.like("????????-????-4???-b???-????????????").to_uppercase()),
    ("MD5", false, |random, _| random.of(HEX, 32)),
    ("SHA-1", false, |random, _| random.of(HEX, 40)),
    ("SHA-256", false, |random, _| random.of(HEX, 64)),
    ("SHA-256 in capitals", false, |random, _| random.of(HEX, 64).to_uppercase()),
    ("hex with 0x", false, |random, _| {
        let count = random.pick(&[2, 4, 8, 16, 32, 64]);
        format!("0x{}", random.of(HEX, count))
    }),
    ("hex, 6 to 24 digits", false, |random, _| {
        let count = random.within(6, 24);
        random.of(HEX, count)
    }),
    ("hex in capitals", false, |random, _| {
        let count = random.within(6, 24);
        random.of(HEX, count).to_uppercase()
    }),
    ("object ids", false, |random, _| {
        format!("{:08x}{}", random.within(1_400_000_000, 1_900_000_000), random.of(HEX, 16))
    }),
    ("ULIDs", false, |random, _| format!("01{}", random.of("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 24))),
    ("KSUIDs", false, |random, _| random.of(BASE62, 27)),
    ("nanoids", false, |random, _| random.of(BASE64_URL, 21)),
    ("base62 ids", false, |random, _| {
        let count = random.within(6, 36);
        random.of(BASE62, count)
    }),
    ("base64", false, |random, _| {
        let count = random.within(4, 40);
        format!("{}{}", random.of(BASE64, count * 4 - 1), random.pick(&["=", "A", "+"]))
    }),
    ("base64, long", false, |random, _| random.of(BASE64, 400)),
    ("base64url", false, |random, _| {
        let count = random.within(16, 120);
        random.of(BASE64_URL, count)
    }),
    ("coordinates", false, |random, _| {
        format!("{}{}.{}", random.pick(&["", "-"]), random.within(0, 179), {
            let count = random.within(4, 15);
            random.digits(count)
        })
    }),
    ("pairs of coordinates", false, |random, _| {
        format!("{}.{},{}.{}", random.within(0, 89), random.digits(6), random.within(0, 179), random.digits(6))
    }),
    ("prices", false, |random, _| {
        let (whole, cents) = (random.within(0, 99_999_999), random.within(0, 99));
        match random.within(0, 4) {
            0 => format!("${whole}.{cents:02}"),
            1 => format!("{whole}.{cents:02}"),
            2 => format!("{},{:03},{:03}.{cents:02}", whole / 1_000_000, whole / 1000 % 1000, whole % 1000),
            3 => format!("{}.{:03}.{:03},{cents:02} EUR", whole / 1_000_000, whole / 1000 % 1000, whole % 1000),
            _ => format!("{} {:03} {:03}", whole / 1_000_000, whole / 1000 % 1000, whole % 1000),
        }
    }),
    ("floats", false, |random, _| format!("{}", f64::from_bits(random.next() >> 2 | 0x3ff0_0000_0000_0000))),
    ("fractions of one", false, |random, _| {
        let count = random.within(6, 18);
        format!("0.{}", random.digits(count))
    }),
    ("semantic versions", false, |random, _| {
        format!(
            "{}.{}.{}{}",
            random.within(0, 30),
            random.within(0, 99),
            random.within(0, 9999),
            random.pick(&["", "-rc.1", "-beta", "+20240115"])
        )
    }),
    ("browser versions", false, |random, _| {
        format!("{}.0.{}.{}", random.within(60, 140), random.within(3000, 7000), random.within(0, 300))
    }),
    ("dated versions", false, |random, _| {
        let (year, month, day) = random.date();
        format!("{year}.{month:02}.{day:02}.{}", random.within(1, 20))
    }),
    ("UPS tracking numbers", false, |random, _| random.like("1Z******##########")),
    ("FedEx tracking numbers", false, |random, _| {
        let count = random.pick(&[12, 15, 20]);
        random.digits(count)
    }),
    ("FedEx tracking in groups", false, |random, _| random.like("#### #### ####")),
    ("USPS tracking numbers", false, |random, _| format!("9{}", random.digits(21))),
    ("USPS tracking in groups", false, |random, _| random.like("9#00 1#0# #### #### #### ##")),
    ("DHL tracking numbers", false, |random, _| match random.within(0, 2) {
        0 => random.digits(10),
        1 => random.like("JJD##################"),
        _ => random.like("GM##################"),
    }),
    ("postal items (UPU S10)", false, |random, _| s10(random)),
    ("Chinese parcel numbers", false, |random, _| {
        format!("{}{}", random.pick(&["SF", "YT", "JD", "JT", "STO"]), random.digits(13))
    }),
    ("order numbers", false, |random, _| {
        let (year, month, day) = random.date();
        match random.within(0, 8) {
            0 => format!("ORD-{year}-{}", random.digits(6)),
            1 => format!("{year}{month:02}{day:02}-{}", random.digits(4)),
            2 => random.like("###-#######-#######"),
            3 => random.like("SO########"),
            4 => random.like("INV-########"),
            5 => format!("{year}{month:02}{day:02}{}", random.digits(8)),
            6 => random.like("#-#########"),
            7 => format!("{:02}{month:02}{day:02}-{}", year % 100, random.digits(7)),
            _ => format!("{:02}{month:02}{day:02}-{}", year % 100, random.digits(4)),
        }
    }),
    ("order numbers, letter first", false, |random, _| {
        let count = random.within(6, 12);
        format!("{}{}", random.of(UPPER, 1), random.digits(count))
    }),
    ("order numbers, letters first", false, |random, _| {
        let (letters, count) = (random.within(2, 4), random.within(5, 14));
        format!("{}{}", random.of(UPPER, letters), random.digits(count))
    }),
    ("order numbers in hyphens", false, |random, _| {
        let parts = random.within(2, 4);
        (0..parts)
            .map(|_| {
                let count = random.within(4, 8);
                random.digits(count)
            })
            .collect::<Vec<_>>()
            .join("-")
    }),
    ("random digits, 6", false, |random, _| random.digits(6)),
    ("random digits, 7", false, |random, _| random.digits(7)),
    ("random digits, 8", false, |random, _| random.digits(8)),
    ("random digits, 9", false, |random, _| random.digits(9)),
    ("random digits, 10", false, |random, _| random.digits(10)),
    ("random digits, 11", false, |random, _| random.digits(11)),
    ("random digits, 12", false, |random, _| random.digits(12)),
    ("random digits, 13", false, |random, _| random.digits(13)),
    ("random digits, 14", false, |random, _| random.digits(14)),
    ("random digits, 15", false, |random, _| random.digits(15)),
    ("random digits, 16", false, |random, _| random.digits(16)),
    ("random digits, 17", false, |random, _| random.digits(17)),
    ("random digits, 18", false, |random, _| random.digits(18)),
    ("random digits, 19", false, |random, _| random.digits(19)),
    ("random digits, 20", false, |random, _| random.digits(20)),
    ("random digits, 21 to 40", false, |random, _| {
        let count = random.within(21, 40);
        random.digits(count)
    }),
    ("phone-like", false, |random, _| match random.within(0, 5) {
        0 => random.like("###-####"),
        1 => random.like("###-###-####"),
        2 => random.like("###-####-####"),
        3 => random.like("### ### ####"),
        4 => random.like("## ## ## ## ##"),
        _ => random.like("####-######"),
    }),
    ("alphanumeric capitals, 8", false, |random, _| random.of(UPPER_DIGITS, 8)),
    ("alphanumeric capitals, 9", false, |random, _| random.of(UPPER_DIGITS, 9)),
    ("alphanumeric capitals, 10", false, |random, _| random.of(UPPER_DIGITS, 10)),
    ("alphanumeric capitals, 11", false, |random, _| random.of(UPPER_DIGITS, 11)),
    ("alphanumeric capitals, 12-16", false, |random, _| {
        let count = random.within(12, 16);
        random.of(UPPER_DIGITS, count)
    }),
    ("alphanumeric capitals, 17", false, |random, _| random.of(UPPER_DIGITS, 17)),
    ("alphanumeric capitals, 18-34", false, |random, _| {
        let count = random.within(18, 34);
        random.of(UPPER_DIGITS, count)
    }),
    ("alphanumeric small", false, |random, _| {
        let count = random.within(6, 34);
        random.of(LOWER_DIGITS, count)
    }),
    ("product codes", false, |random, _| match random.within(0, 4) {
        0 => random.like("@@-####-@@"),
        1 => random.like("@@@-#####"),
        2 => random.like("@####@@"),
        3 => random.like("@@###.##.##"),
        _ => random.like("@@@@####"),
    }),
    ("licence keys", false, |random, _| random.like("*****-*****-*****-*****-*****")),
    ("EAN", false, |random, _| ean(random)),
    ("ISBN with hyphens", false, |random, _| {
        let code = ean(random);
        format!("978-{}-{}-{}-{}", &code[3..4], &code[4..6], &code[6..12], &code[12..])
    }),
    ("slugs", false, |random, _| {
        let count = random.within(2, 6);
        let mut parts: Vec<String> = (0..count).map(|_| random.pick(WORDS).to_owned()).collect();
        parts.push(random.within(1, 99_999).to_string());
        parts.join("-")
    }),
    ("sentences", false, |random, _| {
        let count = random.within(3, 20);
        (0..count).map(|_| random.pick(WORDS)).collect::<Vec<_>>().join(" ")
    }),
    ("sentences with numbers", false, |random, _| {
        format!(
            "{} {} of {} in {}",
            random.pick(WORDS),
            random.within(1, 9_999_999),
            random.within(1, 9_999_999),
            random.within(1900, 2099)
        )
    }),
    ("paths", false, |random, _| {
        format!(
            "/api/v{}/{}/{}/{}",
            random.within(1, 3),
            random.pick(WORDS),
            random.within(1, 99_999_999),
            random.pick(WORDS)
        )
    }),
    ("URLs", false, |random, _| {
        format!(
            "https://cdn.example.com/{}/{}/{}.png?v={}",
            random.pick(WORDS),
            random.of(HEX, 12),
            random.digits(10),
            random.digits(8)
        )
    }),
    ("file names", false, |random, _| {
        let (year, month, day) = random.date();
        format!("IMG_{year}{month:02}{day:02}_{}.jpg", random.digits(6))
    }),
    ("files by number", false, |random, _| {
        let count = random.within(9, 19);
        format!("{}.jpg", random.digits(count))
    }),
    ("image files of two sizes", false, |random, _| format!("{}@{}x.png", random.pick(WORDS), random.within(2, 3))),
    ("packages with versions", false, |random, _| {
        format!("{}@{}.{}.{}", random.pick(WORDS), random.within(0, 30), random.within(0, 30), random.within(0, 30))
    }),
    ("times", false, |random, _| {
        format!(
            "{:02}:{:02}:{:02}.{}",
            random.within(0, 23),
            random.within(0, 59),
            random.within(0, 59),
            random.digits(3)
        )
    }),
    ("ratios and ranges", false, |random, _| {
        format!("{}-{}/{}", random.within(0, 99_999), random.within(0, 999_999), random.within(0, 9_999_999))
    }),
    ("masked cards", false, |random, _| match random.within(0, 2) {
        0 => random.like("•••• •••• •••• ####"),
        1 => format!("************{}", random.digits(4)),
        _ => format!("{}******{}", random.digits(6), random.digits(4)),
    }),
    ("ETags", false, |random, _| format!("W/\"{}-{}\"", random.of(HEX, 8), random.of(HEX, 12))),
    ("trace contexts", false, |random, _| random.like("00-????????????????????????????????-????????????????-01")),
    ("ARNs", false, |random, _| {
        format!("arn:aws:s3:eu-west-1:{}:{}/{}", random.digits(12), random.pick(WORDS), random.of(LOWER_DIGITS, 12))
    }),
    ("measurements", false, |random, _| {
        format!("{}.{} {}", random.within(0, 9999), random.digits(3), random.pick(&["kg", "ms", "MB", "km", "%"]))
    }),
    ("transaction hashes", false, |random, _| format!("0x{}", random.of(HEX, 64))),
    ("IPv4 addresses", true, |random, _| {
        format!(
            "{}.{}.{}.{}",
            random.within(1, 255),
            random.within(0, 255),
            random.within(0, 255),
            random.within(0, 255)
        )
    }),
    ("IPv4 addresses with ports", true, |random, _| {
        format!(
            "10.{}.{}.{}:{}",
            random.within(0, 255),
            random.within(0, 255),
            random.within(0, 255),
            random.within(1, 65_535)
        )
    }),
    ("IPv6 addresses", true, |random, _| random.like("2001:db8:????:????:????:????:????:????")),
    ("MAC addresses", true, |random, _| random.like("??:??:??:??:??:??")),
];

/// A thirteen-digit article number with its check digit.
fn ean(random: &mut Random) -> String {
    let body = format!("{}{}", random.pick(&["978", "400", "690", "500", "880", "301"]), random.digits(9));
    let total: u32 =
        body.bytes().zip([1, 3].into_iter().cycle()).map(|(byte, weight)| u32::from(byte - b'0') * weight).sum();
    format!("{body}{}", (10 - total % 10) % 10)
}

/// A postal item's number with its check digit.
fn s10(random: &mut Random) -> String {
    let body = random.digits(8);
    let total: u32 =
        body.bytes().zip([8, 6, 4, 2, 3, 5, 9, 7]).map(|(byte, weight)| u32::from(byte - b'0') * weight).sum();
    let check = match 11 - total % 11 {
        10 => 0,
        11 => 5,
        check => check,
    };
    format!("{}{body}{check}{}", random.of(UPPER, 2), random.pick(&["CN", "US", "DE", "GB"]))
}
