"""What unfolds too far is refused before it fills the memory."""

import gzip

import pytest

from auditkit.base import unpacking


def test_what_was_packed_comes_back() -> None:
    assert unpacking.gunzip(gzip.compress(b"a" * 1000)) == b"a" * 1000


def test_what_unfolds_too_far_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "_RATIO_COUNTS_FROM", 1 << 20)
    packed = gzip.compress(b"a" * (1 << 20))
    assert len(unpacking.gunzip(packed)) == 1 << 20
    bomb = gzip.compress(b"a" * ((1 << 20) + 1))
    assert unpacking.most(len(bomb)) == 1 << 20
    with pytest.raises(ValueError, match=f"it expands to more than 1 MiB from {len(bomb):,} bytes: refused"):
        unpacking.gunzip(bomb)


def test_the_ratio_counts_for_what_is_large() -> None:
    assert [unpacking.most(packed) for packed in (0, 1 << 20, 1 << 40)] == [64 << 20, 400 << 20, 16 << 30]
