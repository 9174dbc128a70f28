"""The bundle of keys that a terminal gets when it enrols, as `district keys bundle` wrote it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast

from pydantic import JsonValue

from offline_queue.bundle import KeyBundle


class NoBundle(Exception):
    """The file can't be handed out; the text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleFile:
    """What is in the file, and until when terminals take it. Its signature is theirs to look at."""

    content: dict[str, JsonValue]
    not_after: datetime


def read_bundle_file(path: Path) -> BundleFile:
    """Raises NoBundle."""
    try:
        content = cast("dict[str, JsonValue]", json.loads(path.read_bytes()))
        if set(content) != {"bundle", "signature"}:
            raise ValueError(path)
        inside = KeyBundle.model_validate_json(base64.b64decode(cast("str", content["bundle"]), validate=True))
    except OSError as trouble:
        raise NoBundle(f"{path} can't be read: {trouble.strerror}") from trouble
    except (ValueError, TypeError) as trouble:
        raise NoBundle(f"{path} is not what district keys bundle wrote: let it write another") from trouble
    return BundleFile(content=content, not_after=inside.not_after)
