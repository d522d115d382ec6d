"""Attacks on the window, over a real socket: what is not asked for by our own page is refused, and told nothing."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from app_tools import Answer, RunningApp, running_app

from tests.every_command import inside

pytest.importorskip("starlette", reason="the extra `app` is not installed")
pytest.importorskip("uvicorn", reason="the extra `app` is not installed")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The window, entered; no attack may end or change it."""
    with running_app(tmp_path_factory.mktemp("app")) as running:
        assert running.enter().status == 303
        running.when_idle()
        yield running
        assert running.request("GET", "/").status == 200
        assert running.process.poll() is None


def refused(answer: Answer, *statuses: int) -> bool:
    """Refused with a sentence, with every security header, and without a word about this program's doings."""
    assert answer.status in statuses, (answer.status, answer.body)
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert "set-cookie" not in answer.headers and "server" not in answer.headers
    return len(answer.body) < 200 and b"Traceback" not in answer.body


EVERY_ADDRESS = (
    "/",
    "/photos",
    "/api/events",
    "/static/app.css",
    "/static/start.js",
    "/static/photos.js",
    "/pictures-1/0-small.jpg",
    "/pictures-1/0-movie.mp4",
    "/pictures-1/0.txt",
    "/nothing",
)


@pytest.mark.parametrize("path", EVERY_ADDRESS)
def test_without_the_cookie_nothing_is_told(app: RunningApp, path: str) -> None:
    """Another user of this computer can connect, and learns nothing."""
    assert refused(app.request("GET", path, {"Cookie": None}), 403)
    assert refused(app.request("GET", path, {"Cookie": app.cookie[:-1] + "x"}), 403)


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example:{port}", "127.0.0.1", "localhost:{port}", "127.0.0.1:1", "127.0.0.1.evil.example:{port}"),
        *(None, "{host}\n{host}", "evil.example\n{host}", " ", "{host}/", "user@{host}", "[::1]:{port}"),
        "0.0.0.0:{port}",
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/events"])
def test_only_the_exact_host_is_answered(app: RunningApp, host: str | None, path: str) -> None:
    """DNS rebinding: the browser is made to call us by another name."""
    port = urlsplit(app.address).port
    asked = host.format(host=app.host, port=port) if host else None
    answer = app.request("GET", path, {"Host": asked})
    # Without one, with two, or with one that is no host, the HTTP library may refuse it first.
    assert answer.status in (400, 403)
    assert app.cookie.encode() not in answer.body


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "", None, "same-origin\nsame-origin"])
@pytest.mark.parametrize("path", ["/api/events", "/static/photos.js", "/pictures-1/0-small.jpg"])
def test_the_cookie_alone_is_not_enough(app: RunningApp, site: str | None, path: str) -> None:
    """A page on another port of 127.0.0.1 is same-site, and its server is sent our cookie."""
    assert refused(app.request("GET", path, {"Sec-Fetch-Site": site}), 403)


@pytest.mark.parametrize(("site", "status"), [("none", 200), ("same-origin", 200), ("same-site", 403), (None, 403)])
def test_documents_may_be_typed_or_reloaded(app: RunningApp, site: str | None, status: int) -> None:
    """Reload and bookmarks work; a link on a foreign page does not."""
    assert app.request("GET", "/", {"Sec-Fetch-Site": site}).status == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": None}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "https://{host}"}, 403),
        ({"Origin": "http://{host}\nhttp://evil.example"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Cookie": None}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": None}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "text/plain; application/json"}, 415),
    ],
)
def test_what_a_foreign_page_could_send_is_refused(
    app: RunningApp, headers: dict[str, str | None], status: int
) -> None:
    """Forms, fetches without asking, and everything without our Origin."""
    filled = {name: value.format(host=app.host) if value else value for name, value in headers.items()}
    assert refused(app.request("POST", "/api/end", filled, b"{}"), status)
    assert app.process.poll() is None


@pytest.mark.parametrize("method", ["OPTIONS", "HEAD", "PUT", "DELETE", "TRACE", "CONNECT"])
def test_other_methods_are_refused(app: RunningApp, method: str) -> None:
    """Also the question of a preflight, which is never answered with a permission."""
    answer = app.request(method, "/api/end", {"Access-Control-Request-Method": "POST"})
    assert answer.status in (403, 405)
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_get_changes_nothing(app: RunningApp) -> None:
    """Only POST does something."""
    assert refused(app.request("GET", "/api/end"), 405)


