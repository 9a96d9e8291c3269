"""Shells on a terminal of their own: a line is typed, its completion asked for by the key, and what comes on the screen is read."""

import os
import pty
import re
import select
import subprocess
import termios
import time

SECONDS = 60
# Long enough for every list to be seen at once and unbroken.
ROWS, COLUMNS = 400, 400
PROMPT = "ready> "


class Shell:
    """`command` on a terminal, in `folder`; `setup` are lines that it executes first."""

    def __init__(self, command, folder, setup):
        self.master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (ROWS, COLUMNS))
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, cwd=folder, start_new_session=True,
                                        env={**os.environ, "TERM": "vt100", "LC_ALL": "C.UTF-8", "PS1": PROMPT, "HOME": str(folder)})
        os.close(slave)
        self.turn = 0
        for line in setup:
            self.write(line + "\n")
        self.settle()

    def write(self, text):
        os.write(self.master, text.encode())

    def settle(self):
        """What came until a command that is given now has run: the shell is then at its prompt."""
        self.turn += 1
        self.write(f"echo 'se'ttled-{self.turn}\n")
        seen, end = "", time.monotonic() + SECONDS
        # Behind the prompt: what is typed earlier is the terminal's, not the shell's.
        while not re.search(rf"settled-{self.turn}\r\n.*{PROMPT}", seen, re.DOTALL):
            if not select.select([self.master], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError(f"the shell says nothing more after {seen[-500:]!r}")
            seen += os.read(self.master, 65536).decode(errors="replace")
        return seen

    def complete(self, line, key):
        """The words that are on the screen after the line and the key, but for the line's own."""
        self.write(line + key)
        self.write("\x15")  # the line is taken back
        text = re.sub(r"\x1b\[[\d;?]*[A-Za-z]|\x1b[=>()][B0]?|\x00|.\x08", "", self.settle())
        text = text[text.find(line) + len(line):]
        return text[:max(text.rfind(line.strip()), 0)]

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)
