//! The tables and their columns, held against the schema by a test.

use crate::store::sql::Kind::{Bytes, Int, Text};
use crate::store::sql::Table;

/// What is known of each operation, by writer.
pub static OPERATIONS: Table = Table {
    name: "operations",
    columns: &[
        ("id", Bytes),
        ("writer", Int),
        ("environment", Text),
        ("direction", Text),
        ("host", Text),
        ("protocol", Text),
        ("method", Text),
        ("template", Text),
        ("api", Text),
        ("declared", Int),
        ("name", Text),
        ("described_ns", Int),
        ("weight", Int),
        ("first_ns", Int),
        ("last_ns", Int),
        ("success_ns", Int),
        ("p99_ns", Int),
        ("sums", Bytes),
    ],
    key: 2,
};

/// Sums of minutes, hours and days, by writer.
pub static CELLS: Table = Table {
    name: "cells",
    columns: &[
        ("level", Int),
        ("start", Int),
        ("operation", Bytes),
        ("vantage", Int),
        ("writer", Int),
        ("sums", Bytes),
    ],
    key: 5,
};

/// Who called what, by writer.
pub static FLOWS: Table = Table {
    name: "flows",
    columns: &[
        ("level", Int),
        ("start", Int),
        ("operation", Bytes),
        ("writer", Int),
        ("caller", Text),
        ("prefix", Text),
        ("country", Text),
        ("credential", Text),
        ("verdict", Int),
        ("records", Int),
        ("weight", Int),
        ("last_ns", Int),
    ],
    key: 9,
};

/// What each rule refused, by writer.
pub static RULES: Table = Table {
    name: "rules",
    columns: &[
        ("name", Text),
        ("refusal", Text),
        ("origin", Text),
        ("would_be", Int),
        ("operation", Bytes),
        ("writer", Int),
        ("records", Int),
        ("weight", Int),
        ("last_ns", Int),
    ],
    key: 6,
};

/// What kinds of data were found in each operation's answers, by writer.
pub static DATA_TYPES: Table = Table {
    name: "data_types",
    columns: &[
        ("operation", Bytes),
        ("name", Text),
        ("writer", Int),
        ("records", Int),
        ("weight", Int),
        ("last_ns", Int),
    ],
    key: 3,
};

/// Operations that are part of others.
pub static ALIASES: Table = Table {
    name: "aliases",
    columns: &[("id", Bytes), ("target", Bytes), ("reason", Text), ("since_ns", Int)],
    key: 1,
};

/// Streams with their books.
pub static STREAMS: Table = Table {
    name: "streams",
    columns: &[
        ("id", Text),
        ("version", Text),
        ("node_id", Text),
        ("node_cluster", Text),
        ("environment", Text),
        ("direction", Text),
        ("vantage", Text),
        ("came", Bytes),
        ("made", Int),
        ("sent", Int),
        ("open_ns", Int),
        ("open", Int),
        ("heartbeat_ns", Int),
        ("dropped", Text),
        ("dropped_total", Int),
        ("dropped_all", Int),
        ("received", Int),
        ("unseen", Int),
        ("unplaced", Int),
        ("rejected", Int),
        ("duplicates", Int),
        ("first_ns", Int),
        ("last_ns", Int),
        ("arrived_ns", Int),
        ("stopped", Int),
        ("lost", Int),
        ("policy_ns", Int),
        ("policy_revision", Text),
    ],
    key: 1,
};

/// The ring of whole records.
pub static CALLS: Table = Table {
    name: "calls",
    columns: &[
        ("position", Int),
        ("stream", Text),
        ("seq", Int),
        ("time_ns", Int),
        ("request_id", Text),
        ("operation", Bytes),
        ("notable", Int),
        ("attributes", Text),
        ("arrived_ns", Int),
    ],
    key: 1,
};

/// Which calls were about what.
pub static FINGERPRINTS: Table =
    Table { name: "fingerprints", columns: &[("fingerprint", Text), ("position", Int)], key: 2 };

/// Policies that were taken or refused.
pub static POLICIES: Table = Table {
    name: "policies",
    columns: &[("time_ns", Int), ("stream", Text), ("accepted", Int), ("revision", Text), ("attributes", Text)],
    key: 4,
};

/// Ids of streams whose books are closed.
pub static FORGOTTEN_STREAMS: Table =
    Table { name: "forgotten_streams", columns: &[("id", Text), ("arrived_ns", Int)], key: 1 };

/// Every table, for the test of the schema.
pub static ALL: [&Table; 11] = [
    &OPERATIONS,
    &CELLS,
    &FLOWS,
    &RULES,
    &DATA_TYPES,
    &ALIASES,
    &STREAMS,
    &CALLS,
    &FINGERPRINTS,
    &POLICIES,
    &FORGOTTEN_STREAMS,
];
