"""The window over its socket: from choosing to recovered files, Stop, wrong passphrases, and every way it ends."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from app_tools import RunningApp, running_app

from benchmarks.shapes import Shape
from benchmarks.synthetic import build
from recovery import open_backup
from tests.conftest import DemoTwins
from tests.scanning import PASSPHRASE

pytest.importorskip("starlette", reason="the extra `app` is not installed")
pytest.importorskip("uvicorn", reason="the extra `app` is not installed")
PHOTOS = 2000
SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT") if hasattr(signal, name)]


@pytest.fixture
def plain(demo_twins: DemoTwins, tmp_path: Path) -> Iterator[RunningApp]:
    """The window with the plain demo backup, entered."""
    with running_app(tmp_path, demo_twins.plain) as app:
        assert app.enter().status == 303
        app.when_idle()
        yield app


@pytest.fixture
def locked(demo_twins: DemoTwins, tmp_path: Path) -> Iterator[RunningApp]:
    """The window with the encrypted demo backup, entered."""
    with running_app(tmp_path, demo_twins.encrypted) as app:
        app.enter()
        app.when_idle()
        yield app


def recover(app: RunningApp, photos: list[int], opened: int = 1) -> dict[str, object]:
    """Recover photos to the Desktop; the state after that."""
    answer = app.ask("recover", opened=opened, place=0, photos=photos)
    assert answer.status == 200, answer.body
    return app.when_idle()


def test_from_choosing_to_recovered_files(
    plain: RunningApp, demo_twins: DemoTwins, untouched: Callable[[Path], None]
) -> None:
    """Choose, look, recover, verify, end: files as the backup has them, evidence untouched, nothing left."""
    untouched(demo_twins.plain)
    assert plain.state()["backups"][0]["device"] == "Ann’s iPhone"
    assert plain.ask("choose", backup=0).status == 200
    state = plain.when_idle()
    assert state["step"] == "photos" and state["places"][0]["name"] == "Desktop"
    assert b"Recover all FaceTime photos" not in plain.request("GET", "/photos").body  # the script counts them
    with open_backup(demo_twins.plain) as backup:
        assets = list(backup.scan().assets)
        chosen = [number for number, asset in enumerate(assets) if asset.facetime.verdict.rank > 1]
    recovered = recover(plain, chosen)["recovered"]
    assert isinstance(recovered, dict)
    folder = Path(recovered["folder"])
    assert folder.parent == plain.home / "Desktop"
    assert hashlib.sha256((folder / "run.json").read_bytes()).hexdigest() == recovered["record_sha256"]
    assert list((folder / "FaceTime").rglob("*.HEIC"))
    assert plain.ask("verify").status == 200
    checked = plain.when_idle()["recovered"]
    assert checked["checked"][-1] == "Nothing differs." and not checked["differences"]
    assert plain.ask("end").status == 200
    assert plain.process.wait(30) == 0
    assert plain.left == []


def test_what_is_written_is_what_extract_writes(plain: RunningApp, demo_twins: DemoTwins, tmp_path: Path) -> None:
    """All photos of the window, and all of the library's API: the same bytes but for the record."""
    from recovery.extraction.selected_files import Selection

    plain.ask("choose", backup=0)
    plain.when_idle()
    with open_backup(demo_twins.plain) as backup:
        from recovery.analysis.model import asset_key

        keys = frozenset(asset_key(asset) for asset in backup.scan().assets)
        backup.extract(tmp_path / "out", Selection(keys=keys))
        count = len(backup.scan().assets)
    found = recover(plain, list(range(count)))["recovered"]
    assert isinstance(found, dict)

    def contents(folder: Path) -> dict[str, str]:
        files = (path for path in folder.rglob("*") if path.is_file() and path.name not in ("run.json", "lock"))
        return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    theirs, ours = contents(Path(found["folder"])), contents(tmp_path / "out")
    told = " ".join(found["lines"])
    assert "named NOT-ORIGINAL: the photo itself is not whole in this backup" in told
    assert "Nothing is left in this backup of" in told
    journal = ".recover-facetime/journal.jsonl"
    assert theirs.pop(journal, "") and ours.pop(journal, "")
    assert theirs == ours


def test_a_wrong_passphrase_then_the_right_one(locked: RunningApp) -> None:
    """The backup asks for it, refuses a wrong one with its help, and opens with the right one."""
    locked.ask("choose", backup=0)
    assert locked.when_idle()["step"] == "locked"
    locked.ask("unlock", passphrase="wrong horse")
    state = locked.when_idle()
    assert state["step"] == "locked"
    assert state["trouble"]["says"] == "This passphrase does not open the backup."
    assert "Finder or iTunes" in state["trouble"]["advice"]
    locked.ask("unlock", passphrase=PASSPHRASE)
    state = locked.when_idle()
    assert state["step"] == "photos" and state["trouble"] is None
    # Deciphered databases lie there now, and nowhere else.
    assert len(locked.left) == 1


