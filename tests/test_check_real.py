"""The check of a real backup tells what it found in counts and codes, and nothing of anybody."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks import check_real
from benchmarks.check_real import _osxphotos, _plain_sql, main, stated
from fixtures import BackupBuilder
from fixtures.__main__ import DEMO_PASSPHRASE
from fixtures.stories import demo
from recovery.report.inventory import write_json
from tests.scanning import scan

QUERY = "SELECT zAsset.Z_PK AS 'zAsset-zPK', zAsset.ZUUID AS 'zAsset-UUID = store' FROM ZASSET zAsset {}"


def _texts(value: object) -> Iterator[str]:
    """Every text of a document."""
    if isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value


def _personal(folder: Path, passphrase: str | None, tmp_path: Path) -> set[str]:
    """Names, places, people, paths, identifiers, dates and numbers of whatever the inventory tells of this backup."""
    findings = scan(folder, passphrase)
    with (tmp_path / "inventory.json").open("wb") as stream:
        write_json(findings, stream, generated_at=None)
    document = json.loads((tmp_path / "inventory.json").read_bytes())
    told = {text for asset in document["assets"] for text in _texts([asset[name] for name in _OWN if name in asset])}
    files = (file for asset in document["assets"] for file in asset["files"])
    told |= {text for file in files for text in (file["path"], file["file_id"], file["path"].rpartition("/")[2])}
    told |= {text for message in document["facetime_messages"] for text in _texts([message["sender"], message["uuid"]])}
    backup = document["backup"]
    told |= {backup[name] for name in ("path", "udid", "device_name", "serial_number", "backup_date")}
    coordinates = {
        f"{asset[name]:.2f}" for asset in document["assets"] for name in ("latitude", "longitude") if asset[name]
    }
    return {text for text in told | coordinates if text and len(text) > 3} - {"DCIM/100APPLE"}


_OWN = (
    "uuid", "filename", "original_filename", "created", "added", "timezone", "title", "caption", "keywords", "albums",
    "persons", "importer", "cloud_identifier", "trashed_at",
)  # fmt: skip


@pytest.mark.parametrize("passphrase", [None, DEMO_PASSPHRASE], ids=["plain", "encrypted"])
def test_nothing_personal_is_printed(
    tmp_path: Path, untouched: Callable[[Path], None], capsys: pytest.CaptureFixture[str], passphrase: str | None
) -> None:
    """All stories in one backup: everything runs, and no text of the backup is among what is printed."""
    folder = demo().build(tmp_path, passphrase)
    untouched(folder)
    secret = tmp_path / "secret.txt"
    secret.write_text(f"{passphrase}\n")
    personal = _personal(folder, passphrase, tmp_path)
    assert len(personal) > 100
    assert main([str(folder), *(["--passphrase-file", str(secret)] if passphrase else [])]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert [text for text in personal if text in told.out] == []
    assert "everything ran and agreed: yes" in told.out
    assert re.search(r"^- total assets: \d+$", told.out, re.MULTILINE)
    assert "no difference: yes" in told.out
    assert "none is theirs alone: yes" in told.out
    assert ("files same: " in told.out) is (passphrase is not None)
    assert "untouched: yes" in told.out


def test_a_backup_that_cannot_be_opened_says_only_of_what_kind_the_error_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Messages of errors hold paths, and are not repeated."""
    folder = BackupBuilder(device_name="Zed’s Phone").with_photo("IMG_0001").build(tmp_path, "secret words")
    assert main([str(folder)]) == 1
    told = capsys.readouterr().out
    assert "failed with: PassphraseMissingError" in told
    assert str(folder) not in told
    assert "Zed" not in told


def test_a_value_without_a_known_meaning_is_marked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """So that a real backup can teach it."""
    made = BackupBuilder().with_photo("IMG_0001", imported_by=77).with_photo("IMG_0002")
    assert main([str(made.build(tmp_path))]) == 0
    told = capsys.readouterr().out
    assert "asset.imported_by 77: 1 UNKNOWN" in told
    assert "asset.imported_by 1: 1\n" in told


@pytest.mark.parametrize(("only", "agrees"), [("", True), ("WHERE Z_PK > 1", False)])
def test_queries_of_ileapp_are_asked_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], only: str, agrees: bool
) -> None:
    """Its source is read and never run: queries of other versions of iOS do not suit, others must agree."""
    source = tmp_path / "iLEAPP"
    script = source / "scripts" / "artifacts" / "Ph1BasicAssetData.py"
    script.parent.mkdir(parents=True)
    queries = (QUERY.format(only), "SELECT ZUUID AS 'zAsset-UUID' FROM ZGENERICASSET zAsset")
    script.write_text("raise SystemExit\n" + "".join(f'query = """{query}"""\n' for query in queries))
    folder = BackupBuilder().with_photo("IMG_0001").with_photo("IMG_0002").build(tmp_path)
    assert main([str(folder), "--ileapp", str(source)]) == (0 if agrees else 1)
    told = capsys.readouterr().out
    assert "queries that suit this library: 1" in told
    assert f"the same photos as here (1): {'yes' if agrees else 'NO'}" in told


def test_bytes_that_another_program_deciphers_otherwise_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison compares."""
    tool = pytest.importorskip("iphone_backup_decrypt")
    monkeypatch.setattr(tool.EncryptedBackup, "extract_file_as_bytes", lambda *_, **__: b"other bytes")
    folder = BackupBuilder().with_photo("IMG_0001").build(tmp_path, "demo")
    (tmp_path / "secret").write_text("demo")
    assert main([str(folder), "--passphrase-file", str(tmp_path / "secret")]) == 1
    assert "every file that was compared is the same: NO" in capsys.readouterr().out


def test_evidence_that_changes_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fingerprint is taken before and after."""
    folder = BackupBuilder().with_photo("IMG_0001").build(tmp_path)

    def touching(*_: object) -> None:
        (folder / "Status.plist").touch()

    monkeypatch.setattr(check_real, "_compare", touching)
    assert main([str(folder)]) == 1
    assert "untouched: NO" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("17.6.1", "17.6.1"),
        ("21G80", "21G80"),
        ("iPhone14,5", "iPhone14,5"),
        ("Ann’s", "of another shape"),
        (None, "not stated"),
    ],
)
def test_only_texts_of_a_known_shape_are_repeated(text: str | None, told: str) -> None:
    """A version is no place for a name."""
    assert stated(text) == told


def test_a_real_backup_can_be_checked(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A real iOS 14.3 backup of which most blobs are gone, its library too: everything that is there runs."""
    assert main([str(shared / "ios-14.3")]) == 0
    told = capsys.readouterr().out
    assert "iOS: 14.3" in told
    assert "UNKNOWN" not in told
    assert "untouched: yes" in told


@pytest.mark.filterwarnings("ignore")  # its own
def test_osxphotos_agrees_on_a_real_library(shared: Path, tmp_path: Path) -> None:
    """Asked as the check asks it, where it is installed."""
    pytest.importorskip("osxphotos")
    library = shared / "photos" / "Test-14.6.0.photoslibrary" / "database"
    for suffix in ("", "-wal"):
        shutil.copyfile(library / f"Photos.sqlite{suffix}", tmp_path / f"Photos.sqlite{suffix}")
    ours, theirs = _plain_sql(tmp_path / "Photos.sqlite"), _osxphotos(tmp_path / "Photos.sqlite")
    assert theirs
    assert {uuid: ours[uuid] for uuid in theirs} == theirs
