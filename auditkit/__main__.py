"""``python -m auditkit`` is the command line."""

from auditkit.cli.main import main

main()
