"""Measurements, as ratios within one run: ``python3 -m tests.benchmarks``."""
