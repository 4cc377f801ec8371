-- What is pinned of each server's tools, by the client that runs the server and the command it is
-- run by. `server` is SHA-256 over the command's program and arguments: arguments may hold
-- secrets, so they are nowhere else. `approved` is the definition a person, or the first sight of
-- it, stands for; `listed` is the one the server listed last, and NULL where it no longer lists
-- the tool. Both hold what the policy's DLP leaves; the prints beside them hash the whole.

CREATE TABLE pinned_server (
    client  TEXT NOT NULL,
    server  TEXT NOT NULL,
    about   TEXT NOT NULL,
    PRIMARY KEY (client, server)
) STRICT;

CREATE TABLE pin (
    client         TEXT NOT NULL,
    server         TEXT NOT NULL,
    tool           TEXT NOT NULL,
    first_ms       INTEGER NOT NULL,
    last_ms        INTEGER NOT NULL,
    approved_print TEXT,
    approved       TEXT,
    listed_print   TEXT,
    listed         TEXT,
    findings       TEXT NOT NULL,
    PRIMARY KEY (client, server, tool)
) STRICT;

-- Which page a request asked for, where it asked for a list: `first`, SHA-256 of its cursor, or
-- empty where that is not known.

ALTER TABLE outstanding ADD COLUMN page TEXT NOT NULL DEFAULT '';

-- A server's arguments may hold secrets: they are the shim's to say again.

UPDATE session SET facts = json_remove(facts, '$.session.argv') WHERE json_valid(facts);
