-- Records have a number (b, s) and are kept once by (site, node, life, b, s).
-- There is no unique index: DuckDB would hold it in memory. The store is the only writer and looks a number up
-- before it inserts the record; `lamplighter store check` counts duplicates all the same.
CREATE TABLE record (
    site VARCHAR NOT NULL,
    node VARCHAR NOT NULL,
    life INTEGER NOT NULL,
    b BIGINT NOT NULL,
    s BIGINT NOT NULL,
    topic VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    parameter VARCHAR NOT NULL,
    ts TIMESTAMP,
    tq INTEGER NOT NULL,
    tu BIGINT,
    h INTEGER NOT NULL,
    received TIMESTAMP NOT NULL,
    retained BOOLEAN NOT NULL,
    body JSON NOT NULL
);
COMMENT ON TABLE record IS 'Numbered messages, each once by (site, node, life, b, s)';
COMMENT ON COLUMN record.life IS 'counts up when another device starts the counters of this node anew';
COMMENT ON COLUMN record.b IS 'boot count of the node';
COMMENT ON COLUMN record.s IS 'sequence number within the boot, from 0, without gaps';
COMMENT ON COLUMN record.kind IS 'message of the contract; empty: one that this version does not know';
COMMENT ON COLUMN record.parameter IS 'parking bay or alarm code from the topic';
COMMENT ON COLUMN record.ts IS 'UTC, end of the window; null: unknown, or before 2024, or in the future';
COMMENT ON COLUMN record.tq IS 'quality of ts: 0 none, 1 estimated, 2 RTC, 3 NTP, 4 GNSS';
COMMENT ON COLUMN record.tu IS 'uncertainty of ts in ms';
COMMENT ON COLUMN record.h IS '1: the record waited in the node''s journal';
COMMENT ON COLUMN record.received IS 'UTC, first arrival at the store';
COMMENT ON COLUMN record.retained IS 'only the broker''s retained copy was received';
COMMENT ON COLUMN record.body IS 'the payload as it was sent';

CREATE TABLE message (
    site VARCHAR NOT NULL,
    node VARCHAR NOT NULL,
    topic VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    parameter VARCHAR NOT NULL,
    received TIMESTAMP NOT NULL,
    body JSON
);
COMMENT ON TABLE message IS 'Messages without a number: state, info, diag, and the end of an alarm (body null)';

CREATE TABLE rejected (
    received TIMESTAMP NOT NULL,
    topic VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    payload BLOB NOT NULL
);
COMMENT ON TABLE rejected IS 'Messages that break the contract, as they were received';
