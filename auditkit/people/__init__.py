"""What people add to a snapshot: exceptions, attestations, conclusions, and the scope of an examination."""

FILES = ("exceptions", "attestations", "scope", "controls")
"""The options that are files of people, by their names everywhere."""