def test_bodies_are_limited(app: RunningApp) -> None:
    """A passphrase has at most 4 KiB; a length that is missing or wrong is refused before anything is read."""
    assert refused(app.request("POST", "/api/unlock", body=b" " * 4097), 413)
    assert refused(app.request("POST", "/api/recover", {"Content-Length": str(5 << 20)}), 413)
    chunked = {"Content-Length": None, "Transfer-Encoding": "chunked"}
    assert refused(app.request("POST", "/api/unlock", chunked, b"2\r\n{}\r\n0\r\n\r\n"), 411)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{", b"\xff", b"[" * 4000, b'{"backup": 1e999}', b'{"backup": NaN}']
)
def test_what_is_not_understood_is_a_sentence(app: RunningApp, body: bytes) -> None:
    """Never a traceback."""
    assert refused(app.request("POST", "/api/choose", body=body), 400)


def test_the_token_is_used_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Then it says to start again; to the browser that has the cookie it still is the way in."""
    with running_app(tmp_path_factory.mktemp("app")) as app:
        path = urlsplit(app.address).path
        assert refused(app.request("GET", "/open/" + "x" * 43, {"Sec-Fetch-Site": "none"}), 403)
        assert refused(app.request("GET", path, {"Sec-Fetch-Site": "cross-site"}), 403)
        assert refused(app.request("POST", path, body=b"{}"), 403)
        first = app.enter()
        assert first.status == 303 and first.headers["location"] == "/"
        cookie = first.headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie
        assert "Max-Age" not in cookie and "Domain" not in cookie
        again = {"Sec-Fetch-Site": "none"}
        assert refused(app.request("GET", path, {**again, "Cookie": None}), 403)
        assert app.request("GET", path, again).status == 303


def test_two_windows_do_not_take_each_others_cookie(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Cookies know no ports, so their names differ, and one run's opens nothing of another's."""
    with running_app(tmp_path_factory.mktemp("a")) as one, running_app(tmp_path_factory.mktemp("b")) as other:
        one.enter()
        other.enter()
        assert one.cookie.partition("=")[0] != other.cookie.partition("=")[0]
        assert one.request("GET", "/", {"Cookie": f"{other.cookie}; {one.cookie}"}).status == 200
        assert one.request("GET", "/", {"Cookie": other.cookie}).status == 403
        odd = f'a={{"b": [1, "2"]}}; c; =d; {one.cookie}; e=\xe9'
        assert one.request("GET", "/", {"Cookie": odd}).status == 200
        assert one.request("GET", "/", {"Cookie": f"{one.cookie}; {one.cookie}x"}).status == 403


def test_it_listens_on_this_computer_alone(app: RunningApp) -> None:
    """No other address, and no option for one."""
    port = int(app.host.rpartition(":")[2])
    assert app.host.startswith("127.0.0.1:")
    for address in ("127.0.0.2", "::1"):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as other, pytest.raises(OSError):
            other.settimeout(2)
            other.connect((address, port))
    options = inside(["app", "--help"]).output.decode()
    for option in ("--host", "--bind", "--port", "--no-auth"):
        assert option not in options


def test_many_slow_connections_do_not_stop_it(app: RunningApp) -> None:
    """Programs that connect and say nothing keep nobody else waiting."""
    host, port = app.host.split(":")
    idle = [socket.create_connection((host, int(port))) for _ in range(50)]
    try:
        for connection in idle:
            connection.sendall(b"GET / HTTP/1.1\r\nHost:")
        assert app.request("GET", "/").status == 200
    finally:
        for connection in idle:
            connection.close()


def test_the_first_connection_waits_for_the_server() -> None:
    """The socket listens before the browser is told, so that a quick browser is not refused."""
    from cli.app.server import listening_socket

    with listening_socket() as listening, socket.create_connection(listening.getsockname(), 2):
        connection, _ = listening.accept()
        connection.close()


def test_a_network_path_is_refused_before_it_is_asked_for() -> None:
    """Windows would send the user's name and hashed password to that server."""
    for path in ("//server/share", "\\\\server\\share", "\\\\?\\UNC\\server\\share"):
        ended = inside(["app", path])
        assert ended.code == 1
        assert b"Folders of other computers are not opened." in ended.errors


def test_without_its_packages_it_says_how_to_install_them() -> None:
    """The extra `app` is optional."""
    code = "import sys; sys.modules['uvicorn'] = None; from cli.main import run; run()"
    done = subprocess.run([sys.executable, "-c", code, "app"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert 'pip install "recover-facetime[app]"' in done.stderr
