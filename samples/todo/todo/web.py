"""HTTP in front of a TaskStore.

    GET    /                 the page          POST /add /finish /reopen /remove   its forms
    GET    /api/tasks        all tasks         POST   /api/tasks  {"title": …}     201 and the new task
    PATCH  /api/tasks/ID     {"done": …}, 204  DELETE /api/tasks/ID                204
"""

import json
import re
import socket
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from .page import render
from .store import InvalidTitle

LARGEST_BODY = 64 * 1024
TASK_PATH = re.compile(r"/api/tasks/([0-9]{1,18})")


class BadRequest(Exception):
    """A request that cannot be understood; the message goes into the answer."""


class TodoServer(ThreadingHTTPServer):
    """Listens at once; `serve_forever` answers. Port 0 takes a free one."""

    daemon_threads = True

    def __init__(self, host, port, store, quiet=False):
        # IPv4 comes in as well there, under mapped addresses.
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), TodoHandler)
        self.store = store
        self.quiet = quiet

    @property
    def url(self):
        host, port = self.server_address[:2]
        return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


class TodoHandler(BaseHTTPRequestHandler):
    server_version = "todo"
    timeout = 30

    def log_message(self, *arguments):
        if not self.server.quiet:
            super().log_message(*arguments)

    def do_GET(self):
        match urlsplit(self.path).path:
            case "/":
                self._send_page(HTTPStatus.OK)
            case "/api/tasks":
                self._send_json(HTTPStatus.OK, [asdict(task) for task in self.server.store.list()])
            case _:
                self._send_json(HTTPStatus.NOT_FOUND, {"error": "no such page"})

    def do_POST(self):
        if self.path == "/api/tasks":
            self._answer(self._add_from_json)
        else:
            self._answer(self._submit_form)

    def do_PATCH(self):
        self._answer(self._patch_task)

    def do_DELETE(self):
        self._answer(self._delete_task)

    def _add_from_json(self):
        title = self._read_json().get("title")
        if not isinstance(title, str):
            raise BadRequest('"title" must be a string')
        self._send_json(HTTPStatus.CREATED, asdict(self.server.store.add(title)))

    def _patch_task(self):
        id, done = self._task_id(), self._read_json().get("done")
        if not isinstance(done, bool):
            raise BadRequest('"done" must be true or false')
        self._send_outcome(id is not None and self.server.store.set_done(id, done))

    def _delete_task(self):
        id = self._task_id()
        self._send_outcome(id is not None and self.server.store.remove(id))

    def _submit_form(self):
        form = {name: values[0] for name, values in parse_qs(self._read_body().decode("utf-8", "replace")).items()}
        id = int(form["id"]) if form.get("id", "").isdecimal() and len(form["id"]) <= 18 else 0
        store = self.server.store
        match self.path:
            case "/add":
                try:
                    store.add(form.get("title", ""))
                except InvalidTitle as error:
                    return self._send_page(HTTPStatus.BAD_REQUEST, str(error))
            case "/finish":
                store.set_done(id, True)
            case "/reopen":
                store.set_done(id, False)
            case "/remove":
                store.remove(id)
            case _:
                return self._send_json(HTTPStatus.NOT_FOUND, {"error": "no such form"})

        # See Other, so that reloading the page does not send the form again.
        self._send(HTTPStatus.SEE_OTHER, "text/plain", b"", {"Location": "/"})

    def _answer(self, action):
        try:
            action()
        except (BadRequest, InvalidTitle) as error:
            self._send_json(HTTPStatus.BAD_REQUEST, {"error": str(error)})

    def _task_id(self):
        found = TASK_PATH.fullmatch(self.path)
        return int(found[1]) if found else None

    def _read_body(self):
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > LARGEST_BODY:
            raise BadRequest("the body is too large")
        return self.rfile.read(int(length))

    def _read_json(self):
        try:
            document = json.loads(self._read_body())
        except ValueError:
            raise BadRequest("the body is not JSON") from None
        if not isinstance(document, dict):
            raise BadRequest("the body must be a JSON object")
        return document

    def _send_outcome(self, found):
        if found:
            self._send(HTTPStatus.NO_CONTENT, "application/json", b"")
        else:
            self._send_json(HTTPStatus.NOT_FOUND, {"error": "no such task"})

    def _send_page(self, status, error=None):
        page = render(self.server.store.list(), error).encode()
        self._send(status, "text/html; charset=utf-8", page, {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"})

    def _send_json(self, status, value):
        self._send(status, "application/json", json.dumps(value, ensure_ascii=False).encode() + b"\n")

    def _send(self, status, content_type, body, headers=None):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        if status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
