"""python3 -m todo [--host HOST] [--port PORT] [--database FILE-OR-ADDRESS] [--self-check | --ping]"""

import argparse
import os
import signal
import sys
import threading

from .self_check import ping, self_check
from .store import TaskStore
from .web import TodoServer


def main():
    options = read_options()
    if options.self_check:
        return self_check(sys.stdout)
    if options.ping:
        return ping(options.port)

    store = TaskStore(options.database)
    server = TodoServer(options.host, options.port, store)

    # shutdown() waits for serve_forever(), which this very thread runs: another one has to ask.
    def stop(*_):
        threading.Thread(target=server.shutdown).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)

    print(f"todo listens on {server.url} and keeps its tasks in {store.place}")
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    store.close()
    print("todo has stopped")
    return 0


def read_options():
    parser = argparse.ArgumentParser(prog="todo", description="A list of things to do, on a web page.")
    parser.add_argument("--host", default="127.0.0.1", help=":: for all addresses")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8080")), help="0 takes a free one")
    parser.add_argument("--database", default=os.environ.get("TODO_DATABASE", "todo.db"), metavar="FILE-OR-ADDRESS", help="a file, or postgres://USER:PASSWORD@HOST/DATABASE")
    parser.add_argument("--ping", action="store_true", help="ask the one that listens for its tasks, and fail if it has no answer")
    parser.add_argument("--self-check", action="store_true", help="serve to itself, print what was asked and answered, and exit")
    return parser.parse_args()


sys.exit(main())
