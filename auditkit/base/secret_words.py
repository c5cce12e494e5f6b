"""What people call credentials, in the names of variables, flags and fields."""

WORDS = ("passw(or)?d", "passphrase", "pass", "pwd", "secret", "token",
         "(api|access|account|auth|private|secret|shared|storage)[_-]?key")
"""How such a name ends, in lower case; regular expressions that Python and ``sed -E`` read alike."""
