-- The queue of one terminal, version 4. Whatever a resident said is sealed (columns body, summary, reprint, reason); what
-- is readable here is the provisional number, times, states, sizes and digests.
--
--   READY -> SENDING -> RECEIVED (attachments missing) -> DONE        beside them HELD and CANCELLED
--
--   READY      stored; due at next_mono
--   SENDING    claimed by `lease` until lease_mono; back to READY when its sender is gone
--   RECEIVED   the platform has the form (receipt), papers are missing; claimed by a lease, too
--   DONE       the platform has every byte (receipt); body is NULL, the papers' files are removed
--   HELD       the platform refused, or the disk gave other bytes; only people move it on
--   CANCELLED  withdrawn from READY or HELD by two people with a reason; the body stays until it is forgotten
--
-- Lanes, each after the one before: submissions (forms, then papers), ratings, telemetry.
-- Times: *_wall is ISO 8601 for people; *_mono is the queue's own time (queue_time.py), and is what decides, so that
-- neither a wall clock that jumps nor a reboot moves anything. `boot_id` is the boot of the hand-in.

CREATE TABLE submission (
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
    exported_epoch REAL,
    CHECK (state NOT IN ('received', 'done') OR receipt IS NOT NULL)
) STRICT;

CREATE INDEX submission_due ON submission (next_mono, seq) WHERE state = 'ready';
CREATE INDEX submission_received ON submission (next_mono, seq) WHERE state = 'received';
CREATE INDEX submission_unnumbered ON submission (next_mono, seq)
    WHERE state = 'done' AND case_number IS NULL AND test = 0;
CREATE INDEX submission_leased ON submission (seq) WHERE lease IS NOT NULL;
CREATE INDEX submission_held ON submission (seq) WHERE state = 'held';
CREATE INDEX submission_finder ON submission (finder) WHERE finder IS NOT NULL;
CREATE INDEX submission_reprint ON submission (created_epoch) WHERE reprint IS NOT NULL;
CREATE INDEX submission_ended ON submission (ended_epoch) WHERE ended_epoch IS NOT NULL;

-- A paper lies sealed in blobs/<id>. `bytes` and `sha256` are of what is sent: the plain paper, or the sealed file itself
-- when it is sealed to the district.
CREATE TABLE attachment (
    id          TEXT PRIMARY KEY,
    submission  INTEGER NOT NULL REFERENCES submission (seq),
    position    INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    sha256      TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('ready', 'done')),
    offset      INTEGER NOT NULL DEFAULT 0,
    attempts    INTEGER NOT NULL DEFAULT 0,
    next_mono   REAL NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE INDEX attachment_of ON attachment (submission, position);

-- The second lane: a rating goes out after its submission was received.
CREATE TABLE rating (
    submission  INTEGER PRIMARY KEY REFERENCES submission (seq),
    level       INTEGER NOT NULL CHECK (level BETWEEN 1 AND 5),
    state       TEXT NOT NULL CHECK (state IN ('ready', 'done', 'held')),
    attempts    INTEGER NOT NULL DEFAULT 0,
    next_mono   REAL NOT NULL,
    last_error  TEXT
) STRICT;

CREATE INDEX rating_due ON rating (next_mono) WHERE state = 'ready';
CREATE INDEX rating_held ON rating (submission) WHERE state = 'held';

-- The third lane: what the terminal says of itself, never of a resident. The newest of each kind replaces the one before.
CREATE TABLE telemetry (
    kind        TEXT PRIMARY KEY,
    body        TEXT NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    next_mono   REAL NOT NULL
) STRICT, WITHOUT ROWID;

-- One row at most: the platform as a whole is left alone until then (Retry-After, no network).
CREATE TABLE pause (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    reason      TEXT NOT NULL,
    until_mono  REAL NOT NULL,
    until_wall  TEXT NOT NULL
) STRICT;

-- The boot in which somebody last began to send, and how far the queue's time is ahead of that boot's monotonic clock.
CREATE TABLE started (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    boot_id     TEXT NOT NULL,
    ahead       REAL NOT NULL DEFAULT 0
) STRICT;

-- One row: submissions up to this `seq` may have left; those after it have not been offered to anybody.
CREATE TABLE offered (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    seq         INTEGER NOT NULL
) STRICT;
INSERT INTO offered VALUES (1, 0);

-- One row at most: whose turn it is to send. A claim's own lease is what keeps an item to one sender; this keeps the app
-- from running rounds beside a `kiosk sync` service.
CREATE TABLE sender (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    holder      TEXT NOT NULL,
    service     INTEGER NOT NULL CHECK (service IN (0, 1)),
    until_mono  REAL NOT NULL
) STRICT;

-- The day's last counter of provisional numbers. Rows stay, so that a clock set back never issues a number twice.
CREATE TABLE counter (
    day   TEXT PRIMARY KEY,
    last  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 4;
