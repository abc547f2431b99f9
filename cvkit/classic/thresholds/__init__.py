"""Thresholds; a file is a method, its `threshold` gives a number or a surface, see `cvkit.classic.segment`."""
