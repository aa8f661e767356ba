import json
import threading
import unittest
from http.client import HTTPConnection
from urllib.parse import urlencode

from todo.store import TaskStore
from todo.web import LARGEST_BODY, TodoServer


class WebTests(unittest.TestCase):
    def setUp(self):
        self.store = TaskStore(":memory:")
        self.server = TodoServer("127.0.0.1", 0, self.store, quiet=True)
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        for cleanup in (self.store.close, self.server.server_close, thread.join, self.server.shutdown):
            self.addCleanup(cleanup)

    def ask(self, method, path, body=None, headers=None):
        connection = HTTPConnection(*self.server.server_address[:2], timeout=10)
        self.addCleanup(connection.close)
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers

    def ask_json(self, method, path, value=None):
        status, body, _ = self.ask(method, path, None if value is None else json.dumps(value))
        return status, json.loads(body) if body else None

    def test_a_task_lives_from_post_to_delete(self):
        self.assertEqual((201, {"id": 1, "title": "naïve ☃", "done": False}), self.ask_json("POST", "/api/tasks", {"title": "naïve ☃"}))
        self.assertEqual((204, None), self.ask_json("PATCH", "/api/tasks/1", {"done": True}))
        self.assertEqual((200, [{"id": 1, "title": "naïve ☃", "done": True}]), self.ask_json("GET", "/api/tasks"))
        self.assertEqual((204, None), self.ask_json("DELETE", "/api/tasks/1"))
        self.assertEqual((200, []), self.ask_json("GET", "/api/tasks"))

    def test_what_is_not_there_is_not_found(self):
        for method, path, value in [
            ("GET", "/nowhere", None),
            ("DELETE", "/api/tasks/1", None),
            ("DELETE", "/api/tasks/one", None),
            ("PATCH", "/api/tasks/1", {"done": True}),
            ("POST", "/nowhere", {}),
        ]:
            with self.subTest(method=method, path=path):
                self.assertEqual(404, self.ask_json(method, path, value)[0])

    def test_a_request_that_makes_no_sense_is_refused_with_a_reason(self):
        for body, reason in [
            ("{", "the body is not JSON"),
            (b"\xff\xfe", "the body is not JSON"),
            ("[]", "the body must be a JSON object"),
            ('{"title": 3}', '"title" must be a string'),
            ('{"title": " "}', "a task needs a title"),
        ]:
            with self.subTest(reason=reason):
                status, answer, _ = self.ask("POST", "/api/tasks", body)

                self.assertEqual((400, {"error": reason}), (status, json.loads(answer)))

        self.assertEqual([], self.store.list())

    def test_a_body_that_is_announced_as_too_large_is_not_even_read(self):
        status, answer, _ = self.ask("POST", "/api/tasks", headers={"Content-Length": str(LARGEST_BODY + 1)})

        self.assertEqual((400, {"error": "the body is too large"}), (status, json.loads(answer)))

    def test_the_page_shows_titles_as_text(self):
        self.store.add("<script>alert('hello')</script> & {braces}")

        status, page, headers = self.ask("GET", "/")

        self.assertEqual(200, status)
        self.assertIn("&lt;script&gt;alert(&#x27;hello&#x27;)&lt;/script&gt; &amp; {braces}", page)
        self.assertNotIn("<script", page)
        self.assertEqual("text/html; charset=utf-8", headers["Content-Type"])

    def test_the_forms_of_the_page_do_what_their_buttons_say(self):
        for path, form, expected in [
            ("/add", {"title": "by form"}, [("by form", False)]),
            ("/finish", {"id": 1}, [("by form", True)]),
            ("/reopen", {"id": 1}, [("by form", False)]),
            ("/remove", {"id": "not a number"}, [("by form", False)]),
            ("/remove", {"id": 1}, []),
        ]:
            with self.subTest(path=path, form=form):
                status, _, headers = self.ask("POST", path, urlencode(form))

                self.assertEqual((303, "/"), (status, headers["Location"]))
                self.assertEqual(expected, [(task.title, task.done) for task in self.store.list()])

    def test_an_empty_form_gives_the_page_again_with_the_reason(self):
        status, page, _ = self.ask("POST", "/add", urlencode({"title": " "}))

        self.assertEqual(400, status)
        self.assertIn('<p class="error" role="alert">a task needs a title</p>', page)
