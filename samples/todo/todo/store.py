"""The tasks and the rules for them. Knows nothing of HTTP."""

import unicodedata
from dataclasses import dataclass

from .databases import open_database

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

    def __init__(self, address):
        self._database = open_database(address)
        self._database.query(
            f"CREATE TABLE IF NOT EXISTS task (id {self._database.key}, title TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0)"
        )

    @property
    def place(self):
        """Where the tasks are, for people to read."""
        return self._database.name

    def add(self, title):
        title = " ".join(title.split())
        if not title:
            raise InvalidTitle("a task needs a title")
        if len(title) > LONGEST_TITLE:
            raise InvalidTitle(f"a title has at most {LONGEST_TITLE} characters")

        if any(unicodedata.category(character) in ("Cc", "Cs") for character in title):
            raise InvalidTitle("a title has no control characters")

        [(id,)] = self._database.query("INSERT INTO task (title) VALUES (?) RETURNING id", title)
        return Task(id, title, False)

    def list(self):
        """Open tasks first, each group in the order in which its tasks were added."""
        rows = self._database.query("SELECT id, title, done FROM task ORDER BY done, id")
        return [Task(id, title, bool(done)) for id, title, done in rows]

    def set_done(self, id, done):
        """False when there is no such task."""
        return bool(self._database.query("UPDATE task SET done = ? WHERE id = ? RETURNING id", int(done), id))

    def remove(self, id):
        """False when there is no such task."""
        return bool(self._database.query("DELETE FROM task WHERE id = ? RETURNING id", id))

    def close(self):
        self._database.close()
