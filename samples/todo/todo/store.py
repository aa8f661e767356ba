"""The tasks and the database that keeps them. Knows nothing of HTTP."""

import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path

LONGEST_TITLE = 200


@dataclass(frozen=True)
class Task:
    id: int
    title: str
    done: bool


class InvalidTitle(ValueError):
    """A title that is empty or too long; the message is meant for the person who typed it."""


class TaskStore:
    """Adds, ticks, removes and lists tasks. Safe to share between the threads of a server."""

    def __init__(self, path):
        if path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)

        # One connection and one lock: SQLite has one writer anyway, and ":memory:" is a database for each connection.
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False)
        with self._lock, self._database:
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS task ("
                " id INTEGER PRIMARY KEY AUTOINCREMENT,"
                " title TEXT NOT NULL,"
                " done INTEGER NOT NULL DEFAULT 0)"
            )

    def add(self, title):
        title = " ".join(title.split())
        if not title:
            raise InvalidTitle("a task needs a title")
        if len(title) > LONGEST_TITLE:
            raise InvalidTitle(f"a title has at most {LONGEST_TITLE} characters")

        with self._lock, self._database:
            cursor = self._database.execute("INSERT INTO task (title) VALUES (?)", (title,))
        return Task(cursor.lastrowid, title, False)

    def list(self):
        """Open tasks first, each group in the order in which its tasks were added."""
        with self._lock:
            rows = self._database.execute("SELECT id, title, done FROM task ORDER BY done, id").fetchall()
        return [Task(id, title, bool(done)) for id, title, done in rows]

    def set_done(self, id, done):
        """False when there is no such task."""
        with self._lock, self._database:
            return self._database.execute("UPDATE task SET done = ? WHERE id = ?", (int(done), id)).rowcount == 1

    def remove(self, id):
        """False when there is no such task."""
        with self._lock, self._database:
            return self._database.execute("DELETE FROM task WHERE id = ?", (id,)).rowcount == 1

    def close(self):
        with self._lock:
            self._database.close()
