"""What the decoder of JSON raises for a text that is cut, malformed, of another encoding, or nested too deeply."""

import msgspec

UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def verify_text(body: bytes) -> None:
    """Raises `UnicodeDecodeError` for what is not UTF-8 text: the decoder passes over a key that was damaged, and its
    absence would be taken for the API's default."""
    if not body.isascii():
        body.decode()
