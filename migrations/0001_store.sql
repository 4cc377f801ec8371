-- The audit store, and beside it what the daemon needs to go on after a crash.
--
-- `record` holds the exact text that was hashed; every column that is searched is generated
-- from that text, so none can be edited apart from it. Record N's hash is
-- SHA-256(hash of record N-1, text of record N).

CREATE TABLE record (
    seq        INTEGER PRIMARY KEY,
    text       TEXT NOT NULL,
    hash       BLOB NOT NULL,
    key_epoch  INTEGER NOT NULL DEFAULT 0,
    kind       TEXT GENERATED ALWAYS AS (json_extract(text, '$.kind')) VIRTUAL,
    timestamp  TEXT GENERATED ALWAYS AS (json_extract(text, '$.timestamp')) VIRTUAL,
    session_id TEXT GENERATED ALWAYS AS (json_extract(text, '$.session_id')) VIRTUAL,
    call_id    TEXT GENERATED ALWAYS AS (json_extract(text, '$.call_id')) VIRTUAL,
    decision   TEXT GENERATED ALWAYS AS (json_extract(text, '$.decision')) VIRTUAL,
    event      TEXT GENERATED ALWAYS AS (json_extract(text, '$.event')) VIRTUAL,
    tool       TEXT GENERATED ALWAYS AS (json_extract(text, '$.tool')) VIRTUAL,
    server     TEXT GENERATED ALWAYS AS (json_extract(text, '$.server')) VIRTUAL,
    violation  INTEGER GENERATED ALWAYS AS (json_extract(text, '$.violation')) VIRTUAL,
    frame      INTEGER GENERATED ALWAYS AS (json_extract(text, '$.frame')) VIRTUAL
);

CREATE INDEX record_timestamp ON record (timestamp);
CREATE INDEX record_session ON record (session_id, seq);
CREATE INDEX record_tool ON record (tool, seq) WHERE tool IS NOT NULL AND kind = 'decision';
CREATE INDEX record_violation ON record (seq) WHERE violation = 1;

CREATE TRIGGER record_append_only BEFORE INSERT ON record
WHEN NEW.seq <= (SELECT coalesce(max(seq), 0) FROM record)
BEGIN SELECT RAISE(ABORT, 'audit records are append-only'); END;

CREATE TRIGGER record_no_update BEFORE UPDATE ON record
BEGIN SELECT RAISE(ABORT, 'audit records are append-only'); END;

CREATE TRIGGER record_no_delete BEFORE DELETE ON record
WHEN NOT EXISTS (
    SELECT 1 FROM segment
    WHERE removed IS NOT NULL AND OLD.seq BETWEEN first_seq AND last_seq
)
BEGIN SELECT RAISE(ABORT, 'audit records are append-only'); END;

-- What a record says of traffic (a call's arguments). The record holds only
-- SHA-256(salt, text) of it, so a body can be erased and the chain still proves the rest.
CREATE TABLE body (
    seq  INTEGER PRIMARY KEY,
    salt BLOB NOT NULL,
    text TEXT NOT NULL
) STRICT;

CREATE TRIGGER body_no_update BEFORE UPDATE ON body
BEGIN SELECT RAISE(ABORT, 'audit bodies can be erased, not changed'); END;

CREATE TRIGGER body_no_replace BEFORE INSERT ON body
WHEN EXISTS (SELECT 1 FROM body WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'audit bodies can be erased, not changed'); END;

-- Retention removes whole closed segments and keeps their end hashes here.
CREATE TABLE segment (
    id         INTEGER PRIMARY KEY,
    first_seq  INTEGER NOT NULL,
    last_seq   INTEGER,
    start_hash BLOB NOT NULL,
    end_hash   BLOB,
    opened     TEXT NOT NULL,
    closed     TEXT,
    removed    TEXT
) STRICT;

CREATE TRIGGER segment_append_only BEFORE INSERT ON segment
WHEN NEW.id <= (SELECT coalesce(max(id), 0) FROM segment)
BEGIN SELECT RAISE(ABORT, 'audit segments are append-only'); END;

CREATE TRIGGER segment_no_delete BEFORE DELETE ON segment
BEGIN SELECT RAISE(ABORT, 'audit segments are append-only'); END;

CREATE TRIGGER segment_closes_once BEFORE UPDATE ON segment
WHEN OLD.id <> NEW.id OR OLD.first_seq <> NEW.first_seq OR OLD.start_hash <> NEW.start_hash
    OR (OLD.closed IS NOT NULL
        AND (NEW.closed IS NOT OLD.closed OR NEW.last_seq IS NOT OLD.last_seq
             OR NEW.end_hash IS NOT OLD.end_hash))
    OR (OLD.removed IS NOT NULL AND NEW.removed IS NOT OLD.removed)
    OR (NEW.removed IS NOT NULL AND NEW.closed IS NULL)
BEGIN SELECT RAISE(ABORT, 'audit segments are append-only'); END;

-- A session that may be resumed: who it belongs to, and what it has learnt of its two peers. The
-- row goes when the session ends.
CREATE TABLE session (
    id          TEXT PRIMARY KEY,
    secret_hash TEXT NOT NULL,
    facts       TEXT NOT NULL,
    learnt      TEXT NOT NULL DEFAULT '{}'
) STRICT;

-- Requests under way, in either direction, so that a daemon started anew knows their answers.
CREATE TABLE outstanding (
    session  TEXT NOT NULL,
    sender   TEXT NOT NULL,
    id       TEXT NOT NULL,
    number   INTEGER NOT NULL,
    method   TEXT NOT NULL,
    tool     TEXT,
    call_id  TEXT NOT NULL,
    began_ms INTEGER NOT NULL,
    PRIMARY KEY (session, sender, id)
) STRICT;

CREATE TABLE rate_bucket (
    policy TEXT NOT NULL,
    tool   TEXT NOT NULL,
    tat_ms INTEGER NOT NULL,
    PRIMARY KEY (policy, tool)
) STRICT;

-- Calls that wait for a person. What is shown holds the call's arguments, so the row goes when the
-- approval ends; how it ended is in the chain.
CREATE TABLE approval (
    id          TEXT PRIMARY KEY,
    session     TEXT NOT NULL,
    number      INTEGER NOT NULL,
    deadline_ms INTEGER NOT NULL,
    shown       TEXT NOT NULL
) STRICT;

CREATE TABLE policy (
    path    TEXT PRIMARY KEY,
    text    TEXT NOT NULL,
    since   TEXT NOT NULL,
    pending TEXT,
    why     TEXT
) STRICT;

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
