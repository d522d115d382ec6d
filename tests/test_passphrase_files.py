"""Passphrases as people write and type them: every editor's file, both forms of accents, nothing ever echoed."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from fixtures import BackupBuilder
from tests.talking import say

TEXT = "Café-Über"


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("encrypted")
    return BackupBuilder().with_photo("IMG_0001").build(root, passphrase=TEXT)


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        f"{TEXT}\n".encode(),
        f"{TEXT}\r\n".encode(),
        f"{TEXT}\r\n\r\n".encode(),
        f"\ufeff{TEXT}\r\n".encode(),
        f"{TEXT} \r\n".encode(),
        f"\ufeff{TEXT}\r\n".encode("utf-16-le"),
        f"\ufeff{TEXT}\n".encode("utf-16-be"),
        unicodedata.normalize("NFD", TEXT).encode(),
    ],
    ids=["bare", "LF", "CRLF", "empty line", "BOM", "cmd's blank", "PowerShell", "UTF-16 BE", "NFD"],
)
def test_a_passphrase_file_opens_the_backup_whoever_wrote_it(backup: Path, tmp_path: Path, content: bytes) -> None:
    """As written by Notepad, cmd, PowerShell, a Mac and Unix."""
    (tmp_path / "pass").write_bytes(content)
    said = say("scan", backup, "--passphrase-file", tmp_path / "pass", "--no-progress")
    assert said.code == 0, said.err


def test_a_passphrase_set_with_combining_accents_is_found_too(tmp_path: Path) -> None:
    """The other direction: the backup has the decomposed form, the file the composed one."""
    folder = BackupBuilder().with_photo("IMG_0001").build(tmp_path, passphrase=unicodedata.normalize("NFD", TEXT))
    (tmp_path / "pass").write_text(TEXT, "utf-8")
    assert say("scan", folder, "--passphrase-file", tmp_path / "pass", "--no-progress").code == 0


@pytest.mark.parametrize("value", ["my secret passphrase", "nul\0byte", "x" * 5000])
def test_a_passphrase_given_as_the_file_name_is_never_echoed(backup: Path, value: str) -> None:
    """Somebody may take the option for the passphrase itself."""
    said = say("scan", backup, "--passphrase-file", value)
    assert said.code != 0
    assert value not in said.all and "name of a file" in said.err


def test_bytes_that_are_no_text_are_not_shown(backup: Path, tmp_path: Path) -> None:
    """The error of a decoder would quote them."""
    (tmp_path / "pass").write_bytes(b"secret\xff\xfe\xfd")
    said = say("scan", backup, "--passphrase-file", tmp_path / "pass", "--debug")
    assert said.code == 1
    assert "secret" not in said.all and "xff" not in said.all


def test_a_wrong_passphrase_names_the_ways_that_are_left(backup: Path, tmp_path: Path) -> None:
    """Keychain on a Mac, and Reset All Settings for the next backup."""
    (tmp_path / "pass").write_text("wrong", "utf-8")
    said = say("scan", backup, "--passphrase-file", tmp_path / "pass")
    assert said.code == 4
    assert "Keychain Access" in said.err and "Reset All Settings" in said.err
