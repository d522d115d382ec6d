"""Every parser of untrusted bytes against a hundred damaged inputs; long runs: `python -m benchmarks.fuzz`."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path

import pytest

from benchmarks.fuzz.__main__ import kept
from benchmarks.fuzz.mutator import Mutator
from benchmarks.fuzz.seeds import Data
from benchmarks.fuzz.targets import TARGETS, Target
from fixtures.hostile import array_of, binary_plist, dictionary_of, plist_bombs
from recovery.errors import DamagedBackupError, PassphraseWrongError, RecoveryError, UnreadableArchiveError
from recovery.formats.mbfile import read_mbfile
from recovery.formats.property_list import load_dictionary, unarchive, whole_number
from recovery.source.file_keys import Passphrase
from recovery.source.key_bag import unlock

INPUTS = {"library": 12, "residue": 8, "frame": 12, "manifest": 40, "media": 40, "thumbnail-table": 40}
"""Fewer where one input costs more; elsewhere 120."""
CORPUS = Path(__file__).parent / "corpus"
"""What long runs kept because its outcome was new; made from synthetic seeds, a kilobyte each at most."""


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_only_our_own_errors(target: Target) -> None:
    """Seeds, corpus and changed seeds end in a result or an error of ours; always the same, so failures repeat."""
    seeds = list(target.seeds(Data()))
    mutator = Mutator(7)
    inputs = [*seeds[:3], *kept(CORPUS / target.name)]
    inputs += [
        mutator.changed(mutator.choice(seeds), mutator.choice(seeds)) for _ in range(INPUTS.get(target.name, 120))
    ]
    results = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for data in inputs:
            try:
                assert isinstance(target.run(data), str)
                results += 1
            except RecoveryError:
                continue
    assert results, "no input was read: the seeds do not fit the target"


def test_the_corpus_belongs_to_the_targets() -> None:
    """A target that is renamed takes its inputs along; none is large."""
    assert {folder.name for folder in CORPUS.iterdir()} <= {target.name for target in TARGETS}
    sizes = [path.stat().st_size for path in CORPUS.rglob("*") if path.is_file()]
    assert len(sizes) > 100 and max(sizes) <= 1024


def test_the_same_number_gives_the_same_inputs() -> None:
    """A finding can be made again from its number."""
    seeds = [bytes(range(256)) * 8, b"other"]
    first, second = ([Mutator(n).changed(seeds[0], seeds[1]) for n in range(50)] for _ in range(2))
    assert first == second and len(set(first)) > 40


# --- what fuzzing has found -----------------------------------------------------------------------------------


def test_a_key_that_is_a_huge_number_is_no_crash() -> None:
    """Python refuses to print numbers of more than 4,300 digits; keys of a property list may be such."""
    with pytest.raises(UnreadableArchiveError):
        load_dictionary(plist_bombs()["huge-key"])
    archive = _archive_with_key(b"\x1e\x7f" + b"\xff" * (2**14 - 1))
    assert unarchive(archive) == {}
    with pytest.raises(UnreadableArchiveError):
        read_mbfile(archive)


def _archive_with_key(key: bytes) -> bytes:
    """A keyed archive whose root object has one key, which is no text."""

    def text(value: str) -> bytes:
        return b"\x5f\x10" + bytes([len(value)]) + value.encode()

    objects = [
        dictionary_of((1, 2), (3, 4), (5, 6)), text("$archiver"), text("NSKeyedArchiver"), text("$top"),
        dictionary_of((7, 8)), text("$objects"), array_of(9, 10), text("root"), b"\x80\x01",
        text("$null"), dictionary_of((11, 12)), key, b"\x10\x05",
    ]  # fmt: skip
    return binary_plist(objects)


def test_a_class_without_a_number_is_damage() -> None:
    """A key bag whose classes are not numbered cannot be sorted, and is no reason to crash."""

    def tlv(tag: bytes, value: bytes) -> bytes:
        return tag + struct.pack(">I", len(value)) + value

    head = tlv(b"UUID", b"u" * 16) + tlv(b"SALT", b"s" * 20) + tlv(b"ITER", struct.pack(">I", 1))
    numbers = (b"abc", struct.pack(">I", 3), b"xyz12")
    wrapped = tlv(b"WRAP", struct.pack(">I", 2)) + tlv(b"WPKY", b"k" * 40)
    group = b"".join(tlv(b"UUID", b"c" * 16) + tlv(b"CLAS", number) + wrapped for number in numbers)
    with pytest.raises((DamagedBackupError, PassphraseWrongError)):
        unlock(head + tlv(b"WRAP", struct.pack(">I", 0)) + group, Passphrase("x"))


NUMBERS = ((5, 5), (2**64 - 1, 2**64 - 1), (2**64, None), (-(2**200), None), ("5", None))


@pytest.mark.parametrize(("value", "kept"), NUMBERS)
def test_whole_numbers_have_64_bits(value: object, kept: int | None) -> None:
    """Longer ones stand in no store, and could not be written into the inventory."""
    assert whole_number(value) == kept


def test_the_bombs_are_refused_or_small() -> None:
    """Each property list bomb ends in an error of ours, or in a dictionary that nobody unfolds."""
    refused = 0
    for bomb in plist_bombs().values():
        try:
            assert isinstance(load_dictionary(bomb), dict)
        except UnreadableArchiveError:
            refused += 1
    assert refused >= 8
