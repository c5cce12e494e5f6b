"""``python -m auditkit`` is the command line."""

from auditkit.cli import main

main()
