"""How a database of any earlier day comes to today's tables: alembic's revisions, in one line without branches.

A revision is written by hand, never changed once it has been on main, and keeps what is there. It must give the same
tables on SQLite and on PostgreSQL as :mod:`district.tables`, which a test compares.
"""
