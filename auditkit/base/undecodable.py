"""What the decoder of JSON raises for a text that is cut, malformed, of another encoding, or nested too deeply."""

import msgspec

UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
