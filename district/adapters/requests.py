"""Puts a request together as the adapter file says: address, fields, body, signature. Sends nothing."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from pydantic import JsonValue

from district.adapters.credentials import Credentials
from district.adapters.file import AdapterFile, Call
from district.adapters.signing import Unsigned, compact, sign
from district.adapters.values import Item, Mapper, Unmapped

MAX_REQUEST_BYTES = 96 * 1024 * 1024
"""Of one body; more is a dead end rather than a server out of memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A request that is ready to go. `text` is what its signature covers."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    text: bytes


def prepare(file: AdapterFile, call: Call, mapper: Mapper, credentials: Credentials, *, now: float) -> Prepared:
    """One request: about one paper if the mapper is, else about the case with all of them. Raises Unmapped."""
    path = urlsplit(file.url).path + mapper.address(call.path)
    query = mapper.texts(call.query)
    headers = mapper.texts(call.headers)
    for name, value in headers.items():
        if not value.isascii() or not value.isprintable():
            raise Unmapped(f"not-for-a-header:{name}")
    members = mapper.fields(call.body)
    media_type, body = _body(call, mapper, members)
    if len(body) > MAX_REQUEST_BYTES:
        raise Unmapped("too-large")
    unsigned = Unsigned(
        method=call.method,
        path=path,
        query=query,
        members=members if call.content in ("json", "form") else {},
        body=body,
    )
    signed = sign(unsigned, file.signing, credentials, now=now, nonce=secrets.token_hex(16), zone=file.zone)
    if file.signing.carried_in == "headers":
        headers |= signed.added
    else:
        query |= signed.added
    parts = urlsplit(file.url)
    asked = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query.items())
    return Prepared(
        method=call.method,
        url=f"{parts.scheme}://{parts.netloc}{path}{'?' if asked else ''}{asked}",
        headers={"Content-Type": media_type, **headers},
        body=body,
        text=signed.text,
    )


def _body(call: Call, mapper: Mapper, members: Mapping[str, JsonValue]) -> tuple[str, bytes]:
    match call.content:
        case "json":
            return "application/json; charset=utf-8", compact(dict(members)).encode()
        case "form":
            pairs = mapper.texts(call.body).items()
            text = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
            return "application/x-www-form-urlencoded", text.encode()
        case "paper":
            (paper,) = _papers(mapper)
            return paper.media_type, _content(paper, mapper)
        case "multipart":
            return _multipart(call, mapper)


def _multipart(call: Call, mapper: Mapper) -> tuple[str, bytes]:
    boundary = secrets.token_hex(16)
    parts = [(f'form-data; name="{name}"', "", text.encode()) for name, text in mapper.texts(call.body).items()]
    if call.files is not None:
        for paper in _papers(mapper):
            name = mapper.of(paper).text(call.files.name)
            # As browsers write it (RFC 7578, 4.2): UTF-8, with what would end the field percent-encoded.
            name = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
            head = f'form-data; name="{call.files.field}"; filename="{name}"'
            parts.append((head, f"Content-Type: {paper.media_type}\r\n", _content(paper, mapper)))
            if sum(len(content) for _, _, content in parts) > MAX_REQUEST_BYTES:
                raise Unmapped("too-large")
    written = [
        f"--{boundary}\r\nContent-Disposition: {head}\r\n{kind}\r\n".encode() + content + b"\r\n"
        for head, kind, content in parts
    ]
    return f"multipart/form-data; boundary={boundary}", b"".join(written) + f"--{boundary}--\r\n".encode()


def _papers(mapper: Mapper) -> Sequence[Item]:
    return mapper.papers if mapper.paper is None else [mapper.paper]


def _content(paper: Item, mapper: Mapper) -> bytes:
    return b"<a paper>" if mapper.masked else paper.content.read()
