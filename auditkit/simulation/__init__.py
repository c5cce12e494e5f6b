"""A snapshot as it would be if manifests were applied, and what that changes."""
