"""The base of every record that is given out, and the one way to its JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Self, TypeVar

import msgspec
from msgspec import structs

from recovery.clock import UNIX_EPOCH, Moment, in_records, to_text

T = TypeVar("T")

REPLACEMENT = "\ufffd"


class Record(msgspec.Struct, frozen=True):
    """A frozen record whose fields, in their order, are its JSON object."""

    def changed(self, **values: object) -> Self:
        """The same record with other values in some fields."""
        return structs.replace(self, **values)


def valid_unicode(text: str) -> str:
    """The same text with lone surrogates, which no encoding can write, replaced by U+FFFD."""
    if text.isascii():
        return text
    return "".join(REPLACEMENT if "\ud800" <= character <= "\udfff" else character for character in text)


def encode(value: object) -> bytes:
    """A value of records and plain values as JSON in UTF-8; numbers that are not finite become null."""
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError:
        return _ENCODER.encode(_valid(msgspec.to_builtins(value, enc_hook=_json)))


def indented(value: object) -> bytes:
    """The same on several lines, for people."""
    return msgspec.json.format(encode(value), indent=2)


def packed(value: object) -> bytes:
    """A record in a compact form that keeps its times to the microsecond, for the program's own store."""
    try:
        return _PACKER.encode(value)
    except UnicodeEncodeError:
        return _PACKER.encode(_valid(msgspec.to_builtins(value, enc_hook=_stored, builtin_types=(datetime,))))


def unpacker(kind: type[T]) -> msgspec.msgpack.Decoder[T]:
    """Makes records of one kind again from what `packed` gave."""
    return msgspec.msgpack.Decoder(kind, dec_hook=_from_store)


def json_schema(kind: type) -> dict[str, Any]:
    """The JSON Schema of a record; every field of it is always there."""
    found = msgspec.json.schema(kind, schema_hook=_schema_of)
    for definition in found["$defs"].values():
        if "properties" in definition:
            definition["required"] = list(definition["properties"])
    return found


def _json(value: object) -> str:
    if isinstance(value, Moment):
        return str(to_text(value))
    raise NotImplementedError(f"a {type(value).__name__} has no form in JSON")


def _stored(value: object) -> int:
    if isinstance(value, Moment):
        since = value - UNIX_EPOCH
        return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    raise NotImplementedError(f"a {type(value).__name__} cannot be stored")


def _from_store(kind: type, value: Any) -> object:
    if kind is Moment:
        return UNIX_EPOCH + timedelta(microseconds=value) if isinstance(value, int) else in_records(value)
    raise NotImplementedError(f"a {kind.__name__} cannot be read back")


def _schema_of(kind: type) -> dict[str, Any]:
    if kind is Moment:
        pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"
        return {"type": "string", "pattern": pattern, "description": "RFC 3339 in UTC, with milliseconds"}
    raise NotImplementedError(kind.__name__)


def _valid(value: object) -> object:
    if isinstance(value, str):
        return valid_unicode(value)
    if isinstance(value, Mapping):
        return {_valid(key): _valid(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_valid(one) for one in value]
    return value


_ENCODER = msgspec.json.Encoder(enc_hook=_json)
_PACKER = msgspec.msgpack.Encoder(enc_hook=_stored)
