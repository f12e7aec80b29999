"""Multipart forms (RFC 7578) with one file, read as they arrive: the file's bytes are never held in memory whole."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import Message
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError, MultipartParseError
from python_multipart.multipart import MultipartParser

from freehold.domain.errors import BadInput

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

FIELDS_LIMIT_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class FileBegin:
    name: str
    file_name: str


@dataclass(frozen=True, slots=True)
class FileEnd:
    pass


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    text: str


Event = FileBegin | FileEnd | Field | bytes


def malformed() -> BadInput:
    return BadInput("form-malformed", "This is not a form with a file (multipart/form-data).")


class FormReader:
    """Turns the body's parts into fields, the file's beginning, its bytes and its end."""

    def __init__(self, content_type: str) -> None:
        message = Message()
        message["content-type"] = content_type
        boundary = message.get_param("boundary")
        if message.get_content_type() != "multipart/form-data" or not isinstance(boundary, str):
            raise malformed()
        self._events: list[Event] = []
        self._header: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        self._part = Message()
        self._text = bytearray()
        self._fields_bytes = 0
        self._is_over = False
        callbacks: MultipartCallbacks = {
            "on_part_begin": self._begin_part,
            "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._take,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }
        try:
            self._parser = MultipartParser(boundary, callbacks)
        except FormParserError:
            raise malformed() from None

    async def events(self, parts: AsyncIterator[bytes]) -> AsyncIterator[Event]:
        """`BadInput` (code `form-malformed`) where the body is no such form or ends too early."""
        async for part in parts:
            try:
                self._parser.write(part)
            except MultipartParseError:
                raise malformed() from None
            events, self._events = self._events, []
            for event in events:
                yield event
        if not self._is_over:
            raise malformed()

    def _begin_part(self) -> None:
        self._part, self._text = Message(), bytearray()

    def _end_header(self) -> None:
        name, value = self._header
        self._part[name.decode("latin-1")] = value.decode("utf-8", "replace")
        self._header = (bytearray(), bytearray())

    @property
    def _name(self) -> str:
        return str(self._part.get_param("name", "", "content-disposition"))

    @property
    def _is_file(self) -> bool:
        return self._part.get_param("filename", None, "content-disposition") is not None

    def _end_headers(self) -> None:
        if self._is_file:
            self._events.append(FileBegin(self._name, self._part.get_filename("")))

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self._events.append(data[start:end])
            return
        self._text += data[start:end]
        self._fields_bytes += end - start
        if self._fields_bytes > FIELDS_LIMIT_BYTES:
            raise BadInput("form-too-large", "The words of this form are too long.")

    def _end_part(self) -> None:
        if self._is_file:
            self._events.append(FileEnd())
        else:
            self._events.append(Field(self._name, self._text.decode("utf-8", "replace")))

    def _end(self) -> None:
        self._is_over = True
