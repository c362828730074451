-- One schema for both stores: BIGINT, BYTEA and {keyed} are spelled as each store spells them. Times are nanoseconds since 1970 unless
-- their name says otherwise; text that was not reported is ''; weights are thousandths of a call; an operation's id is 16 bytes.
-- What a collector adds up is keyed by its writer's number and merged on read: no writer ever touches another's rows.

CREATE TABLE writers (
    id      BIGINT NOT NULL PRIMARY KEY,
    seen_ns BIGINT NOT NULL
) {strict};

CREATE TABLE operations (
    id           BYTEA NOT NULL,
    writer       BIGINT NOT NULL,
    environment  TEXT NOT NULL,
    direction    TEXT NOT NULL,
    host         TEXT NOT NULL,
    protocol     TEXT NOT NULL,
    method       TEXT NOT NULL,
    template     TEXT NOT NULL,
    api          TEXT NOT NULL,
    declared     BIGINT NOT NULL,
    described_ns BIGINT NOT NULL,
    -- Parts of `sums`, kept beside it because rows are sorted by them.
    weight       BIGINT NOT NULL,
    first_ns     BIGINT NOT NULL,
    last_ns      BIGINT NOT NULL,
    success_ns   BIGINT NOT NULL,
    p99_ns       BIGINT NOT NULL,
    sums         BYTEA NOT NULL,
    PRIMARY KEY (id, writer)
) {keyed};

-- Level 0 counts starts in minutes since 1970, 1 in hours, 2 in days. The start comes early in the key: what is written now lies
-- together, and so does what grows old.
CREATE TABLE cells (
    level     BIGINT NOT NULL,
    start     BIGINT NOT NULL,
    operation BYTEA NOT NULL,
    vantage   BIGINT NOT NULL,
    writer    BIGINT NOT NULL,
    sums      BYTEA NOT NULL,
    PRIMARY KEY (level, start, operation, vantage, writer)
) {keyed};

CREATE TABLE flows (
    level      BIGINT NOT NULL,
    start      BIGINT NOT NULL,
    operation  BYTEA NOT NULL,
    writer     BIGINT NOT NULL,
    caller     TEXT NOT NULL,
    prefix     TEXT NOT NULL,
    country    TEXT NOT NULL,
    credential TEXT NOT NULL,
    verdict    BIGINT NOT NULL,
    records    BIGINT NOT NULL,
    weight     BIGINT NOT NULL,
    last_ns    BIGINT NOT NULL,
    PRIMARY KEY (level, start, operation, writer, caller, prefix, country, credential, verdict)
) {keyed};

CREATE TABLE rules (
    name      TEXT NOT NULL,
    refusal   TEXT NOT NULL,
    origin    TEXT NOT NULL,
    would_be  BIGINT NOT NULL,
    operation BYTEA NOT NULL,
    writer    BIGINT NOT NULL,
    records   BIGINT NOT NULL,
    weight    BIGINT NOT NULL,
    last_ns   BIGINT NOT NULL,
    PRIMARY KEY (name, refusal, origin, would_be, operation, writer)
) {keyed};

-- An operation that is part of another: its rows stay under its own id and are merged on read, so that it can be taken apart again.
CREATE TABLE aliases (
    id       BYTEA NOT NULL PRIMARY KEY,
    target   BYTEA NOT NULL,
    reason   TEXT NOT NULL,
    since_ns BIGINT NOT NULL
) {keyed};

CREATE TABLE streams (
    id              TEXT NOT NULL PRIMARY KEY,
    version         TEXT NOT NULL,
    node_id         TEXT NOT NULL,
    node_cluster    TEXT NOT NULL,
    environment     TEXT NOT NULL,
    direction       TEXT NOT NULL,
    vantage         TEXT NOT NULL,
    -- The sequence numbers that have come, as runs.
    came            BYTEA NOT NULL,
    made            BIGINT NOT NULL,
    sent            BIGINT NOT NULL,
    open_ns         BIGINT NOT NULL,
    open            BIGINT NOT NULL,
    heartbeat_ns    BIGINT NOT NULL,
    dropped         TEXT NOT NULL,
    dropped_total   BIGINT NOT NULL,
    -- The most of both, kept because it is summed.
    dropped_all     BIGINT NOT NULL,
    received        BIGINT NOT NULL,
    unseen          BIGINT NOT NULL,
    unplaced        BIGINT NOT NULL,
    rejected        BIGINT NOT NULL,
    duplicates      BIGINT NOT NULL,
    first_ns        BIGINT NOT NULL,
    last_ns         BIGINT NOT NULL,
    arrived_ns      BIGINT NOT NULL,
    stopped         BIGINT NOT NULL,
    lost            BIGINT NOT NULL,
    policy_ns       BIGINT NOT NULL,
    policy_revision TEXT NOT NULL
) {strict};

CREATE INDEX streams_by_arrival ON streams (arrived_ns);

-- The position is never used twice, so that a tail can follow it.
CREATE TABLE calls (
    position   BIGINT NOT NULL PRIMARY KEY,
    stream     TEXT NOT NULL,
    seq        BIGINT NOT NULL,
    time_ns    BIGINT NOT NULL,
    request_id TEXT NOT NULL,
    -- Empty where the record names none.
    operation  BYTEA NOT NULL,
    -- A refusal or a finding: such calls have a ring of their own.
    notable    BIGINT NOT NULL,
    attributes TEXT NOT NULL,
    arrived_ns BIGINT NOT NULL
) {strict};

CREATE INDEX calls_by_request ON calls (request_id) WHERE request_id <> '';
CREATE INDEX calls_by_operation ON calls (operation, position);
CREATE INDEX calls_by_kind ON calls (notable, position);

CREATE TABLE fingerprints (
    fingerprint TEXT NOT NULL,
    position    BIGINT NOT NULL,
    PRIMARY KEY (fingerprint, position)
) {keyed};

CREATE INDEX fingerprints_by_position ON fingerprints (position);

CREATE TABLE policies (
    stream     TEXT NOT NULL,
    time_ns    BIGINT NOT NULL,
    accepted   BIGINT NOT NULL,
    revision   TEXT NOT NULL,
    attributes TEXT NOT NULL,
    PRIMARY KEY (time_ns, stream, accepted, revision)
) {keyed};

-- The sums of the streams that were forgotten for age: totals never shrink.
CREATE TABLE forgotten (
    one        BIGINT NOT NULL PRIMARY KEY,
    streams    BIGINT NOT NULL,
    made       BIGINT NOT NULL,
    received   BIGINT NOT NULL,
    unseen     BIGINT NOT NULL,
    unplaced   BIGINT NOT NULL,
    rejected   BIGINT NOT NULL,
    missing    BIGINT NOT NULL,
    dropped    BIGINT NOT NULL,
    duplicates BIGINT NOT NULL
) {strict};

-- Their ids, so that a record that comes even later does not open their books anew.
CREATE TABLE forgotten_streams (
    id         TEXT NOT NULL PRIMARY KEY,
    arrived_ns BIGINT NOT NULL
) {keyed};

CREATE INDEX forgotten_streams_by_arrival ON forgotten_streams (arrived_ns);

-- The last position that was given to a call.
CREATE TABLE positions (
    one  BIGINT NOT NULL PRIMARY KEY,
    last BIGINT NOT NULL
) {strict};

INSERT INTO forgotten VALUES (1, 0, 0, 0, 0, 0, 0, 0, 0, 0);
INSERT INTO positions VALUES (1, 0);
