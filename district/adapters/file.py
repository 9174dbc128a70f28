"""The shape of an adapter file, and reading one: bounded, and with nothing in it that could run.

Every scalar is read as text (YAML's own guessing would turn the code `01` into 1, `no` into false and a date into
something else); numbers are asked for by `as: number`. Aliases, repeated keys, unknown words and deep nesting are
refused. Secrets are named (a file, an environment variable), never written down here.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Annotated, Literal, cast

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

from district.macs import Algorithm
from district.receiving import Event
from offline_queue.transport import checked_url

MAX_FILE_BYTES = 256 * 1024
_DEEPEST = 24

Place = Annotated[str, StringConstraints(pattern=r"^[^.\s{}]{1,64}(\.[^.\s{}]{1,64}){0,7}$")]
"""Where a value stands in the case, in one item of a list (`item.…`), or in an answer: names and list positions, with
points between."""
Name = Annotated[str, StringConstraints(pattern=r"^[^\s\"&=;\x00-\x1f]{1,64}$")]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")]
TableName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$")]
Text = Annotated[str, StringConstraints(max_length=2000)]
DateFormat = Annotated[str, StringConstraints(pattern=r"^(epoch-seconds|epoch-milliseconds|(%[YmdHMS%]|[^%]){1,40})$")]
"""`%Y %m %d %H %M %S` and what stands between, or seconds or milliseconds since 1970."""
Zone = Annotated[str, StringConstraints(pattern=r"^[+-](0\d|1[0-4]):[0-5]\d$")]
Kind = Literal["text", "number", "true-false", "json", "value", "base64"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=False)


# --- values ---------------------------------------------------------------------------------------------------------


class Fixed(_Part):
    """The same for every case."""

    fixed: Text
    kind: Kind = Field("text", alias="as")


class From(_Part):
    """What stands in the case at a path; through a code table or a date's format, if told. `missing` says what becomes
    of nothing: the default refuses the case, so that nobody sends holes unawares."""

    path: Place = Field(alias="from")
    codes: TableName | None = None
    date: DateFormat | None = None
    kind: Kind = Field("text", alias="as")
    missing: Literal["refuse", "omit", "empty", "null"] = "refuse"


class Fields(_Part):
    """An object; left out where nothing stands at `when`."""

    fields: dict[Name, Node]
    when: Place | None = None


class Each(_Part):
    """A list: one `item` for each of what stands at a path. In it, `item.…` is looked up in that one."""

    each: Place
    item: Node


class Joined(_Part):
    """Several texts as one."""

    join: Annotated[tuple[Node, ...], Field(min_length=1, max_length=16)]
    between: Text = ""


_KINDS = ("fixed", "from", "fields", "each", "join")


def _kind_of(node: object) -> str | None:
    if not isinstance(node, dict):
        return None
    return next((kind for kind in _KINDS if kind in node), None)


Node = Annotated[
    Annotated[Fixed, Tag("fixed")]
    | Annotated[From, Tag("from")]
    | Annotated[Fields, Tag("fields")]
    | Annotated[Each, Tag("each")]
    | Annotated[Joined, Tag("join")],
    Discriminator(
        _kind_of,
        custom_error_type="value",
        custom_error_message="a value is one of {fixed: …}, {from: …}, {fields: …}, {each: …}, {join: …}",
    ),
]


# --- who we are -----------------------------------------------------------------------------------------------------


class Secret(_Part):
    """Where a secret is: a file (from the adapter file's folder on) or an environment variable."""

    file: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None
    env: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")] | None = None

    @model_validator(mode="after")
    def _one(self) -> Secret:
        if (self.file is None) == (self.env is None):
            raise ValueError("a secret is one of {file: …} and {env: …}")
        return self


class SignedNames(_Part):
    """What the four things are called where they travel."""

    app_key: Name
    timestamp: Name
    nonce: Name
    signature: Name


class Parameters(_Part):
    """Which parameters are signed: those of the query and the four names but the signature always, the body's upper
    members if told. Sorted by name (by the bytes of UTF-8)."""

    body: bool = False
    skip_empty: bool = True
    percent_encoded: bool = False
    pair: Text = "="
    between: Text = "&"


class Signing(_Part):
    """How requests are signed: HMAC over `signs`, in that order, with `joined_by` between.

    `body-digest` is SM3 or SHA-256 (as `algorithm`) of the body as sent, in hex. `path` is without the query.
    """

    algorithm: Algorithm
    app_key: Secret
    secret: Secret
    carried_in: Literal["headers", "query"] = "headers"
    names: SignedNames
    timestamp: DateFormat = "epoch-milliseconds"
    signs: Annotated[
        tuple[
            Literal["method", "path", "parameters", "body", "body-digest", "timestamp", "nonce", "app-key", "secret"],
            ...,
        ],
        Field(min_length=1, max_length=12),
    ]
    joined_by: Text = "\n"
    parameters: Parameters = Parameters()
    encoded: Literal["hex", "HEX", "base64"] = "hex"

    @model_validator(mode="after")
    def _fresh_and_whole(self) -> Signing:
        covered = set(self.signs)
        whole = covered & {"body", "body-digest"} or ("parameters" in covered and self.parameters.body)
        fresh = "parameters" in covered or {"timestamp", "nonce"} <= covered
        if not whole or not fresh:
            raise ValueError("a signature covers the body, the timestamp and the nonce, or it protects nothing")
        if self.carried_in == "headers":
            for name in (self.names.app_key, self.names.timestamp, self.names.nonce, self.names.signature):
                if re.fullmatch(r"[A-Za-z0-9-]{1,64}", name) is None:
                    raise ValueError(f"not the name of a header: {name}")
        return self


class Tls(_Part):
    """PEM files, from the adapter file's folder on: `ca` instead of the built-in authorities, our own certificate and
    key where they ask for one. Verification can't be turned off."""

    ca: str | None = None
    certificate: str | None = None
    key: str | None = None

    @model_validator(mode="after")
    def _pair(self) -> Tls:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key go together")
        return self


# --- what is sent, and what comes back ------------------------------------------------------------------------------


class Match(_Part):
    """True where the answer's JSON has one of these texts at the path."""

    path: Place
    one_of: Annotated[tuple[Text, ...], Field(min_length=1, max_length=64)]


class Reading(_Part):
    """What an answer of HTTP status 2xx means. `success` and `repeated` (they have it already) are good, `retry` is
    tried again, anything else is their final refusal. `number` is where their number stands."""

    success: Match
    repeated: Match | None = None
    retry: Match | None = None
    number: Place | None = None


class Files(_Part):
    """The papers as parts of a multipart request."""

    field: Name
    name: Node


class Call(_Part):
    """One request. In `path`, `{case_number}` and other paths of the case stand for their value."""

    method: Literal["POST", "PUT", "PATCH"] = "POST"
    path: Annotated[
        str,
        StringConstraints(
            pattern=r"^(/([A-Za-z0-9._~-]|\{[^.\s{}]{1,64}(\.[^.\s{}]{1,64}){0,7}\})*)+$", max_length=500
        ),
    ]
    query: dict[Name, Node] = {}
    headers: dict[HeaderName, Node] = {}
    content: Literal["json", "form", "multipart", "paper"] = "json"
    body: dict[Name, Node] = {}
    files: Files | None = None
    answer: Reading | None = None

    @model_validator(mode="after")
    def _fitting(self) -> Call:
        if self.files is not None and self.content != "multipart":
            raise ValueError("files go with content: multipart")
        if self.content == "paper" and self.body:
            raise ValueError("with content: paper, the paper is the body")
        return self


class Upload(Call):
    """One request for each paper, which is `item` in it. `their_id` is where the answer to one sent before says what
    they call it; the case's own request finds it as `item.their_id` in `each: papers`."""

    sent: Literal["before", "after"]
    their_id: Place | None = None


class Sending(Call):
    """What is sent for one event."""

    papers: Upload | None = None

    @model_validator(mode="after")
    def _no_paper_alone(self) -> Sending:
        if self.content == "paper":
            raise ValueError("content: paper is for papers")
        return self


class AdapterFile(_Part):
    """A whole adapter file. What is not listed in `events` is not sent."""

    adapter: Literal["1"]
    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    url: Annotated[str, StringConstraints(max_length=500)]
    zone: Zone = "+08:00"
    deadline_seconds: Annotated[float, Field(ge=1, le=120)] = 30
    tls: Tls = Tls()
    signing: Signing
    codes: dict[TableName, dict[Text, Text]] = {}
    answer: Reading
    events: Annotated[dict[Event, Sending], Field(min_length=1)]

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        return checked_url(url)

    @model_validator(mode="after")
    def _tables(self) -> AdapterFile:
        for table in sorted(_tables_in(self.events.values())):
            if table not in self.codes:
                raise ValueError(f"there is no code table {table}")
        return self


def _tables_in(part: object) -> set[str]:
    match part:
        case From(codes=str(table)):
            return {table}
        case BaseModel():
            return _tables_in([value for _, value in part])
        case dict():
            return _tables_in(list(cast("dict[str, object]", part).values()))
        case str() | bytes():
            return set()
        case _ if hasattr(part, "__iter__"):
            return {table for one in cast("list[object]", part) for table in _tables_in(one)}
        case _:
            return set()


# --- reading one ----------------------------------------------------------------------------------------------------


class AdapterTrouble(Exception):
    """The adapter can't be used; says where and why, in words for who wrote it. Never holds a secret."""


def load_adapter(path: Path) -> AdapterFile:
    """Raises AdapterTrouble."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as trouble:
        raise AdapterTrouble(f"{path.name} can't be read: {trouble.strerror}") from trouble
    if len(content) > MAX_FILE_BYTES:
        raise AdapterTrouble(f"{path.name} is larger than {MAX_FILE_BYTES} bytes")
    return read_adapter(content, name=path.name)


def read_adapter(content: bytes, *, name: str = "adapter file") -> AdapterFile:
    """Raises AdapterTrouble."""
    try:
        # Texts, lists and mappings only: the loader knows no tag that would make anything else.
        told = yaml.load(content, _Loader)  # noqa: S506  # nosec B506
    except (yaml.YAMLError, ValueError, OverflowError) as trouble:  # the last two of an escape that is no character
        raise AdapterTrouble(f"{name}: not YAML as it is taken here: {trouble}") from trouble
    try:
        return AdapterFile.model_validate(told)
    except ValidationError as trouble:
        lines = [
            f"{_place(one['loc'])}: {one['msg']}"
            for one in trouble.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise AdapterTrouble(f"{name}: " + "; ".join(lines[:20])) from None


def _place(names: tuple[int | str, ...]) -> str:
    """Where in the file, without the words that pydantic adds for the kind of a value."""
    told = [str(name) for at, name in enumerate(names) if name not in _KINDS or at == len(names) - 1]
    return ".".join(told) or "the file"


class _Loader(yaml.BaseLoader):
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):  # pyright: ignore[reportUnknownMemberType] - untyped in its stubs
            raise yaml.YAMLError("aliases are not used here")
        if self.depth == _DEEPEST:
            raise yaml.YAMLError("nested too deeply")
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        seen: set[object] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value in seen:
                raise yaml.YAMLError(f"a key twice, or one that is no text, line {key.start_mark.line + 1}")
            seen.add(key.value)
        return super().construct_mapping(node, deep)
