"""A short conversation with a server of its own, on a free port and a database in memory: shows that an image works."""

import json
import sys
import threading
from http.client import HTTPConnection

from .store import TaskStore
from .web import TodoServer

CONVERSATION = [
    ("POST", "/api/tasks", {"title": "write a Kleenefile"}),
    ("POST", "/api/tasks", {"title": "build <it> & run it"}),
    ("PATCH", "/api/tasks/1", {"done": True}),
    ("GET", "/api/tasks", None),
    ("DELETE", "/api/tasks/1", None),
    ("DELETE", "/api/tasks/1", None),
    ("GET", "/api/tasks", None),
]


def self_check(output):
    server = TodoServer("127.0.0.1", 0, TaskStore(":memory:"), quiet=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        for method, path, value in CONVERSATION:
            print(method, path, *([json.dumps(value)] if value else []), file=output)
            print("  ", *talk(server, method, path, value), file=output)
    finally:
        server.shutdown()
        server.server_close()
    return 0


def ping(port):
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/api/tasks")
        return 0 if connection.getresponse().status == 200 else 1
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        connection.close()


def talk(server, method, path, value):
    connection = HTTPConnection(*server.server_address[:2], timeout=10)
    try:
        connection.request(method, path, json.dumps(value) if value else None)
        answer = connection.getresponse()
        return filter(None, [str(answer.status), answer.read().decode().strip()])
    finally:
        connection.close()
