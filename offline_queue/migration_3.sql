-- Version 2 to 3: one process at a time runs the rounds of sending, and it is known what left on a stick.

CREATE TABLE sender (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    holder      TEXT NOT NULL,
    service     INTEGER NOT NULL CHECK (service IN (0, 1)),
    boot_id     TEXT NOT NULL,
    until_mono  REAL NOT NULL
) STRICT;

ALTER TABLE submission ADD COLUMN exported_epoch REAL;

PRAGMA user_version = 3;
