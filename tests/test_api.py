"""The public API: what its page shows works, from any thread, and commands stand on the same ground."""

from __future__ import annotations

import doctest
import threading
from pathlib import Path

import pytest

import recovery
from fixtures import BackupBuilder
from recovery import open_backup
from recovery.analysis.search import Search
from recovery.errors import BackupNotFoundError

PAGE = Path(__file__).parents[1] / "docs" / "api.md"


def test_the_page_shows_what_happens(tmp_path: Path) -> None:
    """Every example of docs/api.md is run."""
    (tmp_path / "e").mkdir()
    failed, tried = doctest.testfile(str(PAGE), module_relative=False, globs={"tmp": tmp_path}, verbose=False)
    assert tried > 10 and not failed


def test_a_backup_is_used_from_several_threads(tmp_path: Path) -> None:
    """Opened here, asked there: calls take turns and give the same."""
    folder = BackupBuilder().with_live_photo("IMG_0001").with_photo("IMG_0002").build(tmp_path / "b")
    answers: list[tuple[int, int]] = []
    with open_backup(folder, temp_folder=tmp_path) as backup:

        def ask() -> None:
            findings = backup.scan()
            answers.append((findings.totals.facetime, len(list(findings.assets))))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == [(1, 2)] * 4
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_a_search_a_report_and_a_timeline(tmp_path: Path) -> None:
    """The other questions one may ask."""
    folder = BackupBuilder().with_live_photo("IMG_0001").with_photo("IMG_0002").build(tmp_path / "b")
    with open_backup(folder) as backup:
        assert len(backup.scan(Search(facetime=True)).assets) == 1
        assert backup.report(tmp_path / "page.html").page.is_file()
        assert backup.timeline().events
        assert len(list(backup.plan().files)) == 2
        assert backup.encrypted is False and backup.identity.device_name == "Ann’s iPhone"


def test_what_is_not_there_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    """As on the command line."""
    with pytest.raises(BackupNotFoundError) as caught:
        open_backup(tmp_path / "nowhere", roots=[])
    assert caught.value.hint


def test_the_package_offers_nothing_else() -> None:
    """A name that is not there is an attribute error, as for any module."""
    with pytest.raises(AttributeError):
        recovery.close_backup  # type: ignore[attr-defined]  # noqa: B018