def test_after_five_wrong_passphrases_there_is_a_wait(locked: RunningApp) -> None:
    """The sixth try is refused for some seconds."""
    locked.ask("choose", backup=0)
    locked.when_idle()
    for _ in range(5):
        assert locked.ask("unlock", passphrase="wrong").status == 200
        state = locked.when_idle()
    assert state["wait_s"] > 0
    refused = locked.ask("unlock", passphrase=PASSPHRASE)
    assert refused.status == 409 and b"Wait" in refused.body
    while locked.state()["wait_s"]:
        time.sleep(0.2)
    locked.ask("unlock", passphrase=PASSPHRASE)
    assert locked.when_idle()["step"] == "photos"


def test_the_passphrase_is_told_nowhere(locked: RunningApp) -> None:
    """Neither in an answer nor on standard error, whatever is sent with it."""
    secret = "s3cret-horse"
    locked.ask("choose", backup=0)
    locked.when_idle()
    answers = [
        locked.ask("unlock", passphrase=secret),
        locked.request("POST", "/api/unlock", body=b'{"passphrase": "' + secret.encode() + b'", broken'),
        locked.ask("unlock", passphrase=[secret]),
        locked.ask("choose", backup=secret),
    ]
    locked.when_idle()
    assert secret not in str(locked.state()) + str([answer.body for answer in answers])
    locked.kill(signal.SIGTERM)
    assert secret not in "".join(locked.process.communicate())


