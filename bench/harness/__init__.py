"""The benchmark runner's parts; bench/run.py is the command."""
