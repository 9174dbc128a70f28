-- Version 2 to 3: one process at a time runs the rounds of sending, it is known what left on a stick, and what is held is
-- counted without reading the whole table.

CREATE TABLE sender (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    holder      TEXT NOT NULL,
    service     INTEGER NOT NULL CHECK (service IN (0, 1)),
    boot_id     TEXT NOT NULL,
    until_mono  REAL NOT NULL
) STRICT;

ALTER TABLE submission ADD COLUMN exported_epoch REAL;
CREATE INDEX submission_held ON submission (seq) WHERE state = 'held';

PRAGMA user_version = 3;
