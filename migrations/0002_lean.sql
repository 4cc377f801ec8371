-- Fewer pages a call: each index that a commit touches is a page to be written.
--
-- Times are found by the ten minutes they are in: `slot` is the first 15 characters of a
-- timestamp, and `first_seq` the first record of that slot. Only a record that begins a slot
-- touches the table.

DROP INDEX record_timestamp;
DROP INDEX record_session;
DROP INDEX record_tool;
DROP INDEX record_violation;

-- A column that is generated is made at each insert, needed or not; what a view names is made
-- when it is asked for. The indexes are over the same expressions.

ALTER TABLE record DROP COLUMN kind;
ALTER TABLE record DROP COLUMN timestamp;
ALTER TABLE record DROP COLUMN session_id;
ALTER TABLE record DROP COLUMN call_id;
ALTER TABLE record DROP COLUMN decision;
ALTER TABLE record DROP COLUMN event;
ALTER TABLE record DROP COLUMN tool;
ALTER TABLE record DROP COLUMN server;
ALTER TABLE record DROP COLUMN violation;
ALTER TABLE record DROP COLUMN frame;

CREATE VIEW entry AS SELECT
    seq,
    text,
    hash,
    json_extract(text, '$.kind') AS kind,
    json_extract(text, '$.timestamp') AS timestamp,
    json_extract(text, '$.session_id') AS session_id,
    json_extract(text, '$.call_id') AS call_id,
    json_extract(text, '$.decision') AS decision,
    json_extract(text, '$.event') AS event,
    json_extract(text, '$.tool') AS tool,
    json_extract(text, '$.server') AS server,
    json_extract(text, '$.violation') AS violation
FROM record;

CREATE INDEX record_session ON record (json_extract(text, '$.session_id'), seq);
CREATE INDEX record_tool ON record (json_extract(text, '$.tool'), seq)
    WHERE json_extract(text, '$.tool') IS NOT NULL;
CREATE INDEX record_refused ON record (json_extract(text, '$.decision'), seq)
    WHERE json_extract(text, '$.decision') <> 'ALLOW';

CREATE TABLE time_slot (
    slot      TEXT PRIMARY KEY,
    first_seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO time_slot
SELECT substr(timestamp, 1, 15), min(seq) FROM entry GROUP BY 1;

-- A slot that leads past its records would hide them from a query by time.

CREATE TRIGGER time_slot_append_only BEFORE INSERT ON time_slot
WHEN NEW.first_seq <> (SELECT coalesce(max(seq), 0) FROM record)
    OR EXISTS (SELECT 1 FROM time_slot WHERE slot = NEW.slot)
BEGIN SELECT RAISE(ABORT, 'slots of time are append-only'); END;

CREATE TRIGGER time_slot_no_update BEFORE UPDATE ON time_slot
BEGIN SELECT RAISE(ABORT, 'slots of time are append-only'); END;

CREATE TRIGGER time_slot_no_delete BEFORE DELETE ON time_slot
BEGIN SELECT RAISE(ABORT, 'slots of time are append-only'); END;

-- An attempt on what is append-only ends the whole transaction it is made in: then none of the
-- statement's pages have to be kept aside in case only the statement fails.

DROP TRIGGER record_append_only;
CREATE TRIGGER record_append_only BEFORE INSERT ON record
WHEN NEW.seq <= (SELECT coalesce(max(seq), 0) FROM record)
BEGIN SELECT RAISE(ROLLBACK, 'audit records are append-only'); END;

DROP TRIGGER body_no_replace;
CREATE TRIGGER body_no_replace BEFORE INSERT ON body
WHEN EXISTS (SELECT 1 FROM body WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ROLLBACK, 'audit bodies can be erased, not changed'); END;

-- One tree in place of a table and its index.

CREATE TABLE request (
    session  TEXT NOT NULL,
    sender   TEXT NOT NULL,
    id       TEXT NOT NULL,
    number   INTEGER NOT NULL,
    method   TEXT NOT NULL,
    tool     TEXT,
    call_id  TEXT NOT NULL,
    began_ms INTEGER NOT NULL,
    PRIMARY KEY (session, sender, id)
) STRICT, WITHOUT ROWID;

INSERT INTO request SELECT * FROM outstanding;
DROP TABLE outstanding;
ALTER TABLE request RENAME TO outstanding;
