-- What kinds of data were found in an operation's answers: in how many records, and how many values. The weight counts values here.
CREATE TABLE data_types (
    operation BYTEA NOT NULL,
    name      TEXT NOT NULL,
    writer    BIGINT NOT NULL,
    records   BIGINT NOT NULL,
    weight    BIGINT NOT NULL,
    last_ns   BIGINT NOT NULL,
    PRIMARY KEY (operation, name, writer)
) {keyed};

-- Families are told from their heads down.
CREATE INDEX aliases_by_target ON aliases (target);
