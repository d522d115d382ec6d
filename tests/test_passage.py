"""One pass through a blob gives the same plaintext and the same judgement as reading it from any position."""

from __future__ import annotations

import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.encryption import encrypt
from recovery import limits
from recovery.source.blob_reader import BlobReader
from recovery.source.file_keys import DecipheredBlob

KEY = bytes(range(32))


@given(st.binary(max_size=200), st.integers(0, 60), st.integers(1, 40))
def test_a_pass_agrees_with_reading_at_random(plain: bytes, cut: int, chunk: int) -> None:
    """For whole and cut blobs, whatever the length of the chunks."""
    stored = encrypt(KEY, plain)
    stored = stored[: max(0, len(stored) - cut)]
    with DecipheredBlob(io.BytesIO(stored), KEY) as blob:
        expected, intact = blob.read(), blob.intact
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(limits, "CIPHER_CHUNK_BYTES", chunk)
        passage = BlobReader(io.BytesIO(stored), KEY)
        given_plain = b"".join(map(bytes, passage.views()))
    assert given_plain == expected and bool(passage.damage) is not intact
    assert (passage.size, passage.source_size) == (len(expected), len(stored))
    assert passage.sha256 == hashlib.sha256(expected).hexdigest()
    assert passage.source_sha256 == hashlib.sha256(stored).hexdigest()


@pytest.mark.parametrize(("least", "damaged"), [(None, False), (4, False), (5, False), (6, True)])
def test_a_plain_blob_shorter_than_its_record_is_damaged(least: int | None, damaged: bool) -> None:
    """There is no padding to judge by; a longer one is only noted elsewhere."""
    passage = BlobReader(io.BytesIO(b"12345"), None, least)
    assert b"".join(map(bytes, passage.views())) == b"12345" and bool(passage.damage) is damaged
    assert passage.sha256 == passage.source_sha256
