"""Who may ask the server: only the pages it made itself, in the browser that it opened.

Any program of this computer can connect to 127.0.0.1, and any web page can make the browser do so. Hence the
exact Host (against DNS rebinding), a one-use token that becomes a cookie, and Sec-Fetch-Site and Origin beside
it: cookies know no ports (RFC 6265, section 8.5), so the cookie alone is never enough.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from http import HTTPStatus

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST = "127.0.0.1"
ENTRANCE = "/open/"
"""Below it lies the token; the only address that may be asked for without the cookie."""
DOCUMENTS = frozenset({"/", "/photos"})
"""What may be asked for by typing the address, by reloading or from a bookmark."""
BODY_BYTES = 4096
LONG_BODY_BYTES = 4 * 1024 * 1024
LONG_BODIES = frozenset({"/api/recover"})
"""Lists of ticked photos; everything else that is sent is a passphrase or less."""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; "
    "frame-ancestors 'none'; form-action 'none'; base-uri 'none'"
)
HEADERS = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)
"""Of every answer, refusals too."""
_ONCE = ("host", "cookie", "origin", "sec-fetch-site", "content-type", "content-length")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not answered."""

    status: HTTPStatus
    says: str


_NOT_OURS = Refusal(HTTPStatus.FORBIDDEN, "Only the page that recover-facetime opened may ask. Start it again.")
_OLD_BROWSER = Refusal(
    HTTPStatus.FORBIDDEN, "This browser does not say where requests come from. Use a newer one (2023 or later)."
)


class Gate:
    """The secrets of one run, and the rules by which a request passes."""

    def __init__(self, port: int) -> None:
        self.host = f"{HOST}:{port}"
        self.origin = f"http://{self.host}"
        # Named by the port, so that two runs in one browser do not overwrite each other's.
        self.cookie_name = f"recover-facetime-{port}"
        self._cookie = secrets.token_urlsafe(32)
        self._token: str | None = secrets.token_urlsafe(32)
        self._lock = threading.Lock()

    @property
    def address(self) -> str:
        """The address that lets a browser in, once."""
        return f"{self.origin}{ENTRANCE}{self._token or ''}"

    @property
    def set_cookie(self) -> str:
        """The header that gives the cookie; it ends with the browser, and no script can read it."""
        return f"{self.cookie_name}={self._cookie}; HttpOnly; SameSite=Strict; Path=/"

    def spend(self, token: str) -> bool:
        """Whether it is the token; it never is again."""
        with self._lock:
            fits = self._token is not None and compare_digest(token.encode(), self._token.encode())
            if fits:
                self._token = None
            return fits

    def knows(self, cookie: str | None) -> bool:
        """Whether a Cookie header holds our cookie."""
        # Other programs on 127.0.0.1 set cookies too, whatever their form: none of them may hide ours.
        pairs = (pair.strip().partition("=") for pair in (cookie or "").split(";"))
        values = [value for name, _, value in pairs if name == self.cookie_name]
        return len(values) == 1 and compare_digest(values[0].encode(), self._cookie.encode())

    def refusal(self, method: str, path: str, headers: Mapping[str, str]) -> Refusal | None:
        """Why a request may not pass; None when it may. Names of headers are in small letters."""
        if headers.get("host") != self.host:
            return _NOT_OURS
        if method not in ("GET", "POST"):
            return Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "Only GET and POST are understood.")
        came_from = headers.get("sec-fetch-site")
        if came_from is None:
            return _OLD_BROWSER
        typed = method == "GET" and (path in DOCUMENTS or path.startswith(ENTRANCE))
        if came_from != "same-origin" and not (typed and came_from == "none"):
            return _NOT_OURS
        if headers.get("origin", self.origin) != self.origin:
            return _NOT_OURS
        entering = method == "GET" and path.startswith(ENTRANCE)
        if not entering and not self.knows(headers.get("cookie")):
            return _NOT_OURS
        return self._refused_body(path, headers) if method == "POST" else None

    def _refused_body(self, path: str, headers: Mapping[str, str]) -> Refusal | None:
        if "origin" not in headers:
            return _NOT_OURS
        # Anything but this type a foreign page could send without asking beforehand.
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Only JSON is understood.")
        length = headers.get("content-length", "")
        if not (length.isascii() and length.isdigit()) or "transfer-encoding" in headers:
            return Refusal(HTTPStatus.LENGTH_REQUIRED, "The length of the request is missing.")
        if int(length) > (LONG_BODY_BYTES if path in LONG_BODIES else BODY_BYTES):
            return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is too long.")
        return None


class Guard:
    """Lets requests through that the gate passes; every answer, refusals too, gets the security headers."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                ours = [(name.lower().encode(), value.encode()) for name, value in HEADERS]
                message = {**message, "headers": [*message.get("headers", ()), *ours]}
            await send(message)

        headers = _single(scope)
        refusal = _NOT_OURS if headers is None else self._gate.refusal(scope["method"], scope["path"], headers)
        if refusal is None:
            await self._app(scope, receive, guarded)
        else:
            await Response(refusal.says, refusal.status, media_type="text/plain")(scope, receive, guarded)


def _single(scope: Scope) -> dict[str, str] | None:
    """The headers by name, as they came: frameworks make addresses of them; None where one that counts comes twice."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name = raw_name.decode("latin-1").lower()
        if name in found and name in _ONCE:
            return None
        found[name] = raw_value.decode("latin-1")
    return found
