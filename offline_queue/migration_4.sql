-- Version 3 to 4: the queue's time goes on over reboots, and it is known what may have left. What was handed in before may
-- have. Whose turn it is, and a pause, end with the program that wrote them.

ALTER TABLE started ADD COLUMN ahead REAL NOT NULL DEFAULT 0;

DROP TABLE pause;
CREATE TABLE pause (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    reason      TEXT NOT NULL,
    until_mono  REAL NOT NULL,
    until_wall  TEXT NOT NULL
) STRICT;

DROP TABLE sender;
CREATE TABLE sender (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    holder      TEXT NOT NULL,
    service     INTEGER NOT NULL CHECK (service IN (0, 1)),
    until_mono  REAL NOT NULL
) STRICT;

CREATE TABLE offered (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    seq         INTEGER NOT NULL
) STRICT;
INSERT INTO offered SELECT 1, coalesce(max(seq), 0) FROM submission;

CREATE INDEX rating_held ON rating (submission) WHERE state = 'held';

PRAGMA user_version = 4;
