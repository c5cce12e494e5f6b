"""Benchmarks, and the big clusters that they run on."""