def test_a_picture_a_video_and_its_ranges(plain: RunningApp, demo_twins: DemoTwins) -> None:
    """Pictures are JPEGs made when asked for; a video comes in ranges, bit for bit."""
    from recovery.report.html.picture_choice import movies

    plain.ask("choose", backup=0)
    plain.when_idle()
    with open_backup(demo_twins.plain) as backup:
        assets = list(backup.scan().assets)
        number = next(number for number, asset in enumerate(assets) if movies(asset))
        whole = backup.gallery().movie(number, 0, 1 << 30).data
    picture = plain.request("GET", f"/pictures-1/{number}-small.jpg")
    assert picture.status == 200 and picture.body.startswith(b"\xff\xd8")
    assert plain.request("GET", f"/pictures-1/{number}.txt").body
    address = f"/pictures-1/{number}-movie.mp4"
    assert plain.request("GET", address).body == whole
    part = plain.request("GET", address, {"Range": "bytes=10-19"})
    assert (part.status, part.body) == (206, whole[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(whole)}"
    rest = plain.request("GET", address, {"Range": f"bytes={len(whole) - 5}-"})
    assert rest.body == whole[-5:]
    assert plain.request("GET", address, {"Range": f"bytes={len(whole)}-"}).status == 416
    assert plain.request("GET", address, {"Range": "bytes=5-2"}).status == 404
    for nothing in ("/pictures-1/99999-small.jpg", "/pictures-2/0-small.jpg", "/pictures-1/0-huge.jpg"):
        assert plain.request("GET", nothing).status == 404, nothing


def test_a_page_of_an_earlier_backup_recovers_nothing(plain: RunningApp) -> None:
    """Numbers mean the photos of the backup that the page shows, or nothing."""
    plain.ask("choose", backup=0)
    plain.when_idle()
    plain.ask("back")
    assert plain.request("GET", "/photos").status == 303
    assert plain.request("GET", "/pictures-1/0-small.jpg").status == 404
    plain.ask("choose", backup=0)
    assert plain.when_idle()["opened"] == 2
    refused = plain.ask("recover", opened=1, place=0, photos=[0])
    assert refused.status == 409 and b"Another backup" in refused.body
    assert list((plain.home / "Desktop").iterdir()) == []


_CONNECTING = """
import os, sys

def watch(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname", "subprocess.Popen"):
        os._exit(99)
    if event == "socket.bind" and arguments[1][0] != "127.0.0.1":
        os._exit(98)

sys.addaudithook(watch)
"""


def test_it_connects_nowhere(demo_twins: DemoTwins, tmp_path: Path) -> None:
    """From choosing to recovered files it only listens, and on 127.0.0.1 alone; it starts no program."""
    with running_app(tmp_path, demo_twins.encrypted, code=_CONNECTING) as app:
        app.enter()
        app.when_idle()
        app.ask("choose", backup=0)
        app.when_idle()
        app.ask("unlock", passphrase=PASSPHRASE)
        app.when_idle()
        assert recover(app, [0, 1, 2])["recovered"]
        app.ask("verify")
        app.when_idle()
        app.ask("end")
        assert app.process.wait(30) == 0


def test_the_hook_would_see_it(tmp_path: Path) -> None:
    """The test above could fail."""
    for deed in (
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import subprocess; subprocess.run(['true'])",
        "import socket; socket.socket().bind(('0.0.0.0', 0))",
    ):
        with running_app(tmp_path, code=_CONNECTING + deed) as app:
            assert app.process.wait(30) in (98, 99), deed


@pytest.mark.parametrize("place", [-1, 99, "0", None, "/etc", True])
def test_only_offered_places_are_written_to(plain: RunningApp, place: object) -> None:
    """A place is the number of one that the program offered; the page cannot name a path."""
    plain.ask("choose", backup=0)
    plain.when_idle()
    assert plain.ask("recover", opened=1, place=place, photos=[0]).status in (400, 409)
    assert plain.when_idle()["recovered"] is None


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup whose reading takes long enough to be stopped."""
    return build(tmp_path_factory.mktemp("large"), Shape(PHOTOS, 4 * PHOTOS, linked=True))


def test_stop_while_reading_and_while_writing(large: Path, tmp_path: Path) -> None:
    """Stop goes back to the list and leaves no private folder; while writing it leaves only whole files."""
    with running_app(tmp_path, large) as app:
        app.enter()
        app.when_idle()
        app.ask("choose", backup=0)
        app.ask("stop")
        state = app.when_idle()
        assert state["step"] == "choose" and state["trouble"]["says"].startswith("Stopped.")
        assert app.left == []
        app.ask("choose", backup=0)
        assert app.when_idle()["step"] == "photos"
        app.ask("recover", opened=1, place=0, photos=list(range(PHOTOS)))
        assert app.ask("recover", opened=1, place=0, photos=[0]).status == 409  # one thing at a time
        app.ask("stop")
        state = app.when_idle()
        assert state["recovered"] is None and state["trouble"]["says"].startswith("Stopped.")
        state = recover(app, list(range(PHOTOS)))
        recovered = state["recovered"]
        assert isinstance(recovered, dict) and recovered["not_whole"] == []
        # It went on in the same folder.
        assert len(list((app.home / "Desktop").iterdir())) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")
@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_leaves_nothing_deciphered(locked: RunningApp, number: signal.Signals) -> None:
    """kill, Ctrl-C, a closed terminal and Ctrl-\\ remove the private folder, while a page is open."""
    locked.ask("choose", backup=0)
    locked.when_idle()
    locked.ask("unlock", passphrase=PASSPHRASE)
    locked.when_idle()
    assert locked.left
    assert locked.kill(number) == 130
    assert locked.left == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")
def test_a_signal_while_reading_leaves_nothing(large: Path, tmp_path: Path) -> None:
    """The work is stopped, and its private folder goes."""
    with running_app(tmp_path, large) as app:
        app.enter()
        app.when_idle()
        app.ask("choose", backup=0)
        while not app.left:
            time.sleep(0.02)
        assert app.kill(signal.SIGTERM) == 130
        assert app.left == []


def test_it_ends_when_the_page_is_closed(demo_twins: DemoTwins, tmp_path: Path) -> None:
    """Without an open page it closes the backup and ends by itself."""
    with running_app(tmp_path, demo_twins.plain, close_after=0.6) as app:
        app.enter()
        app.ask("choose", backup=0)
        app.state()  # a page was there, and is gone
        assert app.process.wait(30) == 0
        assert app.left == []


def test_another_folder_is_chosen_in_the_systems_window(demo_twins: DemoTwins, tmp_path: Path) -> None:
    """The answer of the system's window is looked through for backups; a network path is refused unseen."""
    if sys.platform != "linux":
        pytest.skip("the window of Linux is simulated")
    programs = tmp_path / "programs"
    programs.mkdir()
    answer = tmp_path / "answer"
    zenity = programs / "zenity"
    zenity.write_text(f'#!/bin/sh\ncat "{answer}"\n')
    zenity.chmod(0o755)
    with running_app(tmp_path, PATH=f"{programs}:{os.environ['PATH']}") as app:
        app.enter()
        assert app.when_idle()["backups"] == []
        for text, says in (
            ("", None),
            ("//server/share", "Folders of other computers are not opened."),
            ("\\\\server\\share", "Folders of other computers are not opened."),
            (str(tmp_path / "home"), f"There is no backup in {tmp_path / 'home'}."),
            (str(demo_twins.plain), None),
        ):
            answer.write_text(text + "\n")
            app.ask("elsewhere")
            trouble = app.when_idle()["trouble"]
            assert (trouble["says"] if trouble else None) == says
        assert len(app.state()["backups"]) == 1
        app.ask("choose", backup=0)
        app.when_idle()
        (tmp_path / "elsewhere").mkdir()
        answer.write_text(str(tmp_path / "elsewhere") + "\n")
        app.ask("place")
        places = app.when_idle()["places"]
        assert places[-1]["name"] == str(tmp_path / "elsewhere")
        app.ask("recover", opened=1, place=len(places) - 1, photos=[0])
        assert Path(app.when_idle()["recovered"]["folder"]).parent == tmp_path / "elsewhere"


def test_without_a_window_for_folders_it_says_what_to_do(tmp_path: Path) -> None:
    """No zenity and no kdialog: the command line takes the folder."""
    if sys.platform != "linux":
        pytest.skip("other systems always have a window")
    with running_app(tmp_path, PATH=str(tmp_path)) as app:
        app.enter()
        app.when_idle()
        app.ask("elsewhere")
        assert app.when_idle()["trouble"]["advice"] == "Start the program with the folder: recover-facetime app FOLDER"
