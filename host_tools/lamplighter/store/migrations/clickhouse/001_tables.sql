-- One statement ends with a semicolon at the end of its line. ClickHouse has no transaction over several statements, so
-- each can be run again.
-- Each table holds copies: the engine merges rows of one key (ORDER BY) to one, at some time, and the view of the same
-- name (without _copy) shows them merged already. So a row that is inserted once more, after a lost answer, changes
-- nothing. Tables are not partitioned: the rows of a batch are one block, which is there whole or not at all. Without
-- fsync an insert would be acknowledged that a power cut of the server takes away.

-- Of copies of one key the highest rank counts, of equal ones the last.
CREATE TABLE IF NOT EXISTS record_copy (
    site LowCardinality(String),
    node LowCardinality(String),
    life Int32 COMMENT 'counts up when another device starts the counters of this node anew',
    b Int64 COMMENT 'boot count of the node',
    s Int64 COMMENT 'sequence number within the boot, from 0, without gaps',
    topic String CODEC(ZSTD(1)),
    kind LowCardinality(String) COMMENT 'message of the contract; empty: one that this version does not know',
    parameter LowCardinality(String) COMMENT 'parking bay or alarm code from the topic',
    ts Nullable(DateTime64(6, 'UTC')) COMMENT 'end of the window; null: unknown, or before 2024, or in the future',
    tq Int32 COMMENT 'quality of ts: 0 none, 1 estimated, 2 RTC, 3 NTP, 4 GNSS',
    tu Nullable(Int64) COMMENT 'uncertainty of ts in ms',
    h Int32 COMMENT '1: the record waited in the node''s journal',
    received DateTime64(6, 'UTC') COMMENT 'first arrival at the store',
    retained Bool COMMENT 'only the broker''s retained copy was received',
    body String CODEC(ZSTD(1)) COMMENT 'the payload as it was sent',
    rank UInt8 MATERIALIZED 2 * tq + NOT retained COMMENT 'of copies of one key the highest counts',
    CONSTRAINT readable CHECK isValidJSON(body)
) ENGINE = ReplacingMergeTree(rank) ORDER BY (site, node, b, s, life)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Numbered messages; read them by the view record, which has each once';

CREATE VIEW IF NOT EXISTS record AS SELECT * FROM record_copy FINAL
COMMENT 'Numbered messages, each once by (site, node, life, b, s)';

CREATE TABLE IF NOT EXISTS place (
    place Int64,
    holder String COMMENT 'computer and process of the store; empty: none',
    renewed DateTime64(6)
) ENGINE = ReplacingMergeTree(renewed) ORDER BY place
COMMENT 'Which store has which place of the subscription';

-- what keeps messages for the store may give several the same time of arrival
CREATE TABLE IF NOT EXISTS message_copy (
    site LowCardinality(String),
    node LowCardinality(String),
    topic String,
    kind LowCardinality(String),
    parameter LowCardinality(String),
    received DateTime64(6, 'UTC'),
    body Nullable(String) CODEC(ZSTD(1)),
    CONSTRAINT readable CHECK body IS NULL OR isValidJSON(body)
) ENGINE = ReplacingMergeTree ORDER BY (topic, received, cityHash64(coalesce(body, '')))
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Messages without a number; read them by the view message, which has each once';

CREATE VIEW IF NOT EXISTS message AS SELECT * FROM message_copy FINAL
COMMENT 'Messages without a number: state, info, diag, and the end of an alarm (body null)';

CREATE TABLE IF NOT EXISTS rejected_copy (
    received DateTime64(6, 'UTC'),
    topic String,
    reason String,
    payload String
) ENGINE = ReplacingMergeTree ORDER BY (received, topic, cityHash64(payload))
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Messages that break the contract; read them by the view rejected, which has each once';

CREATE VIEW IF NOT EXISTS rejected AS SELECT * FROM rejected_copy FINAL
COMMENT 'Messages that break the contract, as they were received';
