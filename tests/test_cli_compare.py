"""`recover-facetime compare` as a person runs it: the answer, remarks, exit codes, passphrases, evidence."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import pytest

from cli import passphrase as asking
from cli.multi_backup import lost_and_older
from cli.options import OutputOptions
from fixtures import BackupBuilder, twins
from recovery.extraction.plan import plan
from recovery.extraction.selected_files import Selection
from recovery.report.comparison_json import schema
from tests.talking import say

VARIABLE = "RECOVER_FACETIME_PASSPHRASE"
FIRST, SECOND = "first secret", "second secret"


@dataclass(frozen=True, slots=True)
class Pair:
    """An older and a newer backup, plain and encrypted under two passphrases."""

    older: Path
    newer: Path
    older_secret: Path
    newer_secret: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """The twins; only to be read."""
    folder = tmp_path_factory.mktemp("twins")
    return Pair(
        twins.older().build(folder / "older"),
        twins.newer().build(folder / "newer"),
        twins.older().build(folder / "older-secret", FIRST),
        twins.newer().build(folder / "newer-secret", SECOND),
    )


@pytest.fixture
def pair(built: Pair, untouched: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch) -> Pair:
    """The twins, watched; no passphrase in the environment."""
    monkeypatch.delenv(VARIABLE, raising=False)
    for folder in (built.older, built.newer, built.older_secret, built.newer_secret):
        untouched(folder)
    return built


def secrets(folder: Path, *texts: str) -> list[str]:
    """Options that name a file for each passphrase."""
    options = []
    for number, text in enumerate(texts):
        path = folder / f"passphrase-{number}"
        path.write_text(text + "\n", encoding="utf-8")
        options += ["--passphrase-file", str(path)]
    return options


def test_what_is_said_and_the_command_to_run(pair: Pair) -> None:
    """Losses, changes, and a last line that names both backups; nothing on standard error."""
    said = say("compare", pair.older, pair.newer)
    assert (said.code, said.err) == (0, "")
    for text in ("Permanently deleted, as the newer backup remembers (1)", "An original is no longer whole (1)"):
        assert text in said.out
    assert f"    recover-facetime extract {pair.newer} OUT --from-older {pair.older}\n" in said.out


def test_dates_decide_and_the_exchange_is_said(pair: Pair) -> None:
    """Named the other way round the answer is the same, and standard error says that dates count."""
    said, swapped = say("compare", pair.older, pair.newer), say("compare", pair.newer, pair.older)
    assert swapped.out == said.out
    assert swapped.err.startswith("Note: the backups are compared in the order of their dates")
    assert say("compare", pair.newer, pair.older, "--quiet").err == ""


def test_json_fits_its_schema_and_knows_of_the_exchange(pair: Pair) -> None:
    """One document, however the backups are named; the command is in it word by word."""
    document = json.loads(say("compare", pair.newer, pair.older, "--json").out)
    jsonschema.Draft202012Validator(schema()).validate(document)
    assert document["swapped"] is True
    (comparison,) = document["comparisons"]
    assert comparison["command"] == [
        "recover-facetime", "extract", str(pair.newer), "OUT", "--from-older", str(pair.older)
    ]  # fmt: skip
    assert comparison["counts"]["deleted"] == comparison["counts"]["lost_original"] == 1
    assert len(comparison["lost"]) == 2


def test_a_backup_against_itself(pair: Pair) -> None:
    """Nothing differs, and no command is offered."""
    said = say("compare", pair.newer, pair.newer)
    assert said.code == 0
    assert "Nothing differs." in said.out
    assert "--from-older" not in said.out


def test_three_backups_are_held_against_the_newest(pair: Pair, tmp_path: Path) -> None:
    """Two older ones make two comparisons, oldest first."""
    first = BackupBuilder(backup_date=twins.OLDER_DATE.replace(year=2023)).with_live_photo("IMG_0900")
    oldest = first.build(tmp_path)
    document = json.loads(say("compare", pair.newer, pair.older, oldest, "--json").out)
    assert [item["older"]["path"] for item in document["comparisons"]] == [str(oldest), str(pair.older)]
    assert {item["newer"]["path"] for item in document["comparisons"]} == {str(pair.newer)}


def test_one_passphrase_for_each_in_order(pair: Pair, tmp_path: Path) -> None:
    """Two files, in the order in which the backups are named, and the answer is that of the plain twins."""
    options = secrets(tmp_path, SECOND, FIRST)
    said = say("compare", pair.newer_secret, pair.older_secret, *options, "--json", "--quiet")
    assert said.code == 0
    counts = json.loads(said.out)["comparisons"][0]["counts"]
    assert counts == json.loads(say("compare", pair.older, pair.newer, "--json").out)["comparisons"][0]["counts"]
    assert FIRST not in said.all
    assert SECOND not in said.all


def test_one_passphrase_for_all_also_from_standard_input(pair: Pair, tmp_path: Path) -> None:
    """Read once and used for both; a passphrase that fits only one of them ends with exit code 4."""
    same = twins.newer().build(tmp_path, FIRST)
    assert say("compare", pair.older_secret, same, *secrets(tmp_path, FIRST)).code == 0
    assert say("compare", pair.older_secret, same, "--passphrase-file", "-", stdin=FIRST.encode()).code == 0
    assert say("compare", pair.older_secret, pair.newer_secret, *secrets(tmp_path, FIRST)).code == 4
    assert say("compare", pair.older_secret, pair.newer_secret).code == 4


def test_a_question_names_the_backup_it_is_about(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """At a terminal each backup is asked for by name, the newest first, and the answers fit."""
    answers = iter([SECOND, FIRST])
    monkeypatch.setattr(asking.getpass, "getpass", lambda *_, **__: next(answers))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr(
        "sys.argv", ["recover-facetime", "compare", str(pair.older_secret), str(pair.newer_secret), "-q"]
    )
    from cli import main

    assert main._guarded() == 0
    asked = [line for line in capsys.readouterr().err.splitlines() if "is encrypted" in line]
    assert len(asked) == 2
    assert "2024-06-01" in asked[0]
    assert str(pair.newer_secret) in asked[0]
    assert "2024-05-10" in asked[1]


@pytest.mark.parametrize("arguments", [["only-one"], []])
def test_two_backups_are_needed(arguments: list[str]) -> None:
    """One backup, or none, is wrong usage."""
    assert say("compare", *arguments).code == 2


def test_passphrase_files_must_fit_the_backups(pair: Pair, tmp_path: Path) -> None:
    """Three files for two backups is wrong usage."""
    assert say("compare", pair.older, pair.newer, *secrets(tmp_path, "a", "b", "c")).code == 2


def test_an_unknown_backup_ends_with_a_hint(pair: Pair, tmp_path: Path) -> None:
    """A folder that is no backup is exit code 1, with what to do."""
    said = say("compare", pair.older, tmp_path / "nothing")
    assert said.code == 1
    assert "What to do:" in said.err


def test_damage_in_either_backup_is_exit_code_3(pair: Pair, tmp_path: Path) -> None:
    """The comparison is made all the same, with a doubt."""
    damaged = twins.newer().with_damaged_photos_database("header").build(tmp_path)
    said = say("compare", pair.older, damaged)
    assert said.code == 3
    assert "Careful: The photo library of the newer backup was not read" in said.out


def test_output_goes_to_a_file(pair: Pair, tmp_path: Path) -> None:
    """With -o nothing is printed, and the file holds what would have been."""
    target = tmp_path / "comparison.txt"
    said = say("compare", pair.older, pair.newer, "-o", target)
    assert (said.out, said.code) == ("", 0)
    assert target.read_text(encoding="utf-8") == say("compare", pair.older, pair.newer).out


def test_the_lost_ones_come_out_of_the_older_backup(pair: Pair, tmp_path: Path) -> None:
    """What `extract --from-older` builds on: the older backup, open, and a plan of the lost ones alone."""
    files = [option for option in secrets(tmp_path, SECOND, FIRST) if option != "--passphrase-file"]
    quiet = OutputOptions(quiet=True)
    with lost_and_older(str(pair.newer_secret), str(pair.older_secret), files, quiet) as (found, keys):
        planned = plan(found.findings, Selection(keys=keys))
        names = {file.file.name for file in planned.files}
        assert found.view.identity.folder == pair.older_secret
    assert {"IMG_0001.HEIC", "IMG_0001.MOV", "IMG_0003.MOV"} <= names
    assert not any(name.startswith(("IMG_0002", "IMG_0004", "IMG_0005")) for name in names)
