"""ends.py STATUS COMMAND...: succeeds if the command ends with that status, or by that signal (SIGSEGV, ...)."""
import signal
import subprocess
import sys

expected, command = sys.argv[1], sys.argv[2:]
status = subprocess.run(command).returncode
actual = signal.Signals(-status).name if status < 0 else str(status)
if actual != expected:
    sys.exit(f"ends.py: expected {expected}, got {actual}")
