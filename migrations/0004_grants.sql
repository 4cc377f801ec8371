-- What a person has allowed beyond one call. `body` is the whole grant as JSON but for its use; the
-- row goes when the grant ends, how it ended is in the chain.

CREATE TABLE grant (
    id      TEXT PRIMARY KEY,
    session TEXT,
    body    TEXT NOT NULL,
    uses    INTEGER NOT NULL DEFAULT 0,
    used_ms INTEGER
) STRICT;

CREATE INDEX grant_session ON grant (session) WHERE session IS NOT NULL;

-- How often a person allowed a tool: `subject` is SHA-256 over client, server and tool.

CREATE TABLE allowed (
    subject TEXT PRIMARY KEY,
    times   INTEGER NOT NULL,
    last_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX allowed_last ON allowed (last_ms);
