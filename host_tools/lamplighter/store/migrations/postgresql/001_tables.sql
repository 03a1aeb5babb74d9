-- Records have a number (b, s) and are kept once by (site, node, b, s, life). The key has a table of its own, seen:
-- it decides what is new when several stores write, and it stays when old values are dropped or moved. record has no
-- unique index, so that TimescaleDB can cut it by arrival (received), which never changes.
CREATE TABLE seen (
    site text NOT NULL,
    node text NOT NULL,
    life integer NOT NULL,
    b bigint NOT NULL,
    s bigint NOT NULL,
    received timestamp NOT NULL,
    PRIMARY KEY (site, node, b, s, life)
);
COMMENT ON TABLE seen IS 'The key of every record with its first arrival';
COMMENT ON COLUMN seen.site IS 'City or district, from the topic';
COMMENT ON COLUMN seen.node IS 'Lamppost, unique within its site, from the topic';
COMMENT ON COLUMN seen.life IS 'Counts up when another device starts the counters of this node anew';
COMMENT ON COLUMN seen.b IS 'Boot count of the node';
COMMENT ON COLUMN seen.s IS 'Sequence number within the boot, from 0, without gaps';
COMMENT ON COLUMN seen.received IS 'UTC, first arrival at the store';

CREATE TABLE record (
    site text NOT NULL,
    node text NOT NULL,
    life integer NOT NULL,
    b bigint NOT NULL,
    s bigint NOT NULL,
    topic text NOT NULL,
    kind text NOT NULL,
    parameter text NOT NULL,
    ts timestamp,
    tq integer NOT NULL,
    tu bigint,
    h integer NOT NULL,
    received timestamp NOT NULL,
    retained boolean NOT NULL,
    body jsonb NOT NULL
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
COMMENT ON COLUMN record.body IS 'the payload';
-- received grows, so this index is cheap to add to; a record is found by the arrival that seen has
CREATE INDEX record_received ON record (received);
-- small indexes over ranges of pages: ts follows received but for what waited in a lamppost
CREATE INDEX record_ts ON record USING brin (ts);
CREATE INDEX record_event ON record (site, node, b) WHERE kind = 'evt_boot';

-- nodes whose counters another device began anew
CREATE TABLE device (
    site text NOT NULL,
    node text NOT NULL,
    life integer NOT NULL,
    PRIMARY KEY (site, node)
);
COMMENT ON TABLE device IS 'The current life of nodes whose counters were started anew';

CREATE TABLE message (
    site text NOT NULL,
    node text NOT NULL,
    topic text NOT NULL,
    kind text NOT NULL,
    parameter text NOT NULL,
    received timestamp NOT NULL,
    body jsonb
);
COMMENT ON TABLE message IS 'Messages without a number: state, info, diag, and the end of an alarm (body null)';
CREATE INDEX message_topic ON message (topic, received);

CREATE TABLE rejected (
    received timestamp NOT NULL,
    topic text NOT NULL,
    reason text NOT NULL,
    payload bytea NOT NULL
);
COMMENT ON TABLE rejected IS 'Messages that break the contract, as they were received';

-- A value of another type than the contract's (a later version may send one) is null in a view, and no error.
CREATE FUNCTION as_bigint(value text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN CASE
    WHEN value ~ '^-?[0-9]{1,18}$' THEN value::bigint
    WHEN value ~ '^-?[0-9]{1,18}\.[0-9]{1,18}$' THEN round(value::numeric)::bigint
END;
CREATE FUNCTION as_double(value text) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN CASE
    WHEN value ~ '^-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][-+]?[0-9]{1,2})?$' THEN value::double precision
END;
CREATE FUNCTION as_boolean(value text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN CASE value
    WHEN 'true' THEN true WHEN 'false' THEN false
END;
CREATE FUNCTION as_time(value text) RETURNS timestamp LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN value::timestamp;
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END $$;
