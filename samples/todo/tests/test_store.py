import os
import tempfile
import unittest
from pathlib import Path

from todo.store import LONGEST_TITLE, InvalidTitle, Task, TaskStore


# The build tests with SQLite; the same tests run against a server, and empty its table: see the README.
ADDRESS = os.environ.get("TODO_TEST_DATABASE", ":memory:")


class TaskStoreTests(unittest.TestCase):
    def setUp(self):
        self.store = TaskStore(ADDRESS)
        self.addCleanup(self.store.close)
        self.empty()
        self.addCleanup(self.empty)

    def empty(self):
        for task in self.store.list():
            self.store.remove(task.id)

    def test_a_new_task_is_open(self):
        task = self.store.add("write a Kleenefile")

        self.assertEqual([Task(task.id, "write a Kleenefile", False)], self.store.list())

    def test_white_space_around_and_inside_a_title_is_tidied(self):
        self.assertEqual("a b", self.store.add("  a \r\n\t b ").title)

    def test_a_title_must_not_be_empty(self):
        with self.assertRaises(InvalidTitle):
            self.store.add(" \n ")

        self.assertEqual([], self.store.list())

    def test_a_title_must_not_be_too_long(self):
        self.store.add("é" * LONGEST_TITLE)

        with self.assertRaises(InvalidTitle):
            self.store.add("é" * (LONGEST_TITLE + 1))

    def test_what_no_database_can_keep_is_refused(self):
        for title in ("a\0b", "\ud800", "bell \a"):
            with self.subTest(title=ascii(title)), self.assertRaises(InvalidTitle):
                self.store.add(title)

        self.assertEqual([], self.store.list())

    def test_sql_in_a_title_is_only_text(self):
        title = "'); DROP TABLE task; -- 100 %s?"

        self.store.add(title)

        self.assertEqual(title, self.store.list()[0].title)

    def test_finished_tasks_come_last(self):
        first, second = self.store.add("first"), self.store.add("second")

        self.assertTrue(self.store.set_done(first.id, True))

        self.assertEqual([(second.id, False), (first.id, True)], [(task.id, task.done) for task in self.store.list()])

    def test_a_finished_task_can_be_reopened(self):
        task = self.store.add("twice")
        self.store.set_done(task.id, True)

        self.store.set_done(task.id, False)

        self.assertEqual([task], self.store.list())

    def test_what_does_not_exist_is_neither_changed_nor_removed(self):
        self.assertFalse(self.store.set_done(10**17, True))
        self.assertFalse(self.store.remove(10**17))

    def test_the_id_of_a_removed_task_is_not_used_again(self):
        old = self.store.add("old")
        self.assertTrue(self.store.remove(old.id))

        self.assertNotEqual(old.id, self.store.add("new").id)

    def test_tasks_outlive_the_process(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "not yet there", "todo.db")
            before = TaskStore(str(path))
            task = before.add("remember")
            before.close()

            after = TaskStore(str(path))
            self.addCleanup(after.close)

            self.assertEqual([task], after.list())
