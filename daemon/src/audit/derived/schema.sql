-- What can be made anew from the audit store. Records stand in chunks of 65,536 numbers; what is
-- erased or removed from the store takes its chunks with it, which are then made anew.
--
-- Besides these there is a table `words_N` for chunk N: an index of words, without the text.

CREATE TABLE chunk (
    id          INTEGER PRIMARY KEY,
    -- The first of its records, and the last of the store when its words were begun.
    first_seq   INTEGER NOT NULL,
    begun_at    INTEGER NOT NULL,
    -- The last record that is counted, and that is indexed, each with its hash; 0 where none is.
    counted_to  INTEGER NOT NULL DEFAULT 0,
    counted_hash BLOB,
    indexed_to  INTEGER NOT NULL DEFAULT 0,
    indexed_hash BLOB
) STRICT;

-- Hours and days are counted from 1970. `latency` is a histogram, see `histogram.rs`.

CREATE TABLE hour (
    chunk        INTEGER NOT NULL,
    hour         INTEGER NOT NULL,
    allow        INTEGER NOT NULL,
    block        INTEGER NOT NULL,
    rate_limited INTEGER NOT NULL,
    monitor      INTEGER NOT NULL,
    asked        INTEGER NOT NULL,
    findings     INTEGER NOT NULL,
    latency      BLOB NOT NULL,
    last_seq     INTEGER NOT NULL,
    PRIMARY KEY (chunk, hour)
) STRICT, WITHOUT ROWID;

-- Who used what. Names are the clients' and servers' own: so many are kept, the most used ones.

CREATE TABLE hour_use (
    chunk        INTEGER NOT NULL,
    hour         INTEGER NOT NULL,
    server       TEXT NOT NULL,
    tool         TEXT NOT NULL,
    client       TEXT NOT NULL,
    allow        INTEGER NOT NULL,
    block        INTEGER NOT NULL,
    rate_limited INTEGER NOT NULL,
    monitor      INTEGER NOT NULL,
    last_ms      INTEGER NOT NULL,
    PRIMARY KEY (chunk, hour, server, tool, client)
) STRICT, WITHOUT ROWID;

CREATE TABLE day_use (
    chunk        INTEGER NOT NULL,
    day          INTEGER NOT NULL,
    server       TEXT NOT NULL,
    tool         TEXT NOT NULL,
    client       TEXT NOT NULL,
    allow        INTEGER NOT NULL,
    block        INTEGER NOT NULL,
    rate_limited INTEGER NOT NULL,
    monitor      INTEGER NOT NULL,
    last_ms      INTEGER NOT NULL,
    PRIMARY KEY (chunk, day, server, tool, client)
) STRICT, WITHOUT ROWID;
