-- A store as the first version left it: written by that program, dumped as it was. Two streams of eight records, one of which
-- came twice, a heartbeat and a policy.
BEGIN TRANSACTION;
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
INSERT INTO "calls" VALUES(1,'00000000000000000000000000000001',0,1795647075609240639,'request-0','00000000000000000000000000000000','{"http.request.method":"POST","http.response.status_code":200,"ostiary.api.name":"api-0","ostiary.operation.declared":true,"ostiary.operation.host":"host-0.example","ostiary.operation.id":"00000000000000000000000000000000","ostiary.operation.protocol":"rest","ostiary.request.duration":1000000,"ostiary.request.id":"request-0","ostiary.request.seen":true,"ostiary.stream.seq":0,"url.template":"/things/0/{id}"}',1795647095624656517);
INSERT INTO "calls" VALUES(2,'00000000000000000000000000000001',1,1795647076609240639,'request-1','00000000000000000000000000000000','{"http.request.method":"POST","http.response.status_code":404,"ostiary.api.name":"api-0","ostiary.operation.declared":true,"ostiary.operation.host":"host-0.example","ostiary.operation.id":"00000000000000000000000000000000","ostiary.operation.protocol":"rest","ostiary.request.duration":2000000,"ostiary.request.id":"request-1","ostiary.request.seen":true,"ostiary.stream.seq":1,"url.template":"/things/0/{id}"}',1795647095624656517);
INSERT INTO "calls" VALUES(3,'00000000000000000000000000000001',2,1795647077609240639,'request-2','00000000000000000000000000000001','{"http.request.method":"GET","http.response.status_code":200,"ostiary.operation.declared":false,"ostiary.operation.host":"host-1.example","ostiary.operation.id":"00000000000000000000000000000001","ostiary.operation.protocol":"rest","ostiary.request.duration":3000000,"ostiary.request.id":"request-2","ostiary.request.seen":true,"ostiary.stream.seq":2,"url.template":"/things/1/{id}"}',1795647095624656517);
INSERT INTO "calls" VALUES(4,'00000000000000000000000000000001',4,1795647079609240639,'request-4','','{"http.response.status_code":400,"ostiary.request.duration":5000000,"ostiary.request.id":"request-4","ostiary.request.seen":false,"ostiary.stream.seq":4}',1795647095624656517);
INSERT INTO "calls" VALUES(5,'00000000000000000000000000000001',5,1795647080609240639,'request-5','00000000000000000000000000000003','{"http.request.method":"GET","http.response.status_code":403,"ostiary.operation.declared":false,"ostiary.operation.host":"host-0.example","ostiary.operation.id":"00000000000000000000000000000003","ostiary.operation.protocol":"rest","ostiary.request.duration":6000000,"ostiary.request.id":"request-5","ostiary.request.seen":true,"ostiary.stream.seq":5,"url.template":"/things/3/{id}"}',1795647095624656517);
INSERT INTO "calls" VALUES(6,'00000000000000000000000000000002',0,1795647075609240639,'request-0','00000000000000000000000000000000','{"http.request.method":"POST","http.response.status_code":503,"ostiary.api.name":"api-0","ostiary.operation.declared":true,"ostiary.operation.host":"host-0.example","ostiary.operation.id":"00000000000000000000000000000000","ostiary.operation.protocol":"rest","ostiary.request.duration":1000000,"ostiary.request.id":"request-0","ostiary.request.seen":true,"ostiary.stream.seq":0,"url.template":"/things/0/{id}"}',1795647095657730988);
INSERT INTO "calls" VALUES(7,'00000000000000000000000000000002',9,1795647084609240639,'request-9','00000000000000000000000000000001','{"http.request.method":"GET","http.response.status_code":200,"ostiary.operation.declared":false,"ostiary.operation.host":"host-1.example","ostiary.operation.id":"00000000000000000000000000000001","ostiary.operation.protocol":"rest","ostiary.request.duration":10000000,"ostiary.request.id":"request-9","ostiary.request.seen":true,"ostiary.stream.seq":9,"url.template":"/things/1/{id}"}',1795647095657730988);
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
INSERT INTO "forgotten" VALUES(1,0,0,0,0,0,0,0,0,0);
CREATE TABLE forgotten_streams (
    id         TEXT PRIMARY KEY,
    arrived_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
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
INSERT INTO "operations" VALUES('00000000000000000000000000000003','test','inbound','host-0.example','rest','GET','/things/3/{id}','',0,1795647080609240639,1,0,0,0,0,1,0,X'01960501',5957882,5957882,5957882,1795647080609240639,1795647080609240639,0);
INSERT INTO "operations" VALUES('00000000000000000000000000000000','test','inbound','host-0.example','rest','POST','/things/0/{id}','api-0',1,1795647076609240639,3,0,0,1,0,1,1,X'01BD04022201',1004690,1983153,1983153,1795647075609240639,1795647076609240639,1795647075609240639);
INSERT INTO "operations" VALUES('00000000000000000000000000000001','test','inbound','host-1.example','rest','GET','/things/1/{id}','',0,1795647084609240639,2,0,0,2,0,0,0,X'01F404013C01',3018309,10021481,10021481,1795647077609240639,1795647084609240639,1795647084609240639);
CREATE TABLE policies (
    stream     TEXT NOT NULL,
    time_ns    INTEGER NOT NULL,
    accepted   INTEGER NOT NULL,
    revision   TEXT NOT NULL,
    attributes TEXT NOT NULL,
    PRIMARY KEY (time_ns, stream, accepted, revision)
) STRICT, WITHOUT ROWID;
INSERT INTO "policies" VALUES('00000000000000000000000000000001',1795647095662448301,1,'abc123','{"ostiary.policy.revision":"abc123"}');
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
INSERT INTO "streams" VALUES('00000000000000000000000000000002','0.1.0','','','test','inbound','gateway',X'00000900',12,0,1795647095661083234,0,0,'{"queue_full":2}',0,2,0,0,0,0,1795647075609240639,1795647095661083234,1795647095661596521,0,0,0,'');
INSERT INTO "streams" VALUES('00000000000000000000000000000001','0.1.0','','','test','inbound','gateway',X'00020201',6,0,0,0,0,'{}',0,5,1,0,0,1,1795647075609240639,1795647095662448301,1795647095662801600,0,0,1795647095662448301,'abc123');
CREATE INDEX streams_by_arrival ON streams (arrived_ns);
CREATE INDEX calls_by_request ON calls (request_id) WHERE request_id <> '';
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('calls',7);
COMMIT;
PRAGMA user_version = 1;
PRAGMA application_id = 1332966514;
