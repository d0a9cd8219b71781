"""Thousands of damaged files, read in a watched process: ``python -m benchmarks.fuzz_files``."""
