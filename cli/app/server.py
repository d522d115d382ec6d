"""The addresses of the window and what they answer; the guard stands before all of them."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from http import HTTPStatus

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from cli.app.guard import ENTRANCE, HOST, Gate, Guard
from cli.app.page import start_page, static_files
from cli.app.session import RefusedError, Session
from recovery.errors import RecoveryError
from recovery.source.file_keys import Passphrase

_RANGE = re.compile(r"bytes=(\d{1,15})-(\d{0,15})")
_PART_BYTES = 4 * 1024 * 1024
_EVENT_SECONDS = 0.1
_ALIVE_SECONDS = 5.0
_GONE = (RecoveryError, IndexError, OSError, ValueError, sqlite3.Error)
"""What asking for a picture may raise, also while its backup is being closed."""
_USED = "This address has been used already. Close this page and start recover-facetime app again."


class BadRequestError(Exception):
    """What the page sent is not what this address understands."""


def application(session: Session, gate: Gate) -> Guard:
    """The window as an ASGI application."""
    answers = _Answers(session, gate)
    static = [
        Route(address, _fixed(media_type, data), methods=["GET"])
        for address, (media_type, data) in static_files().items()
    ]
    asked = {
        "choose": answers.choose,
        "elsewhere": lambda body: session.look_elsewhere(),
        "unlock": answers.unlock,
        "back": lambda body: session.back(),
        "place": lambda body: session.other_place(),
        "recover": answers.recover,
        "verify": lambda body: session.verify(),
        "show": lambda body: session.show(),
        "dismiss": lambda body: session.dismiss(),
        "stop": lambda body: session.stop(),
        "end": lambda body: session.end(),
    }
    routes = [
        Route(f"{ENTRANCE}{{token}}", answers.enter, methods=["GET"]),
        Route("/", answers.start, methods=["GET"]),
        Route("/photos", answers.photos, methods=["GET"]),
        Route("/pictures-{opened:int}/{number:int}-{size}.jpg", answers.picture, methods=["GET"]),
        Route("/pictures-{opened:int}/{number:int}-movie.mp4", answers.movie, methods=["GET"]),
        Route("/pictures-{opened:int}/{number:int}.txt", answers.made_from, methods=["GET"]),
        Route("/api/events", answers.events, methods=["GET"]),
        *(Route(f"/api/{name}", _asked(action), methods=["POST"]) for name, action in asked.items()),
        *static,
    ]
    return Guard(Starlette(routes=routes), gate)


def listening_socket() -> socket.socket:
    """A socket on a free port that already takes connections, so that the browser never comes too early.

    Not `localhost`, which may be another address, and never one that other computers reach.
    """
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.bind((HOST, 0))
    made.listen(128)
    return made


class Server:
    """Serves an application in a thread; use as a context manager."""

    def __init__(self, application: Guard, listening: socket.socket) -> None:
        config = uvicorn.Config(
            application,
            log_config=None,  # nothing that is asked for is written anywhere
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            loop="asyncio",
            http="h11",
            ws="none",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._socket = listening
        self._thread = threading.Thread(target=self._serve, name="server", daemon=True)

    def _serve(self) -> None:
        # In a thread of its own it takes no signals: those stay with the command line, which cleans up.
        self._server.run(sockets=[self._socket])

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(5)
        self._socket.close()

    @property
    def runs(self) -> bool:
        """Whether it still answers."""
        return self._thread.is_alive()


class _Answers:
    """The addresses that need the session or the gate."""

    def __init__(self, session: Session, gate: Gate) -> None:
        self._session = session
        self._gate = gate

    async def enter(self, request: Request) -> Response:
        if self._gate.spend(request.path_params["token"]):
            return RedirectResponse("/", HTTPStatus.SEE_OTHER, {"Set-Cookie": self._gate.set_cookie})
        if self._gate.knows(request.headers.get("cookie")):
            return RedirectResponse("/", HTTPStatus.SEE_OTHER)
        return PlainTextResponse(_USED, HTTPStatus.FORBIDDEN)

    async def start(self, request: Request) -> Response:
        return Response(start_page(), media_type="text/html")

    async def photos(self, request: Request) -> Response:
        page = self._session.page()
        if page is None:
            return RedirectResponse("/", HTTPStatus.SEE_OTHER)
        return Response(page, media_type="text/html")

    async def picture(self, request: Request) -> Response:
        number, size = request.path_params["number"], request.path_params["size"]
        gallery = self._session.gallery(request.path_params["opened"])
        if gallery is None or size not in ("small", "large"):
            return _nothing()
        try:
            made = await run_in_threadpool(gallery.small if size == "small" else gallery.large, number)
        except _GONE:
            return _nothing()
        return Response(made.data, media_type="image/jpeg")

    async def made_from(self, request: Request) -> Response:
        gallery = self._session.gallery(request.path_params["opened"])
        try:
            text = await run_in_threadpool(gallery.made_from, request.path_params["number"]) if gallery else ""
        except _GONE:
            text = ""
        return PlainTextResponse(text) if text else _nothing()

    async def movie(self, request: Request) -> Response:
        """A video or a part of it: players ask for ranges. Each answer is small enough to be held in memory."""
        gallery = self._session.gallery(request.path_params["opened"])
        asked = _RANGE.fullmatch(request.headers.get("range", ""))
        start = int(asked[1]) if asked else 0
        most = min(_PART_BYTES, int(asked[2]) - start + 1) if asked and asked[2] else _PART_BYTES
        if gallery is None or most <= 0:
            return _nothing()
        number = request.path_params["number"]
        try:
            part = await run_in_threadpool(gallery.movie, number, start, most)
        except _GONE:
            return _nothing()
        if start >= part.size:
            headers = {"Content-Range": f"bytes */{part.size}"}
            return Response(status_code=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=headers)
        if asked is None and len(part.data) < part.size:
            return StreamingResponse(
                _pieces(lambda at: gallery.movie(number, at, _PART_BYTES).data),
                headers={"Content-Length": str(part.size), "Accept-Ranges": "bytes"},
                media_type="video/mp4",
            )
        headers = {"Accept-Ranges": "bytes"}
        if asked:
            headers["Content-Range"] = f"bytes {start}-{start + len(part.data) - 1}/{part.size}"
        status = HTTPStatus.PARTIAL_CONTENT if asked else HTTPStatus.OK
        return Response(part.data, status, headers, "video/mp4")

    async def events(self, request: Request) -> Response:
        return StreamingResponse(self._events(), media_type="text/event-stream")

    async def _events(self) -> AsyncIterator[str]:
        """The state whenever it has changed; the open connection is the sign that somebody looks at a page."""
        version, silent = -1, 0.0
        with self._session.looked_at():
            while True:
                if version != self._session.version:
                    version, silent = self._session.version, 0.0
                    yield f"data: {json.dumps(asdict(self._session.state))}\n\n"
                elif silent >= _ALIVE_SECONDS:
                    silent = 0.0
                    yield ":\n\n"
                await asyncio.sleep(_EVENT_SECONDS)
                silent += _EVENT_SECONDS

    def choose(self, body: dict[str, object]) -> None:
        self._session.choose(_number(body.get("backup")))

    def unlock(self, body: dict[str, object]) -> None:
        text = body.get("passphrase")
        if not isinstance(text, str) or not text:
            raise RefusedError("Type the passphrase.")
        self._session.unlock(Passphrase(text))

    def recover(self, body: dict[str, object]) -> None:
        chosen = body.get("photos")
        if not isinstance(chosen, list):
            raise BadRequestError
        self._session.recover(
            _number(body.get("opened")),
            _number(body.get("place")),
            map(_number, chosen),
            jpeg=body.get("jpeg") is True,
        )


def _asked(action: Callable[[dict[str, object]], None]) -> Callable[[Request], object]:
    async def answer(request: Request) -> Response:
        try:
            body = json.loads(await request.body())
            if not isinstance(body, dict):
                raise BadRequestError
            await run_in_threadpool(action, body)
        except RefusedError as error:
            return JSONResponse({"says": str(error)}, HTTPStatus.CONFLICT)
        except (ValueError, RecursionError, BadRequestError):
            # Without the error, whose text may hold a passphrase.
            return JSONResponse({"says": "The page sent something that is not understood."}, HTTPStatus.BAD_REQUEST)
        return JSONResponse({})

    return answer


def _fixed(media_type: str, data: bytes) -> Callable[[Request], object]:
    async def answer(request: Request) -> Response:
        return Response(data, media_type=media_type)

    return answer


async def _pieces(piece: Callable[[int], bytes]) -> AsyncIterator[bytes]:
    at = 0
    while data := await run_in_threadpool(piece, at):
        at += len(data)
        yield data


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadRequestError
    return value


def _nothing() -> Response:
    return PlainTextResponse("There is nothing at this address.", HTTPStatus.NOT_FOUND)
