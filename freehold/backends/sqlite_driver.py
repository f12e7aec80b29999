"""The one import of SQLite: two SQLite libraries on one file corrupt it.

`pysqlite3` carries a newer SQLite where a wheel of it exists; systems' own libraries before 3.51.3 have a
known defect when a write-ahead log is reset while it is read.
"""

try:
    import pysqlite3 as sqlite3
except ImportError:
    import sqlite3

__all__ = ["sqlite3"]
