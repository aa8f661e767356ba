"""The builders that kleene is held against, each with a store of its own on one file system, and what it takes to run them."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).resolve().parent.parent
SAMPLES = REPOSITORY / "samples"
LONGEST = 600


class Failed(Exception):
    """A program ended badly or cannot be used here; the message says why and ends up under the table."""


class Measurement(NamedTuple):
    seconds: float
    peak_kilobytes: int


def run(arguments, environment=None):
    """Runs a program and waits for it, in a session of its own, so that the whole of it can be ended when we are interrupted."""
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        try:
            child = subprocess.Popen(
                arguments, env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True, cwd="/")
        except OSError as error:
            raise Failed(f"{Path(arguments[0]).name}: {error.strerror}") from None

        signal.alarm(LONGEST)
        try:
            _, status, usage = os.wait4(child.pid, 0)
            ended = time.perf_counter()
        except BaseException:
            os.killpg(child.pid, signal.SIGKILL)
            raise
        finally:
            signal.alarm(0)

        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace").strip()
        if child.returncode != 0:
            last = text.splitlines()[-1] if text else "no output"
            raise Failed(f"{Path(arguments[0]).name} ended with {child.returncode}: {last}")
        return Measurement(ended - started, usage.ru_maxrss), text


class Tool:
    """One program under measurement. `start` raises Failed when it cannot work here."""

    builds = runs = True
    environment = {}

    def __init__(self, place):
        self.place = place

    def start(self):
        pass

    def stop(self):
        pass

    def call(self, *arguments):
        return run([str(argument) for argument in arguments], self.environment)

    def display(self, arguments):
        """A command as the table shows it: without the options that only keep this run apart from the rest of the machine."""
        text = " ".join(str(argument) for argument in arguments)
        text = re.sub(r" --(root|runroot|tmpdir|storage-driver|cgroup-manager|events-backend|ulimit|runtime) \S+", "", text)
        return re.sub(r"^\S*/", "", text.replace(f"{self.place}/", ""))

    def version(self):
        return re.search(r"\d+\.\d+[\w.+~-]*", self.call(*self.version_command())[1])[0].split("+")[0]

    def forget(self):
        """Drops what would make a first build of new content cheaper than it is."""


class Kleene(Tool):
    name = "kleene"

    def __init__(self, place, binary):
        super().__init__(place)
        self.binary = binary
        self.environment = {"KLEENE_ROOT": str(place / "kleene"), "KLEENE_STORAGE": "overlay"}

    def start(self):
        if not Path(self.binary).exists() and not shutil.which(self.binary):
            raise Failed(f"there is no {self.binary}; scripts/bench makes it")

    def import_base(self, name, tree, archive):
        self.call(self.binary, "image", "create", "-t", name, *(["dir", tree] if tree else ["fetch", archive]))

    def build(self, folder, tag, *options):
        return [self.binary, "build", *options, "--network", "host", "-t", tag, folder]

    def run(self, *words):
        return [self.binary, "run", *words]

    def remove(self, name):
        return [self.binary, "rm", "-f", name]

    @contextlib.contextmanager
    def watch(self, folder, tag):
        """Builds and runs what is in a folder, again and again; gives a function that returns when a container has said a word."""
        watching = subprocess.Popen(
            [self.binary, "build", "--watch", "--network", "host", "-t", tag, folder, "--run", "--network", "none"],
            env={**os.environ, **self.environment}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd="/")

        def said(word):
            for line in watching.stdout:
                if line.rstrip("\n") == word:
                    return
            raise Failed(f"kleene build --watch ended with {watching.wait()}")

        try:
            said("begin")
            yield said
        finally:
            watching.terminate()
            watching.wait()

    def version_command(self):
        return [self.binary, "--version"]


class BuildKit(Tool):
    """BuildKit as Debian's dockerd carries it; `docker run` of the same daemon."""

    name = "BuildKit, docker"

    def __init__(self, place, bridge=False):
        super().__init__(place)
        # Without: neither a bridge nor firewall rules. The steps use the network of the host, and the host keeps its own.
        self.network = [] if bridge else ["--bridge=none", "--iptables=false", "--ip6tables=false"]

    def start(self):
        # A newer client of the same name wants a plugin for BuildKit; Debian's has it built in.
        self.client = "/usr/bin/docker"
        for program in (self.client, "dockerd", "containerd", "runc"):
            if not shutil.which(program):
                raise Failed(f"docker: {program} is missing; apt-get install docker.io")

        self.home = self.place / "docker"
        self.home.mkdir()
        socket = f"unix://{self.home}/socket"
        self.environment = {"DOCKER_HOST": socket, "DOCKER_BUILDKIT": "1", "DOCKER_CONFIG": str(self.home / "config")}
        self.log = open(self.home / "log", "wb")
        self.daemon = subprocess.Popen(
            ["dockerd", "-H", socket, "--data-root", self.home / "data", "--exec-root", self.home / "exec", "--pidfile", self.home / "pid",
             *self.network, "--storage-driver=overlay2"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, start_new_session=True)

        for _ in range(300):
            with contextlib.suppress(Failed):
                self.call(self.client, "version")
                return
            if self.daemon.poll() is not None:
                break
            time.sleep(0.1)
        last = (self.home / "log").read_text(errors="replace").strip().splitlines()[-1:]
        raise Failed(f"docker: the daemon does not answer: {' '.join(last)}")

    def stop(self):
        if not hasattr(self, "daemon"):
            return
        self.daemon.terminate()
        try:
            self.daemon.wait(30)
        except subprocess.TimeoutExpired:
            # Its containerd is in the same session, and would outlive it.
            os.killpg(self.daemon.pid, signal.SIGKILL)
            self.daemon.wait()
        self.log.close()

    def import_base(self, name, tree, archive):
        self.call(self.client, "import", "--change", 'CMD ["/bin/sh"]', archive, name)

    def build(self, folder, tag, *options):
        return [self.client, "build", *options, "--network", "host", "-t", tag, "-f", f"{folder}/Kleenefile", folder]

    def run(self, *words):
        return [self.client, "run", *words]

    def remove(self, name):
        return [self.client, "rm", "-f", name]

    def version_command(self):
        return [self.client, "--version"]

    def forget(self):
        self.call(self.client, "builder", "prune", "--all", "--force")


class ContainersTool(Tool):
    """What buildah and podman share: a store, and runc, because crun refuses hosts with both versions of cgroups mounted."""

    def start(self):
        for program in (self.program, "runc"):
            if not shutil.which(program):
                raise Failed(f"{self.program}: {program} is missing; apt-get install {program}")
        self.store = ["--root", self.place / "containers/root", "--runroot", self.place / "containers/run", "--storage-driver", "overlay"]

    def version_command(self):
        return [self.program, "--version"]


class Buildah(ContainersTool):
    name = program = "buildah"
    runs = False

    def import_base(self, name, tree, archive):
        container = self.call("buildah", *self.store, "from", "--quiet", "scratch")[1].split()[-1]
        self.call("buildah", *self.store, "add", "--quiet", container, archive, "/")
        self.call("buildah", *self.store, "config", "--cmd", "/bin/sh", container)
        self.call("buildah", *self.store, "commit", "--quiet", container, name)
        self.call("buildah", *self.store, "rm", container)

    def build(self, folder, tag, *options):
        return ["buildah", *self.store, "build", "--runtime", "runc", "--layers", *options, "--network", "host", "-t", tag,
                "-f", f"{folder}/Kleenefile", folder]


class Podman(ContainersTool):
    """Runs what buildah built: the two share their store."""

    name = program = "podman"
    builds = False

    def import_base(self, name, tree, archive):
        pass

    def start(self):
        super().start()
        self.program_words = ["podman", *self.store, "--tmpdir", self.place / "containers/tmp", "--cgroup-manager", "cgroupfs",
                              "--events-backend", "none", "--runtime", "runc"]

    def run(self, *words):
        # The default limits of podman are more than a host without CAP_SYS_RESOURCE may give.
        return [*self.program_words, "run", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", *words]

    def remove(self, name):
        return [*self.program_words, "rm", "-f", "-t", "0", name]


def pack(tree, archive):
    with tarfile.open(archive, "w") as tar:
        tar.add(tree, ".")


@contextlib.contextmanager
def workplace(parent):
    """A directory on a file system of its own, whose tables are written before anything is timed."""
    left_behind = [Path(path) for path in ("/run/docker", "/run/libpod", "/run/containers", "/var/lib/containers") if not Path(path).exists()]
    folder = Path(tempfile.mkdtemp(prefix="kleene-bench-", dir=parent))
    place = folder / "disk"
    try:
        place.mkdir()
        run(["truncate", "-s", "32G", folder / "image"])
        run(["mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", folder / "image"])
        run(["mount", "-o", "loop", folder / "image", place])
        yield place
    finally:
        # In reverse order; the tools leave mounts of their own in here.
        for line in reversed(Path("/proc/self/mounts").read_text().splitlines()):
            mounted = line.split()[1]
            if mounted.startswith(f"{folder}/"):
                # Lazily, if something a tool left running still holds it.
                if subprocess.run(["umount", mounted], stderr=subprocess.DEVNULL).returncode != 0:
                    subprocess.run(["umount", "-l", mounted])
        shutil.rmtree(folder, ignore_errors=True)
        for path in left_behind:
            shutil.rmtree(path, ignore_errors=True)


def started(tools, stack, notes):
    """The tools that work here; the others are noted with the reason."""
    for tool in tools:
        stack.callback(tool.stop)
        try:
            tool.start()
            tool.label = f"{tool.name} {tool.version()}"
            yield tool
        except Failed as error:
            notes.append(str(error))
            print(f"  {error}", file=sys.stderr)


def took_too_long(*_):
    raise Failed(f"took longer than {LONGEST} s")


def ignore_signals():
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def builders(parent, make, notes):
    """The tools that work here, on a file system of their own. `make` gives all of them for a directory."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGALRM, took_too_long)
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(workplace(parent))
        tools = list(started(make(place), stack, notes))
        # Called first of all on the way out: a second Ctrl-C must not leave a daemon behind.
        stack.callback(ignore_signals)
        yield place, tools
