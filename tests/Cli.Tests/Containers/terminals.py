"""Walks through a container's terminal with pseudo-terminals of our own: terminals.py KLEENE WORDS...; says 'ok' at the end."""
import fcntl, os, pty, select, struct, sys, termios, time

KLEENE = sys.argv[1:]
PATIENCE = 60


class Terminal:
    """A terminal in which a command runs, and a shell behind it that tells with what it ended."""

    def __init__(self, *words):
        self.seen = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
            script = 'stty -g > before; "$@"; echo left $?; stty -g > after; cmp before after && echo restored'
            os.execvp("sh", ["sh", "-c", script, "sh", *KLEENE, *words])

    def type(self, text):
        os.write(self.fd, text.encode())

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def expect(self, text):
        """Reads until the text has come, and forgets what was before it."""
        end = time.monotonic() + PATIENCE
        while text not in self.seen:
            ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
            if not ready:
                sys.exit(f"'{text}' did not come; there was {self.seen!r}")
            try:
                self.seen += os.read(self.fd, 4096).decode(errors="replace")
            except OSError:
                sys.exit(f"'{text}' did not come before the end; there was {self.seen!r}")
        self.seen = self.seen.split(text, 1)[1]


# What is typed is echoed: the quotes keep it from being taken for the answer.
first = Terminal("run", "-it", "--name", "box", "busybox", "sh")
first.expect("# ")
first.type("stty size\r")
first.expect("33 99")
first.resize(44, 120)
first.type("until stty size | grep -q '44 120'; do sleep 0.05; done; echo resi''zed\r")
first.expect("resized")
first.type("\x10\x11")
first.expect("left 0")
first.expect("restored")

second, third = Terminal("attach", "box"), Terminal("attach", "box")
for terminal in second, third:
    terminal.type("\r")
    terminal.expect("# ")
second.type("echo bo''th\r")
second.expect("both")
third.expect("both")
third.type("sh -c \"echo begu''n; exec sleep 1000\"\r")
third.expect("begun")
third.type("\x03")
third.type("echo ali''ve\r")
third.expect("alive")
third.type("\x10\x11")
third.expect("left 0")
third.expect("restored")
second.type("exit 5\r")
second.expect("left 5")
second.expect("restored")

again = Terminal("start", "-ai", "box")
again.expect("# ")
again.type("exit 6\r")
again.expect("left 6")
again.expect("restored")
print("ok")
