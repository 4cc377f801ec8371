-- Fewer pages a call: each index that a commit touches is a page to be written.
--
-- Times are found by the ten minutes they are in: `slot` is the first 15 characters of a
-- timestamp, and `first_seq` the first record of that slot. Only a record that begins a slot
-- touches the table.

DROP INDEX record_timestamp;
DROP INDEX record_tool;
DROP INDEX record_violation;

CREATE INDEX record_tool ON record (tool, seq) WHERE tool IS NOT NULL;
CREATE INDEX record_refused ON record (decision, seq) WHERE decision <> 'ALLOW';

CREATE TABLE time_slot (
    slot      TEXT PRIMARY KEY,
    first_seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO time_slot
SELECT substr(timestamp, 1, 15), min(seq) FROM record GROUP BY 1;

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
