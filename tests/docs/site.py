#!/usr/bin/env python3
"""Builds the documentation's site, where a public item without documentation and a link that leads nowhere are errors.

usage: site.py --kiln PATH   (status 77: there is no doxygen)
"""
import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kiln", required=True)
    options = parser.parse_args()
    if not shutil.which("doxygen"):
        return 77
    with tempfile.TemporaryDirectory(prefix="kiln-site-") as folder:
        subprocess.run([options.kiln, "--generate", "markdown", folder], check=True)
        settings = (ROOT / "docs/Doxyfile").read_text()
        settings = settings.replace("build/docs/generated", folder)
        settings = re.sub(r"(OUTPUT_DIRECTORY\s*=).*", rf"\1 {folder}/site", settings)
        Path(folder, "site").mkdir()
        done = subprocess.run(["doxygen", "-"], input=settings, cwd=ROOT, capture_output=True, text=True, check=False)
        pages = list(Path(folder, "site/html").glob("*.html"))
        if done.returncode != 0 or len(pages) < 50:
            print(done.stdout, done.stderr)
            return 1
        engine = next(page for page in pages if page.name == "classkiln_1_1Program.html").read_text()
        if "tierOf" not in engine or "Fails with" not in engine:
            print("the page of Program lacks its members")
            return 1
        print(f"site: {len(pages)} pages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
