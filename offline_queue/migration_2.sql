-- Version 1 to 2: submissions that end get a time (retention) and, when withdrawn, a reason; papers get attempts of their
-- own; telemetry and the pause are new. A CHECK can't be changed in place, so the table is laid anew beside the old one.

CREATE TABLE submission_2 (
    seq            INTEGER PRIMARY KEY AUTOINCREMENT,
    uid            TEXT NOT NULL UNIQUE,
    number         TEXT NOT NULL UNIQUE,
    state          TEXT NOT NULL CHECK (state IN ('ready', 'sending', 'received', 'done', 'held', 'cancelled')),
    test           INTEGER NOT NULL CHECK (test IN (0, 1)),
    body           BLOB CHECK ((body IS NULL) = (state = 'done')),
    body_sha256    TEXT NOT NULL,
    body_bytes     INTEGER NOT NULL,
    key_id         TEXT NOT NULL,
    summary        BLOB NOT NULL,
    finder         BLOB,
    reprint        BLOB,
    created_wall   TEXT NOT NULL,
    created_epoch  REAL NOT NULL,
    boot_id        TEXT NOT NULL,
    attempts       INTEGER NOT NULL DEFAULT 0,
    next_mono      REAL NOT NULL,
    next_wall      TEXT,
    lease          TEXT,
    lease_mono     REAL,
    last_error     TEXT,
    receipt        BLOB,
    case_number    TEXT,
    ended_epoch    REAL CHECK ((ended_epoch IS NULL) = (state NOT IN ('done', 'cancelled'))),
    reason         BLOB CHECK ((reason IS NULL) = (state <> 'cancelled')),
    CHECK (state NOT IN ('received', 'done') OR receipt IS NOT NULL)
) STRICT;

-- Nothing was withdrawn in version 1. When something ended was not kept: it counts from its hand-in.
INSERT INTO submission_2
SELECT seq, uid, number, state, test, body, body_sha256, body_bytes, key_id, summary, finder, reprint, created_wall,
       created_epoch, boot_id, attempts, next_mono, next_wall, lease, lease_mono, last_error, receipt, case_number,
       CASE WHEN state = 'done' THEN created_epoch END, NULL
FROM submission;
DROP TABLE submission;
ALTER TABLE submission_2 RENAME TO submission;

CREATE INDEX submission_due ON submission (next_mono, seq) WHERE state = 'ready';
CREATE INDEX submission_received ON submission (next_mono, seq) WHERE state = 'received';
CREATE INDEX submission_unnumbered ON submission (next_mono, seq)
    WHERE state = 'done' AND case_number IS NULL AND test = 0;
CREATE INDEX submission_leased ON submission (seq) WHERE lease IS NOT NULL;
CREATE INDEX submission_finder ON submission (finder) WHERE finder IS NOT NULL;
CREATE INDEX submission_reprint ON submission (created_epoch) WHERE reprint IS NOT NULL;
CREATE INDEX submission_ended ON submission (ended_epoch) WHERE ended_epoch IS NOT NULL;

ALTER TABLE attachment ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attachment ADD COLUMN next_mono REAL NOT NULL DEFAULT 0;

CREATE TABLE telemetry (
    kind        TEXT PRIMARY KEY,
    body        TEXT NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    next_mono   REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE pause (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    reason      TEXT NOT NULL,
    boot_id     TEXT NOT NULL,
    until_mono  REAL NOT NULL,
    until_wall  TEXT NOT NULL
) STRICT;

CREATE TABLE started (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    boot_id     TEXT NOT NULL
) STRICT;

PRAGMA user_version = 2;
