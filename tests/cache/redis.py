#!/usr/bin/env python3
"""The shared cache against a real Redis server on loopback: machines (folders) that learn from each other, and a server that
is killed, restarted, slow, filled with garbage, or in the hands of someone without the key. Whatever it does, a program does
what its native build does."""
import argparse
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True
import run as local  # noqa: E402
from run import Bench, check, entries  # noqa: E402

SKIPPED = 77


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A Redis server that keeps nothing on disk."""

    def __init__(self, scratch, *options):
        self.scratch, self.port, self.options, self.process = scratch, free_port(), options, None
        self.start()

    def start(self):
        self.process = subprocess.Popen(["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                                         "--appendonly", "no", "--dir", str(self.scratch), *self.options],
                                        stdout=subprocess.DEVNULL)
        for _ in range(1000):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.01)
        raise RuntimeError("redis-server does not start")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def command(self, *words):
        """The server's answer to one command, as bytes: enough of the protocol for a test."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as peer:
            peer.sendall(b"*%d\r\n" % len(words) + b"".join(
                b"$%d\r\n%b\r\n" % (len(each), each) for each in (word if isinstance(word, bytes) else str(word).encode() for word in words)))
            return self.answer(peer.makefile("rb"))

    def answer(self, stream):
        line = stream.readline()[:-2]
        kind, rest = line[:1], line[1:]
        if kind == b"$":
            return stream.read(int(rest) + 2)[:-2] if int(rest) >= 0 else None
        if kind == b"*":
            return [self.answer(stream) for _ in range(int(rest))]
        return int(rest) if kind == b":" else rest

    def address(self, tail=""):
        return f"redis://127.0.0.1:{self.port}{tail}"

    def fields(self, prefix="kiln:"):
        return {(key, name): self.command("HGET", key, name)
                for key in self.command("KEYS", f"{prefix}*") for name in self.command("HKEYS", key)}


class Proxy:
    """Stands before the server and answers after a delay, or with other bytes; counts what connects."""

    def __init__(self, target, delay=0.0, garbage=None):
        self.target, self.delay, self.garbage, self.connections = target, delay, garbage, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.speak, args=(peer,), daemon=True).start()

    def speak(self, peer):
        try:
            with peer, socket.create_connection(("127.0.0.1", self.target)) as server:
                threading.Thread(target=self.copy, args=(peer, server, 0.0), daemon=True).start()
                self.copy(server, peer, self.delay)
        except OSError:
            pass

    def copy(self, source, sink, delay):
        try:
            while data := source.recv(65536):
                time.sleep(delay)
                sink.sendall(self.garbage if self.garbage is not None and sink.getpeername()[1] != self.target else data)
        except OSError:
            pass

    def close(self):
        self.listener.close()


class Machines(Bench):
    """Each folder is a machine; all have the key."""

    def __init__(self, kiln, scratch):
        super().__init__(kiln, scratch)
        self.key = self.scratch / "key"
        self.key.write_text("correct horse battery staple\n")

    def on(self, name, address, *arguments, key=None, what=None, **more):
        """A run on the machine of that name; the statistics of its cache."""
        options = ["--cache", address, "--cache-key", str(key or self.key), *more.pop("options", [])]
        found = self.right(what or name, self.scratch / name, *arguments, options=options, **more)
        return found["cache"] if found else None

    def teach(self, server):
        """One machine fills the server."""
        for _ in range(3):
            self.on("teacher", server.address())
        shutil.rmtree(self.scratch / "teacher")


def learning(bench, server):
    first = bench.on("a", server.address())
    check(first["remote"]["sent"] > 0 and first["remote"]["failures"] == 0, f"the first machine sent nothing: {first}")
    bench.on("a", server.address())
    names = [name for _, name in server.fields()]
    check(b"profile" in names, f"no profile on the server: {names}")
    second = bench.on("b", server.address(), "late")
    check(second["remote"]["fetched"] > 0 and second["installed"] > 0, f"the second machine learnt nothing: {second}")
    check(second["remote"]["wrong_tags"] == 0 and second["damaged"] == 0, f"sound entries were refused: {second}")
    check(len(entries(bench.scratch / "b")) >= second["remote"]["fetched"], "what was fetched is not in the folder")
    third = bench.on("b", server.address())
    check(third["remote"]["fetched"] == 0 and third["hits"] > 0, f"fetched what is there: {third}")
    # It does not matter to it that the server goes.
    alone = bench.right("b alone", bench.scratch / "b")["cache"]
    check(alone["hits"] > 0 and "remote" not in alone, f"without the server: {alone}")
    ttl = server.command("TTL", server.command("KEYS", "kiln:*")[0])
    check(0 < ttl <= 30 * 86400, f"entries are kept for {ttl} seconds")


