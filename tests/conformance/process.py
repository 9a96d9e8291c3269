"""Runs one process with a time limit and says how it ended."""

import os
import resource
import signal
import subprocess
import tempfile
from dataclasses import dataclass

TIMEOUT_SECONDS = 20

# A core file for each expected signal death would fill the disk.
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

# What programs print must not depend on the caller's locale, time zone or terminal.
ENVIRONMENT = {
    "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
    "HOME": os.environ.get("HOME", "/"),
    "LC_ALL": "C",
    "TZ": "UTC",
    # Each run begins with nothing; a mode for the cache names a folder.
    "KILN_CACHE": os.environ.get("KILN_CACHE", "off"),
}


@dataclass(frozen=True)
class Outcome:
    """How a process ended: status is the exit status, -N for death by signal N, None for a timeout."""

    status: int | None
    stdout: bytes
    stderr: bytes

    def describe(self) -> str:
        if self.status is None:
            return "timeout"
        if self.status < 0:
            try:
                return signal.Signals(-self.status).name
            except ValueError:
                return f"signal {-self.status}"
        return f"exit {self.status}"

    def first_error_line(self) -> str:
        lines = self.stderr.decode("utf-8", "replace").strip().splitlines()
        return lines[0][:200] if lines else ""


def run(argv: list[str], stdin: bytes = b"", timeout: float = TIMEOUT_SECONDS,
        environment: dict[str, str] | None = None) -> Outcome:
    """Runs argv in an empty directory of its own; whatever it leaves running is killed with it."""
    with tempfile.TemporaryDirectory(prefix="kiln-test-") as scratch:
        child = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            cwd=scratch, env=ENVIRONMENT | {"TMPDIR": scratch} | (environment or {}), start_new_session=True)
        try:
            stdout, stderr = child.communicate(stdin, timeout)
            status = child.returncode
        except subprocess.TimeoutExpired:
            kill_session(child.pid)
            stdout, stderr = child.communicate()
            status = None
        kill_session(child.pid)
    return Outcome(status, stdout, stderr)


def kill_session(leader: int) -> None:
    """Kills the process group that the leader opened, if anything of it is left."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        pass
