"""A small adapter file, to be changed member by member."""

from __future__ import annotations

from typing import Any

import yaml

from district.adapters.file import AdapterFile, read_adapter


def told(**changes: Any) -> dict[str, Any]:
    """A small adapter file; `event` and `signing` are changed member by member."""
    event = {"path": "/case", "body": {"no": {"from": "case_number"}}, **changes.pop("event", {})}
    signing = {
        "algorithm": "hmac-sm3",
        "app_key": {"env": "APP_KEY"},
        "secret": {"env": "APP_SECRET"},
        "names": {"app_key": "X-App", "timestamp": "X-Time", "nonce": "X-Nonce", "signature": "X-Sign"},
        "signs": ["method", "path", "timestamp", "nonce", "body-digest"],
        **changes.pop("signing", {}),
    }
    answer = {"success": {"path": "code", "one_of": ["0"]}, "number": "data.no"}
    base = {"adapter": "1", "name": "n", "url": "https://province.example/gateway", "answer": answer}
    return {**base, "signing": signing, "events": {"complete": event}, **changes}


def read(**changes: Any) -> AdapterFile:
    return read_adapter(yaml.safe_dump(told(**changes), allow_unicode=True).encode())
