"""Commands for the tests of packages."""
import subprocess
import sys


def run(*command, status=0, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **more)
    if status is not None and done.returncode != status:
        sys.exit(f"{' '.join(map(str, command))}\nstatus {done.returncode}, not {status}\n{done.stdout}{done.stderr}")
    return done
