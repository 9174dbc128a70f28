"""Catalogue packages: the newest, as the district signed it, byte for byte. A platform may have published none."""

from __future__ import annotations

import base64
import json
from typing import Any

from district.check.answers import expect, json_of, listed, same
from district.check.line import Answer
from district.check.rules import Broken, NotTried, Rules
from district.check.visit import Visit

rules = Rules("catalogue")


def _newest(visit: Visit) -> Answer:
    answer = visit.ask("GET", "/v1/catalogue")
    if answer.status == 404:
        raise NotTried("no catalogue was published")
    expect(answer, 200)
    return answer


@rules("Send an ETag with a catalogue; answer 404 while there is none.")
def catalogue_has_an_etag(visit: Visit) -> None:
    """A catalogue has an ETag, by which a terminal asks whether there is a newer one."""
    tag = _newest(visit).field("ETag") or ""
    if len(tag) < 3 or not tag.removeprefix("W/").startswith('"'):
        raise Broken(f"ETag is {tag[:60]!r}")


@rules("Answer 304 to If-None-Match with the ETag of what you have; a terminal's line is thin.")
def catalogue_unchanged_304(visit: Visit) -> None:
    """Who has the newest catalogue gets 304 and no body."""
    tag = _newest(visit).field("ETag") or ""
    answer = visit.ask("GET", "/v1/catalogue", fields={"If-None-Match": tag})
    expect(answer, 304)
    same(answer.body, b"", "the body of 304")
    expect(visit.ask("GET", "/v1/catalogue", fields={"If-None-Match": '"another"'}), 200)


@rules("Keep the package's bytes and answer exactly them: the signature is over the bytes.")
def catalogue_byte_for_byte(visit: Visit) -> None:
    """A catalogue is answered byte for byte the same."""
    same(_newest(visit).body == _newest(visit).body, True, "whether two answers are the same")


@rules(
    "Publish what `district catalogue sign` made: base64 of JSON with version and files, and a signature of 64 bytes."
)
def catalogue_is_a_package(visit: Visit) -> None:
    """A catalogue is a signed package: version and files of matters."""
    told = json_of(_newest(visit))
    try:
        inside: Any = json.loads(base64.b64decode(str(told.get("content")), validate=True))
        signature = base64.b64decode(str(told.get("signature")), validate=True)
    except (ValueError, RecursionError):
        raise Broken("`content` or `signature` is no base64, or not of JSON") from None
    if not isinstance(inside, dict):
        raise Broken("the package is no object")
    same(len(signature), 64, "the length of the signature")
    same(isinstance(inside.get("version"), int), True, "whether `version` is a number")  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - of JSON
    if not listed(inside.get("files")):  # pyright: ignore[reportUnknownMemberType] - of JSON
        raise Broken("the package has no files")
