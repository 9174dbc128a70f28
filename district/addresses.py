"""What an address may name: a uid as terminals write it. Anything else is no address, and reaches no database."""

from __future__ import annotations

from starlette.convertors import Convertor, register_url_convertor


class _Uid(Convertor[str]):
    """`{uid:uid}` in a route: of one spelling only, since the uid is also the name of what was signed."""

    regex = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("uid", _Uid())
UID = "{uid:uid}"
NAME = "{name:uid}"
