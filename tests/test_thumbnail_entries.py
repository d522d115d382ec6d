"""Entries of thumbnail tables in columns: found by their UUID, however many there are of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from recovery import limits
from recovery.formats.ithmb_entries import Entries, EntryState, Footers, is_uuid_text, uuid_bytes, uuid_text

UUIDS = st.binary(min_size=16, max_size=16)
FEW = st.sampled_from([bytes(16), bytes(8) + b"another.", b"x" * 16])


def entries(uuids: list[bytes], states: list[EntryState]) -> Entries:
    """A table with these entries, one slot each."""
    footers = Footers()
    for slot, uuid in enumerate(uuids):
        footers.append(slot, uuid, slot + 1, 9)
    return Entries(footers, states, 4000)


@given(st.lists(st.tuples(UUIDS | FEW, st.sampled_from(EntryState)), max_size=30), UUIDS | FEW)
def test_entries_are_found_by_their_whole_uuid(stored: list[tuple[bytes, EntryState]], asked: bytes) -> None:
    """Exactly those with the UUID and in the states that were asked for, in the order of their slots."""
    found = entries([uuid for uuid, _ in stored], [state for _, state in stored]).by_uuid(
        EntryState.AGREES, EntryState.UNPLACED
    )
    for uuid in (asked, *(uuid for uuid, _ in stored)):
        assert list(found(uuid)) == [
            (slot, slot + 1, 9)
            for slot, (known, state) in enumerate(stored)
            if known == uuid and state in (EntryState.AGREES, EntryState.UNPLACED)
        ]


@given(st.binary(min_size=16, max_size=16), st.text("0123456789abcdefABCDEF- ", max_size=40))
def test_only_one_form_of_a_uuid_counts(uuid: bytes, other: str) -> None:
    """The bytes of any text that counts have that text again, letter case aside."""
    for text in (uuid_text(uuid), uuid_text(uuid).replace("-", ""), uuid_text(uuid)[1:] + "-", other):
        known = uuid_bytes(text)
        if known is not None:
            assert is_uuid_text(text) == (uuid_text(known) == text.upper())


def test_a_crowd_under_one_uuid_is_cut_short() -> None:
    """A made-up table that names one asset in all of its entries costs no more than the limit for each look."""
    crowd = 10 * limits.THUMBNAILS_OF_ASSET
    found = entries([bytes(16)] * crowd, [EntryState.UNPLACED] * crowd).by_uuid(EntryState.UNPLACED)
    assert len(list(found(bytes(16)))) == limits.THUMBNAILS_OF_ASSET
