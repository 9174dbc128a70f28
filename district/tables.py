"""The platform's tables, for SQLite as for PostgreSQL. How a database comes to them: :mod:`district.migrations`.

Times in `*_at` are ISO 8601 UTC text. Where SQL calculates with one (`expires`, `until`, `next_try`), it is whole
seconds since 1970.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    false,
)

METADATA = MetaData()
# SQLite counts by itself only what it calls INTEGER, which has 64 bits there.
COUNT = BigInteger().with_variant(Integer, "sqlite")

SUBMISSIONS = Table(
    "submission",
    METADATA,
    Column("seq", COUNT, primary_key=True),
    Column("uid", String(36), nullable=False, unique=True),
    Column("sha256", String(64), nullable=False),
    Column("body", LargeBinary),  # None after erasure: uid, sha256 and receipt stay, as a tombstone
    Column("receipt", LargeBinary, nullable=False),
    Column("test", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("case_number", String(32), unique=True),
    Column("received_at", String(40), nullable=False),
    Column("complete_at", String(40)),
    Column("rating", Integer),
    Column("terminal", String(8)),
    Column("provisional_number", String(128), index=True),
    Column("matter", String(128)),  # None where there was no key to open it
    Column("hall", String(32)),  # where the terminal stood at that time
    Column("stage", String(16), nullable=False),
    Column("erased_at", String(40)),
    Column("supplement_of", String(36)),  # the supplement it answers; such a one is no case of its own
)
# Both spelled so that SQLite, too, knows in a statement what its index holds.
IS_TEST = SUBMISSIONS.c.test.is_(True)
IS_CASE = SUBMISSIONS.c.test.is_(False) & SUBMISSIONS.c.supplement_of.is_(None)
# What staff select cases by; a stage is always part of it (district/cases.py). Rehearsals and what answers a supplement
# stay "complete" for ever: the few cases that are would have to be looked for among them.
for _name, _by in {"stage": [], "hall": ["hall"], "matter": ["matter"], "hall_matter": ["hall", "matter"]}.items():
    _columns = [SUBMISSIONS.c[one] for one in (*_by, "stage", "seq")]
    Index(f"ix_submission_{_name}", *_columns, sqlite_where=IS_CASE, postgresql_where=IS_CASE)
Index("ix_submission_tests", SUBMISSIONS.c.seq, sqlite_where=IS_TEST, postgresql_where=IS_TEST)
ATTACHMENTS = Table(
    "attachment",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("uid", String(36), nullable=False, index=True),
    Column("material", String(128), nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("position", Integer, nullable=False),
    Column("offset", Integer, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("erased_at", String(40)),
)
PARTS = Table(  # of which objects a paper in an object store is
    "part",
    METADATA,
    Column("attachment", String(36), primary_key=True),
    Column("offset", Integer, primary_key=True, autoincrement=False),
    Column("bytes", Integer, nullable=False),
    Column("object", String(1100), nullable=False, unique=True),
)
CASE_COUNTERS = Table(  # the row of a year is locked by whoever takes numbers from it
    "case_counter",
    METADATA,
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
)
STEPS = Table(  # what progress shows beside `received` and `complete`
    "step",
    METADATA,
    Column("seq", COUNT, primary_key=True),
    Column("uid", String(36), nullable=False, index=True),
    Column("at", String(40), nullable=False),
    Column("code", String(32), nullable=False),
    Column("staff", String(64)),
    Column("note", String),
)
SUPPLEMENTS = Table(
    "supplement",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("uid", String(36), nullable=False, index=True),
    Column("asked_at", String(40), nullable=False),
    Column("asked_by", String(64), nullable=False),
    Column("materials", JSON, nullable=False),
    Column("note", String, nullable=False),
    Column("due_on", String(10)),
    Column("answered_uid", String(36)),
    Column("answered_at", String(40)),
)
TERMINALS = Table(
    "terminal",
    METADATA,
    Column("key_id", String(8), primary_key=True),
    Column("code", String(8), nullable=False, index=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("added_at", String(40), nullable=False),
    Column("revoked_at", String(40)),
    Column("hall", String(32)),
    Column("certificate_sha256", String(64)),  # hex, of the DER: the newest client certificate that it got here
    Column("former_certificate_sha256", String(64)),  # … and the one that it renewed, while it tries the new one
    Column("enrolled_at", String(40)),
)
HALLS = Table(
    "hall",
    METADATA,
    Column("code", String(32), primary_key=True),
    Column("name", String(100), nullable=False),
)
ENROLMENTS = Table(
    "enrolment",
    METADATA,
    Column("code_sha256", String(64), primary_key=True),
    Column("terminal", String(8), nullable=False),
    Column("hall", String(32)),
    Column("made_at", String(40), nullable=False),
    Column("expires_at", String(40), nullable=False),
    Column("used_at", String(40)),
    Column("used_key_id", String(8)),
    Column("certificate", LargeBinary),  # PEM, as it was answered
)
REFUSALS = Table(  # enrolments that were refused in the last minutes, and where they came from
    "refusal",
    METADATA,
    Column("seq", COUNT, primary_key=True),
    Column("source", String(64), nullable=False),
    Column("at", BigInteger, nullable=False, index=True),
)
NONCES = Table(
    "nonce",
    METADATA,
    Column("key_id", String(8), primary_key=True),
    Column("nonce", String(64), primary_key=True),
    Column("expires", BigInteger, nullable=False, index=True),
)
LEASES = Table(
    "lease",
    METADATA,
    Column("uid", String(36), primary_key=True),
    Column("terminal", String(8), nullable=False),
    Column("until", BigInteger, nullable=False, index=True),
)
TURNS = Table(  # when a terminal that came in a rush is to come back
    "turn",
    METADATA,
    Column("terminal", String(64), primary_key=True),
    Column("begins", Float, nullable=False),  # seconds since 1970
    Column("requests", Integer, nullable=False),
    Column("given", BigInteger, nullable=False, index=True),
)
PACES = Table(  # the one row: what a process was last seen to do when it had enough to do
    "pace",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("requests_a_second", Float, nullable=False),
)
CATALOGUES = Table(
    "catalogue",
    METADATA,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("sha256", String(64), nullable=False),
    Column("package", LargeBinary, nullable=False),
    Column("published_at", String(40), nullable=False),
)
REPORTS = Table(  # the newest of each terminal and kind
    "telemetry",
    METADATA,
    Column("terminal", String(8), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("body", String, nullable=False),
    Column("received_at", String(40), nullable=False),
)
OUTBOX = Table(
    "outbox",
    METADATA,
    Column("seq", COUNT, primary_key=True),
    Column("uid", String(36), nullable=False, index=True),
    Column("event", String(32), nullable=False),
    Column("made_at", String(40), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_try", BigInteger, nullable=False),
    Column("delivered_at", String(40)),
    Column("last_error", String(200)),
    Column("refused_at", String(40)),  # a dead end, until staff retry
    Column("skipped_at", String(40)),  # … or go on without it
    sqlite_autoincrement=True,  # no number twice: `leave_out` goes on further than any that is here
)
_WAITING = OUTBOX.c.delivered_at.is_(None)
Index("ix_outbox_waiting", OUTBOX.c.next_try, OUTBOX.c.seq, sqlite_where=_WAITING, postgresql_where=_WAITING)
STAFF = Table(
    "staff",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("password", String(200), nullable=False),
    Column("role", String(16), nullable=False),
    Column("hall", String(32)),
    Column("disabled_at", String(40)),
    Column("failed", Integer, nullable=False),
    Column("locked_until", BigInteger),
    Column("password_given", Boolean, nullable=False, server_default=false()),
)
SESSIONS = Table(
    "session",
    METADATA,
    Column("id_sha256", String(64), primary_key=True),
    Column("staff", String(64), nullable=False, index=True),
    Column("csrf", String(64), nullable=False),
    Column("made_at", String(40), nullable=False),
    Column("seen_at", String(40), nullable=False),
    Column("expires_at", String(40), nullable=False),
)
VIEWINGS = Table(
    "viewing",
    METADATA,
    Column("seq", COUNT, primary_key=True),
    Column("at", String(40), nullable=False),
    Column("staff", String(64), nullable=False),
    Column("what", String(32), nullable=False),
    Column("uid", String(36)),
    Column("detail", String),
    Index("ix_viewing_uid_seq", "uid", "seq"),
    Index("ix_viewing_staff", "staff", "seq"),
)
PAPERS_MARKS = Table(  # the one row: what stands beside the papers, so that no other place is taken for theirs
    "papers_mark",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("mark", String(32), nullable=False),
)
CHORES = Table(  # what one process does for all of them, and when it is due again
    "chore",
    METADATA,
    Column("name", String(32), primary_key=True),
    Column("due", BigInteger, nullable=False),
)