def profiles(bench, server):
    """What two machines recorded adds up on the server."""
    profile = lambda folder: next(folder.glob("programs/*/profile"))
    counts = []
    for name in ("c", "d"):
        bench.on(name, server.address("?prefix=merge:"), "return", "300000")
        value = next(value for (_, field), value in server.fields("merge:").items() if field == b"profile")
        counts.append(entries_of(bench, value))
    check(counts[1] > counts[0] > 0, f"entries of the shared profile: {counts}")


def entries_of(bench, value):
    """The sum of the function entries of a profile as the server has it: header, profile, digest, tag."""
    payload = value[8 + 4 + 4 + 16 + 16 + 16 + 8:-16 - 32]
    file = bench.scratch / "shared.prof"
    file.write_bytes(payload)
    as_json = bench.scratch / "shared.json"
    subprocess.run([bench.kiln, "profile", "merge", "-o", as_json, file], check=True)
    return sum(function["entries"] for function in local.json.loads(as_json.read_text())["functions"])


def foreigners(bench, server):
    bench.teach(server)
    other = bench.scratch / "other.key"
    other.write_text("an altogether different key")
    found = bench.on("e", server.address(), key=other)
    check(found["remote"]["wrong_tags"] > 0 and found["remote"]["fetched"] == 0 and found["installed"] == 0, f"wrong key: {found}")
    server.command("FLUSHALL")
    bench.teach(server)
    for (key, name), value in server.fields().items():
        server.command("HSET", key, name, value[:-40] + bytes([value[-40] ^ 1]) + value[-39:])
    found = bench.on("f", server.address())
    check(found["remote"]["wrong_tags"] > 0 and found["remote"]["fetched"] == 0, f"changed entries: {found}")
    server.command("FLUSHALL")
    bench.teach(server)
    sound = server.fields()
    names = list(sound)
    for (key, name), (other_key, other_name) in zip(names, names[1:] + names[:1]):
        server.command("HSET", key, name, sound[other_key, other_name])
    found = bench.on("g", server.address())
    check(found["damaged"] > 0 and found["remote"]["fetched"] == 0, f"exchanged entries: {found}")
    for (key, name) in sound:
        server.command("HSET", key, name, b"garbage" * 100)
        server.command("HSET", key, b"\xff\0\n" + name, b"")
        server.command("HSET", key, b"0000000000000000-f99999999999-O3", b"")
    found = bench.on("h", server.address())
    check(found["remote"]["fetched"] == 0 and found["remote"]["wrong_tags"] > 0, f"garbage: {found}")
    server.command("FLUSHALL")
    bench.teach(server)
    for key in server.command("KEYS", "kiln:*"):
        server.command("DEL", key)
        server.command("SET", key, "not a hash")
    found = bench.on("i", server.address())
    check(found["remote"]["failures"] > 0 and "WRONGTYPE" in found["remote"]["away"], f"a value of another type: {found}")
    server.command("FLUSHALL")


def absence(bench, server):
    found = bench.on("j", f"redis://127.0.0.1:{free_port()}")
    check(found["remote"]["failures"] > 0 and found["remote"]["away"] != "" and found["written"] > 0, f"no server: {found}")
    bench.teach(server)
    server.kill()
    found = bench.on("k", server.address())
    check(found["remote"]["failures"] > 0 and found["remote"]["fetched"] == 0, f"a killed server: {found}")
    server.start()  # and has forgotten everything
    bench.on("k", server.address(), what="a server that came back")
    found = bench.on("l", server.address())
    bench.teach(server)
    found = bench.on("m", server.address())
    check(found["remote"]["fetched"] > 0, f"a restarted server: {found}")
    # In the middle of runs.
    stop = threading.Event()

    def restless():
        while not stop.wait(0.15):
            server.kill()
            if not stop.wait(0.05):
                server.start()
    thread = threading.Thread(target=restless)
    thread.start()
    for turn in range(8):
        bench.on(f"restless{turn % 3}", server.address(), "return", "400000", what="a server that comes and goes")
    stop.set()
    thread.join()
    if server.process.poll() is not None:
        server.start()


