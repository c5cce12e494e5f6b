"""Phases of pods."""

ENDED = ("Succeeded", "Failed")
"""The phases of a pod whose containers run no more, and will not run again."""
