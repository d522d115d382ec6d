"""Refused is not absent, also from Python 3.14 on, whose `Path.exists` says "no" where the system refuses."""

from __future__ import annotations

import ast
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import cli
import recovery
from fixtures import BackupBuilder
from recovery.analysis.model import FileState
from recovery.errors import AccessDeniedError
from recovery.filesystem import is_file, is_folder, is_symlink, mode_of
from recovery.source.locate import locate
from tests.scanning import scan, view_of
from tests.talking import say

ASKING = ("exists", "is_file", "is_dir", "is_symlink")
"""Methods of Path that swallow what the system refuses: from Python 3.14 on every error, before that none or some."""
THE_ONE_MODULE = "filesystem.py"
ENTRIES = frozenset({"item"})
"""What an `os.DirEntry` is called; its methods of the same names raise."""
Hide = Callable[[str], None]


@pytest.fixture(params=["this Python", "Python 3.14"])
def hide(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Hide:
    """Let the system refuse to tell what lies under a name; with Python 3.14, which then says that nothing does."""
    if request.param == "Python 3.14":
        for name in ASKING:
            monkeypatch.setattr(Path, name, _swallowing(getattr(Path, name)))

    def hidden(name: str) -> None:
        for function in ("stat", "lstat"):
            monkeypatch.setattr(os, function, _refusing(getattr(os, function), name))

    return hidden


def _swallowing(asks: Callable[..., bool]) -> Callable[..., bool]:
    def asked(path: Path, *arguments: Any, **named: Any) -> bool:
        try:
            return asks(path, *arguments, **named)
        except OSError:
            return False

    return asked


def _refusing(whole: Callable[..., os.stat_result], name: str) -> Callable[..., os.stat_result]:
    def refused(path: Any, *arguments: Any, **named: Any) -> os.stat_result:
        if not isinstance(path, int) and Path(os.fsdecode(path)).name == name:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return whole(path, *arguments, **named)

    return refused


def test_each_question_raises_what_the_system_refuses(tmp_path: Path, hide: Hide) -> None:
    """The helpers tell nothing there from not told."""
    hide("hidden")
    for asked in (mode_of, is_file, is_folder, is_symlink):
        assert not asked(tmp_path / "none")
        with pytest.raises(PermissionError):
            asked(tmp_path / "hidden")


def test_a_refused_backup_is_not_no_backup(tmp_path: Path, hide: Hide) -> None:
    """Whether Manifest.db is there is not told: that is no folder without a backup."""
    folder = BackupBuilder().with_photo("IMG_0001").build(tmp_path)
    hide("Manifest.db")
    with pytest.raises(AccessDeniedError, match="refuses to show"):
        locate(str(folder), ())
    told = say("scan", folder)
    assert told.code == 1 and "refuses to show" in told.err and "no backup" not in told.err.lower()


def test_a_refused_log_is_not_no_log(tmp_path: Path, hide: Hide) -> None:
    """Manifest.db is not read without a log that may be there."""
    folder = BackupBuilder().with_photo("IMG_0001").build(tmp_path)
    hide("Manifest.db-wal")
    with pytest.raises(AccessDeniedError, match=r"cannot read Manifest\.db"), view_of(folder):
        pytest.fail("it opens")


def test_blobs_that_may_lie_in_a_refused_folder_are_not_missing(tmp_path: Path, hide: Hide) -> None:
    """New blobs of an interrupted backup lie in Snapshot; where it is refused, nobody says that they are gone."""
    folder = BackupBuilder().with_photo("IMG_0001").build(tmp_path)
    (asset,) = scan(folder).assets
    still = next(item for item in asset.files if item.role == "still")
    (folder / "Snapshot" / still.file_id[:2]).mkdir(parents=True)
    blob = folder / still.file_id[:2] / still.file_id
    blob.rename(folder / "Snapshot" / still.file_id[:2] / still.file_id)
    hide(still.file_id)
    hide("Snapshot")
    found = scan(folder)
    (asset,) = found.assets
    assert next(item for item in asset.files if item.role == "still").state is FileState.UNREADABLE


def _asked(package: Any) -> Iterator[str]:
    """Where a package asks a path itself, as file and line."""
    (folder,) = package.__path__
    for path in sorted(Path(folder).rglob("*.py")):
        if path.name == THE_ONE_MODULE:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_question(node):
                yield f"{path.name}:{node.lineno} {ast.unparse(node)}"


def _is_question(call: ast.Call) -> bool:
    """`path.exists()` and its kin; what takes the path as an argument is a method of something else."""
    asked = call.func
    assert isinstance(asked, ast.Attribute)
    if ast.unparse(asked.value) == "os.path":
        return asked.attr in ("exists", "isfile", "isdir", "islink")
    entry = isinstance(asked.value, ast.Name) and asked.value.id in ENTRIES
    return asked.attr in ASKING and not call.args and not entry


@pytest.mark.parametrize("package", [recovery, cli], ids=lambda package: package.__name__)
def test_only_one_module_asks_a_path_what_it_is(package: Any) -> None:
    """Everybody else takes `recovery.filesystem`, which raises what the system refuses."""
    assert list(_asked(package)) == []


def test_the_rule_sees_what_it_forbids() -> None:
    """Each form of the question, and nothing that only looks like one."""
    forbidden = ("path.exists()", "(a / b).is_file()", "path.is_dir()", "here.is_symlink()", "os.path.isfile(path)")
    allowed = ("folder.exists(target)", "item.is_dir(follow_symlinks=False)", "is_file(path)", "os.path.join(a)")
    for text in forbidden + allowed:
        call = ast.parse(text, mode="eval").body
        assert isinstance(call, ast.Call)
        assert (isinstance(call.func, ast.Attribute) and _is_question(call)) is (text in forbidden), text