def slowness(bench, server):
    bench.teach(server)
    slow = Proxy(server.port, delay=0.7)
    long = ("return", "4000000")  # longer than the server may take
    found = bench.on("n", f"redis://127.0.0.1:{slow.port}", *long)
    check(found["remote"]["away"].startswith("no answer within") and found["remote"]["fetched"] == 0, f"a slow server: {found}")
    check(slow.connections <= 3, f"a slow server was asked {slow.connections} times")
    slow.close()
    silent = socket.create_server(("127.0.0.1", 0))
    found = bench.on("o", f"redis://127.0.0.1:{silent.getsockname()[1]}", *long)
    check(found["remote"]["failures"] > 0, f"a server that says nothing: {found}")
    silent.close()
    for name, bytes_ in (("text", b"HTTP/1.1 400 Bad Request\r\n\r\n"), ("zeros", bytes(1000)), ("lengths", b"*99999999\r\n$999999999\r\n"),
                         ("endless", b"$1000000000\r\n" + bytes(70000)), ("negative", b"*-5\r\n$-7\r\n:x\r\n")):
        proxy = Proxy(server.port, garbage=bytes_)
        found = bench.on(f"p-{name}", f"redis://127.0.0.1:{proxy.port}", what=f"an answer of {name}")
        check(found["remote"]["fetched"] == 0, f"an answer of {name}: {found}")
        proxy.close()


def options(bench, server):
    guarded = Server(bench.scratch, "--requirepass", "sesame")
    try:
        found = bench.on("q", guarded.address())
        check("NOAUTH" in found["remote"]["away"], f"without the password: {found}")
        found = bench.on("q", f"redis://:sesame@127.0.0.1:{guarded.port}/2", options=["--load", "libm.so.6"])
        check(found["remote"]["sent"] > 0, f"with the password: {found}")
    finally:
        guarded.kill()
    refused = lambda *words: subprocess.run([bench.kiln, "run", *map(str, words), bench.program], capture_output=True, text=True,
                                            env=bench.environment)
    for words, part in ((["--cache", server.address()], "needs a key"),
                        (["--cache", server.address(), "--cache-key", bench.scratch / "none"], "No such file"),
                        (["--cache", "memcached://x", "--cache-key", bench.key], "redis://"),
                        (["--cache-key", bench.key], "is for a shared cache"),
                        (["--cache", "off", "--cache", server.address()], "off alone")):
        done = refused(*words)
        check(done.returncode == 2 and part in done.stderr, f"{words}: {done.stderr!r}")
    short = bench.scratch / "short.key"
    short.write_text("short")
    done = refused("--cache", server.address(), "--cache-key", short)
    check(done.returncode == 2 and "16 to" in done.stderr, f"a short key: {done.stderr!r}")
    for end in ("exit", "now", "kill", "fork", "thread"):
        bench.on("ends", server.address(), end, "100000", what=f"{end} with a server")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kiln", required=True)
    parser.add_argument("--only", help="one part of the tests")
    given = parser.parse_args()
    if not shutil.which("redis-server"):
        print("SKIP: redis-server is not installed (scripts/setup test)")
        return SKIPPED
    parts = {part.__name__: part for part in (learning, profiles, foreigners, absence, slowness, options)}
    with tempfile.TemporaryDirectory(prefix="kiln-redis-") as scratch:
        bench = Machines(Path(given.kiln).resolve(), scratch)
        server = Server(bench.scratch)
        try:
            for name, part in parts.items():
                if given.only in (None, name):
                    part(bench, server)
        finally:
            server.kill()
    print(f"{local.failures} failures" if local.failures else "passed")
    return 1 if local.failures else 0


if __name__ == "__main__":
    sys.exit(main())
