"""lit configuration: IR files that are checked with FileCheck, and the command line's behaviour.

The build names the tools with --param: kiln, llvm_tools (a folder).
"""
import os
import sys

import lit.formats

config.name = "kiln"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".ll", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = lit_config.params["build"]

tools = lit_config.params["llvm_tools"]
config.substitutions += [
    ("%kiln", lit_config.params["kiln"]),
    ("%inputs", os.path.join(config.test_source_root, "Inputs")),
    # Runs a command and checks how it ends: a status, or the name of a signal.
    ("%ends", f"{sys.executable} {os.path.join(config.test_source_root, 'ends.py')}"),
]
config.environment["KILN_CACHE"] = "off"
config.environment["PATH"] = os.pathsep.join([tools, os.environ.get("PATH", "")])

cpu = open("/proc/cpuinfo").read() if os.path.exists("/proc/cpuinfo") else ""
if " avx2 " in cpu:
    config.available_features.add("avx2")
