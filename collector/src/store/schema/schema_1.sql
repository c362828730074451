-- Times are nanoseconds since 1970; text that was not reported is ''.

CREATE TABLE operations (
    id           TEXT PRIMARY KEY,
    environment  TEXT NOT NULL,
    direction    TEXT NOT NULL,
    host         TEXT NOT NULL,
    protocol     TEXT NOT NULL,
    method       TEXT NOT NULL,
    template     TEXT NOT NULL,
    api          TEXT NOT NULL,
    declared     INTEGER NOT NULL,
    described_ns INTEGER NOT NULL,
    calls        INTEGER NOT NULL,
    class_none   INTEGER NOT NULL,
    class_1      INTEGER NOT NULL,
    class_2      INTEGER NOT NULL,
    class_3      INTEGER NOT NULL,
    class_4      INTEGER NOT NULL,
    class_5      INTEGER NOT NULL,
    latency      BLOB NOT NULL,
    -- Quantiles of `latency`, kept beside it because rows are sorted by them.
    p50_ns       INTEGER NOT NULL,
    p90_ns       INTEGER NOT NULL,
    p99_ns       INTEGER NOT NULL,
    first_ns     INTEGER NOT NULL,
    last_ns      INTEGER NOT NULL,
    success_ns   INTEGER NOT NULL
) STRICT;

CREATE TABLE streams (
    id              TEXT PRIMARY KEY,
    version         TEXT NOT NULL,
    node_id         TEXT NOT NULL,
    node_cluster    TEXT NOT NULL,
    environment     TEXT NOT NULL,
    direction       TEXT NOT NULL,
    vantage         TEXT NOT NULL,
    -- The sequence numbers that have come, as runs.
    came            BLOB NOT NULL,
    made            INTEGER NOT NULL,
    sent            INTEGER NOT NULL,
    open_ns         INTEGER NOT NULL,
    open            INTEGER NOT NULL,
    heartbeat_ns    INTEGER NOT NULL,
    dropped         TEXT NOT NULL,
    dropped_total   INTEGER NOT NULL,
    received        INTEGER NOT NULL,
    unseen          INTEGER NOT NULL,
    unplaced        INTEGER NOT NULL,
    rejected        INTEGER NOT NULL,
    duplicates      INTEGER NOT NULL,
    first_ns        INTEGER NOT NULL,
    last_ns         INTEGER NOT NULL,
    arrived_ns      INTEGER NOT NULL,
    stopped         INTEGER NOT NULL,
    lost            INTEGER NOT NULL,
    policy_ns       INTEGER NOT NULL,
    policy_revision TEXT NOT NULL
) STRICT;

CREATE INDEX streams_by_arrival ON streams (arrived_ns);

-- A ring: the position is never used twice, so that a tail can follow it.
CREATE TABLE calls (
    position   INTEGER PRIMARY KEY AUTOINCREMENT,
    stream     TEXT NOT NULL,
    seq        INTEGER NOT NULL,
    time_ns    INTEGER NOT NULL,
    request_id TEXT NOT NULL,
    operation  TEXT NOT NULL,
    attributes TEXT NOT NULL,
    arrived_ns INTEGER NOT NULL
) STRICT;

CREATE INDEX calls_by_request ON calls (request_id) WHERE request_id <> '';

CREATE TABLE policies (
    stream     TEXT NOT NULL,
    time_ns    INTEGER NOT NULL,
    accepted   INTEGER NOT NULL,
    revision   TEXT NOT NULL,
    attributes TEXT NOT NULL,
    PRIMARY KEY (time_ns, stream, accepted, revision)
) STRICT, WITHOUT ROWID;

-- The sums of the streams that were forgotten for age: totals never shrink.
CREATE TABLE forgotten (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    streams    INTEGER NOT NULL,
    made       INTEGER NOT NULL,
    received   INTEGER NOT NULL,
    unseen     INTEGER NOT NULL,
    unplaced   INTEGER NOT NULL,
    rejected   INTEGER NOT NULL,
    missing    INTEGER NOT NULL,
    dropped    INTEGER NOT NULL,
    duplicates INTEGER NOT NULL
) STRICT;

-- Their ids, so that a record that comes even later does not open their books anew.
CREATE TABLE forgotten_streams (
    id         TEXT PRIMARY KEY,
    arrived_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO forgotten VALUES (1, 0, 0, 0, 0, 0, 0, 0, 0, 0);
