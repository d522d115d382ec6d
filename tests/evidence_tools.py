"""What the evidence tests share: databases built from literal SQL, and copies of the real ones."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from recovery.database import Database

DATA = Path(os.environ.get("RECOVER_FACETIME_SHARED", Path(__file__).parents[2] / "shared")) / "data"
KNOWN_ANSWERS = {
    # cause codes
    "call_without_photo", "copy_in_messages", "facetime_live_photos_off", "ios_update", "library_rebuilt",
    "lockdown_mode", "newer_than_backup", "optimised_storage", "photos_permission", "restored_device",
    # signal codes, file roles and details of records
    "call_overlap", "messages_name", "messages_copy", "message_date", "recently_deleted_messages",
    "call_participants",
    "facetime_messages", "facetime_message_media", "facetime_message_kind", "facetime_message_sender",
    "facetime_message_date", "facetime_message_deleted",
}  # fmt: skip


def file_id(domain: str, path: str) -> str:
    """The name of a blob, computed here again on purpose."""
    return hashlib.sha1(f"{domain}-{path}".encode()).hexdigest()


@contextmanager
def built(folder: Path, script: str, *statements: tuple[str, tuple[object, ...]]) -> Iterator[Database]:
    """A database made by a script of literal SQL and then by statements with values."""
    path = folder / f"{len(list(folder.iterdir()))}.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(script)
        for statement, values in statements:
            connection.execute(statement, values)
    with Database(path, "built.db") as database:
        yield database


@contextmanager
def real(folder: Path, relative: str) -> Iterator[Database]:
    """A copy of a real database of the shared data, with its log; skips the test when it is not there."""
    original = DATA / relative
    if not original.is_file():
        pytest.skip(f"real data {relative} is not here")
    copy = folder / original.name
    for suffix in ("", "-wal"):
        if (beside := original.with_name(original.name + suffix)).is_file():
            shutil.copyfile(beside, copy.with_name(copy.name + suffix))
    with Database(copy, relative) as database:
        yield database


def real_blob(domain: str, path: str) -> bytes:
    """The bytes of a file of the real iOS 14.3 backup; skips the test when they are not there."""
    name = file_id(domain, path)
    blob = DATA / "ios-14.3" / name[:2] / name
    if not blob.is_file():
        pytest.skip(f"the real backup with {path} is not here")
    return blob.read_bytes()
