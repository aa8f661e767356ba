"""Where tasks can be kept: in a file (SQLite), or by a PostgreSQL server. The SQL is the same but for what is said here."""

import sqlite3
import threading
import time
from pathlib import Path

PATIENCE = 60  # seconds; a server that starts together with us makes its files first


def open_database(address):
    """A `postgres://` address, the path of a file, or `:memory:`."""
    return PostgresDatabase(address) if address.startswith(("postgres://", "postgresql://")) else SqliteDatabase(address)


class SqliteDatabase:
    """One connection and one lock: SQLite has one writer anyway, and `:memory:` is a database for each connection."""

    key = "INTEGER PRIMARY KEY AUTOINCREMENT"

    def __init__(self, path):
        if path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self.name = path
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False)

    def query(self, statement, *values):
        """The rows of the answer."""
        with self._lock, self._connection:
            return self._connection.execute(statement, values).fetchall()

    def close(self):
        with self._lock:
            self._connection.close()


class PostgresDatabase:
    """One connection, made anew when it is lost: the server may be replaced while we run."""

    key = "INTEGER PRIMARY KEY GENERATED ALWAYS AS IDENTITY"

    def __init__(self, address):
        import psycopg2  # The file-based half does without it.

        self._driver = psycopg2
        self._address = address
        self._lock = threading.Lock()
        self._connection = self._connect_patiently()
        # Not the address: it holds a password.
        self.name = "{dbname} of {host}".format(**self._connection.get_dsn_parameters())

    def query(self, statement, *values):
        with self._lock:
            try:
                return self._ask(statement, values)
            except (self._driver.OperationalError, self._driver.InterfaceError):
                if not self._connection.closed:
                    raise
                self._connection = self._connect()
                return self._ask(statement, values)

    def close(self):
        with self._lock:
            self._connection.close()

    def _ask(self, statement, values):
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute(statement.replace("?", "%s"), values)
            return cursor.fetchall() if cursor.description else []

    def _connect(self):
        return self._driver.connect(self._address, connect_timeout=5)

    def _connect_patiently(self):
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self._connect()
            except self._driver.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
