//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::clock::SECOND_NS;
use crate::security::Wanted;
use crate::store::Bounds;

/// How much longer than any clock that is taken a stream is remembered.
const MARGIN_NS: u64 = 3600 * SECOND_NS;

/// Takes what Ostiary's filters report by OTLP/gRPC, counts each record once, and answers what
/// passed and what is missing as JSON.
#[derive(Debug, Clone, Parser)]
#[command(name = "ostiary-collector", version)]
pub struct Options {
    /// Where filters send records (OTLP/gRPC); port 0 takes any free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4317")]
    pub otlp: SocketAddr,
    /// Where questions are answered (HTTP, JSON); port 0 takes any free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8787")]
    pub http: SocketAddr,
    /// What everything is kept in: a file, or a PostgreSQL database (postgres://user@host/database) that several collectors may share.
    #[arg(long, value_name = "FILE|URL", default_value = "ostiary.sqlite")]
    pub store: String,
    /// A file with the password for the database.
    #[arg(long, value_name = "FILE")]
    pub store_password_file: Option<PathBuf>,
    /// A file with the token that callers of both ports must send.
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// The certificate chain of both ports, PEM.
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// Its private key, PEM.
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// The authority whose client certificates are let in, PEM; makes it mTLS.
    #[arg(long, value_name = "FILE")]
    pub tls_client_ca: Option<PathBuf>,
    /// How many operations are kept; further ones are counted in one row.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub operations_max: u64,
    /// How many streams are kept; records of further ones are rejected.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub streams_max: u64,
    /// How many callers, networks and verdicts of operations are told apart in one hour; further ones are counted by operation alone.
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    pub flows_max: u64,
    /// How long series are kept by the minute; then by the hour.
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration)]
    pub keep_minutes: Duration,
    /// How long series are kept by the hour; then by the day.
    #[arg(long, value_name = "TIME", default_value = "35d", value_parser = duration)]
    pub keep_hours: Duration,
    /// How long series are kept by the day.
    #[arg(long, value_name = "TIME", default_value = "400d", value_parser = duration)]
    pub keep_days: Duration,
    /// How long flows are kept by the hour; then by the day.
    #[arg(long, value_name = "TIME", default_value = "48h", value_parser = duration)]
    pub keep_flow_hours: Duration,
    /// How long flows are kept by the day.
    #[arg(long, value_name = "TIME", default_value = "90d", value_parser = duration)]
    pub keep_flow_days: Duration,
    /// How many recent calls are kept; as many refusals beside them.
    #[arg(long, value_name = "N", default_value_t = 50_000)]
    pub calls_max: u64,
    /// How long a recent call is kept.
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration)]
    pub calls_age: Duration,
    /// How many calls a second are kept whole, all while they are fewer; beyond it a few of each operation and outcome.
    #[arg(long, value_name = "N", default_value_t = 500)]
    pub calls_per_second: u32,
    /// How many refusals a second are kept whole; beyond it a few of each operation and outcome.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub refusals_per_second: u32,
    /// How far a record's clock may be behind.
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = duration)]
    pub late: Duration,
    /// How far a record's clock may be ahead.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration)]
    pub early: Duration,
    /// How many exports may be under way at once.
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub exports_max: u32,
    /// How many mebibytes of records may be under way at once.
    #[arg(long, value_name = "MIB", default_value_t = 128, value_parser = clap::value_parser!(u32).range(16..=65_536))]
    pub in_flight_mib: u32,
    /// How many records a second are taken; 0 for no bound.
    #[arg(long, value_name = "N", default_value_t = 500_000)]
    pub records_per_second: u64,
}

// === impl Options ===

impl Options {
    /// What is said about security.
    #[must_use]
    pub fn security(&self) -> Wanted {
        Wanted {
            token_file: self.token_file.clone(),
            tls_cert: self.tls_cert.clone(),
            tls_key: self.tls_key.clone(),
            tls_client_ca: self.tls_client_ca.clone(),
        }
    }

    /// How much is kept.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        let stream_age_ns = nanos(self.late).saturating_add(nanos(self.early)).saturating_add(MARGIN_NS);
        Bounds {
            operations_max: self.operations_max,
            streams_max: self.streams_max,
            calls_max: self.calls_max,
            calls_age_ns: nanos(self.calls_age),
            stream_age_ns,
            policies_max: 10_000,
            flows_max: self.flows_max,
            rules_max: 50_000,
            data_types_max: 50_000,
            notes_max: 200_000,
            minutes_ns: nanos(self.keep_minutes),
            hours_ns: nanos(self.keep_hours),
            days_ns: nanos(self.keep_days),
            flow_hours_ns: nanos(self.keep_flow_hours),
            flow_days_ns: nanos(self.keep_flow_days),
        }
    }

    /// How many bytes of records may be under way at once.
    #[must_use]
    pub fn in_flight_bytes(&self) -> usize {
        usize::try_from(u64::from(self.in_flight_mib) << 20).unwrap_or(usize::MAX)
    }
}

/// A duration's nanoseconds.
#[must_use]
pub fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// `90s`, `10m`, `24h`, `7d`: a whole number and its unit.
fn duration(text: &str) -> Result<Duration, String> {
    let units = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)];
    let seconds = units.iter().find_map(|&(unit, seconds)| {
        let number = text.strip_suffix(unit)?.parse::<u64>().ok()?;
        number.checked_mul(seconds).filter(|seconds| (1..=MAX_SECONDS).contains(seconds))
    });
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| "it is a whole number with its unit, such as 90s, 10m, 24h or 7d, up to 3650d".to_owned())
}

const MAX_SECONDS: u64 = 3650 * 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_are_sound() {
        use clap::CommandFactory;
        Options::command().debug_assert();
    }

    #[test]
    fn durations_have_units_and_bounds() {
        for (text, want) in [("90s", Some(90)), ("10m", Some(600)), ("7d", Some(604_800))] {
            assert_eq!(duration(text).ok().map(|d| d.as_secs()), want);
        }
        for text in ["", "s", "10", "0s", "-1s", "1.5h", "99999d", "18446744073709551615d", "1y"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
