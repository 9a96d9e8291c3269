"""Checks of the command, for the tests that go on after one that failed and tell all of them at the end."""

import subprocess
from pathlib import Path


class Checks:
    """`kiln` is the command's path, `folder` where files may be left."""

    def __init__(self, kiln: str, folder: Path):
        self.kiln, self.folder, self.problems, self.count = kiln, folder, [], 0

    def expect(self, what: str, condition: bool, detail="") -> None:
        self.count += 1
        if not condition:
            self.problems.append(f"{what}: {detail}")

    def call(self, *words) -> subprocess.CompletedProcess:
        """Runs the command, whatever comes of it."""
        return subprocess.run([self.kiln, *map(str, words)], capture_output=True, text=True, timeout=300, check=False)

    def run(self, *words, status=0) -> subprocess.CompletedProcess:
        """Runs the command, which must end with that status."""
        done = self.call(*words)
        self.expect(f"kiln {' '.join(map(str, words))}", done.returncode == status, f"{done.returncode}: {done.stderr[-500:]}")
        return done

    def tell(self) -> int:
        """Prints what failed; the exit status."""
        for problem in self.problems[:40]:
            print("FAIL", problem)
        print(f"{self.count} checks, {len(self.problems)} failed")
        return 1 if self.problems else 0
