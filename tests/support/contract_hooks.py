"""Hooks of schemathesis: it invents requests from the contract, and this signs them as a registered terminal.

Where what it invented has the form that the contract asks for, but cannot mean anything (a digest of other bytes, the
uid of no form), the meaning is put right; fields that are wrong on purpose are sent as they were invented. Otherwise
nearly all would end at the first door, and the rooms behind it would not be looked at.

`CHECK_TERMINAL` and `CHECK_KEY` (a file) say who signs, `CHECK_OTHER` and `CHECK_OTHER_KEY` who signs what would end
that; `CHECK_FORM` and `CHECK_PAPER` are a form and a paper that are there.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import schemathesis
from requests import PreparedRequest
from requests.auth import AuthBase
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode

from district.check.forms import digest_of
from district.check.terminals import Terminal, read_key
from offline_queue.signing import SIGNED_FIELDS, RequestSigner

_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_CODE = re.compile(r"[A-Z0-9]{2,8}")
_LONGEST = 20_000  # Of a string: a longer pattern is more than the tool's own validator can bear.


def _signers() -> tuple[str, RequestSigner, RequestSigner]:
    own = Terminal.of(os.environ["CHECK_TERMINAL"], read_key(Path(os.environ["CHECK_KEY"])))
    other = Terminal.of(os.environ["CHECK_OTHER"], read_key(Path(os.environ["CHECK_OTHER_KEY"])))
    return own.code, own.signer, other.signer


class Signing(AuthBase):
    """Called when a request is complete. `mends`: nothing is wrong with its fields on purpose."""

    def __init__(self, *, mends: bool) -> None:
        self._mends = mends
        self._code, self._own, self._other = _signers()

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        fields = request.headers
        _to_what_is_there(request)
        path = str(request.path_url).partition("?")[0]
        uid = _UID.search(path)
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        if isinstance(body, bytes) and path.startswith("/v1/submissions"):
            body = self._meaning(body, uid[0] if uid else None)
            request.prepare_body(body, None)  # pyright: ignore[reportUnknownMemberType] - bytes are bytes
        if not self._mends:
            return request
        if isinstance(body, bytes) and request.method in ("PUT", "POST", "PATCH"):
            fields["Content-Digest"] = digest_of(body)
        if uid and "Idempotency-Key" in fields:
            fields["Idempotency-Key"] = f'"{uid[0]}"'
        if path == "/v1/enrolments":
            return request
        covered = {name: str(fields[name]) for name in SIGNED_FIELDS if name in fields}
        # The terminal that signs everything must not go out of service.
        signer = self._other if request.method == "DELETE" else self._own
        fields.update(signer.fields(str(request.method), str(request.url), covered))
        return request

    def _meaning(self, body: bytes, uid: str | None) -> bytes:
        """A form of this terminal under the address's uid, or a batch of such, if it is well-formed."""
        try:
            content: Any = json.loads(body)
        except ValueError:
            return body
        if not isinstance(content, dict):
            return body
        if isinstance(content.get("kiosk"), str) and _CODE.fullmatch(content["kiosk"]):  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - of JSON
            content["kiosk"] = self._code
        if uid and isinstance(content.get("uid"), str) and _UID.fullmatch(content["uid"]):  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - of JSON
            content["uid"] = uid
        if isinstance(content.get("supplement_of"), str):  # pyright: ignore[reportUnknownMemberType] - of JSON
            del content["supplement_of"]  # nothing was asked for
        return json.dumps(content).encode()


def _to_what_is_there(request: PreparedRequest) -> None:
    """Half of the uploads and of the questions are for what there is."""
    for place, name in (("/v1/submissions/", "CHECK_FORM"), ("/v1/attachments/", "CHECK_PAPER")):
        url = str(request.url)
        found = re.search(f"{place}({_UID.pattern})", url)
        if found and found[1][-1] in "02468ace" and not (request.method == "PUT" and url.endswith(found[1])):
            request.url = url.replace(found[1], os.environ[name])
    url = str(request.url)
    if found := re.search(f"/v1/terminals/({_CODE.pattern})(/certificate)?$", url):
        code = os.environ["CHECK_OTHER" if request.method == "DELETE" else "CHECK_TERMINAL"]
        request.url = url.replace(f"/{found[1]}", f"/{code}") if found[1][-1] in "02468ACEGIKMOQSUWY" else url


def _as_bytes(_context: Any, value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    return value.encode("utf-8", "replace") if isinstance(value, str) else json.dumps(value, default=str).encode()


for media_type in ("application/pkcs10", "application/offset+octet-stream"):
    schemathesis.serializer(media_type)(_as_bytes)


@schemathesis.hook  # pyright: ignore[reportUnknownMemberType] - of functions of any kind
def before_load_schema(_context: Any, raw_schema: dict[str, Any]) -> None:
    """Every limit stays but those of long strings, whose lengths the conformance kit tries."""

    def shorten(node: Any) -> None:
        if isinstance(node, dict):
            if node.get("maxLength", 0) > _LONGEST:  # pyright: ignore[reportUnknownMemberType] - of YAML
                del node["maxLength"]
            for one in node.values():  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
                shorten(one)
        elif isinstance(node, list):
            for one in node:  # pyright: ignore[reportUnknownVariableType]
                shorten(one)

    shorten(raw_schema)


@schemathesis.hook  # pyright: ignore[reportUnknownMemberType] - of functions of any kind
def before_call(_context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    kwargs["auth"] = Signing(mends=not _has_wrong_fields(case.meta))
    kwargs["allow_redirects"] = False


def _has_wrong_fields(meta: Any) -> bool:
    """Whether fields are what was made wrong in this request."""
    if meta is None:
        return False
    place = getattr(meta.phase.data, "parameter_location", None)
    fields = meta.components.get(ParameterLocation.HEADER)
    negative = fields is not None and fields.mode is GenerationMode.NEGATIVE
    return negative and place in (None, ParameterLocation.HEADER)
