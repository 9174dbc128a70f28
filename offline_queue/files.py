"""`kiosk queue put`: a submission from files instead of from a journey."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pydantic import JsonValue

from offline_queue.model import NoKeys, NoSpace, OtherContent, Paper, StorageTrouble, Stored, TooLarge
from offline_queue.store import Store
from offline_queue.wire import is_json


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAForm:
    """A file can't be read, or the form is not a JSON object."""

    detail: str


def put_files(
    store: Store, form: Path, attachments: Sequence[Path] = ()
) -> Stored | OtherContent | NoSpace | NoKeys | TooLarge | StorageTrouble | NotAForm:
    """Put the JSON object in `form` with the files as papers; `matter` is the form's own, else `unspecified`."""
    try:
        content: object = json.loads(form.read_bytes())
        papers = [
            Paper(
                material="file",
                media_type=mimetypes.guess_type(path.name)[0] or "application/octet-stream",
                content=path.read_bytes(),
            )
            for path in attachments
        ]
    except OSError as trouble:
        return NotAForm(detail=f"{trouble.filename}: {trouble.strerror}")
    except ValueError:
        return NotAForm(detail=f"{form} is not JSON")
    if not isinstance(content, dict):
        return NotAForm(detail=f"{form} is not a JSON object")
    answers = cast("dict[str, JsonValue]", content)
    if not is_json(answers):
        return NotAForm(detail=f"{form} has a number that JSON has not (NaN, Infinity or one too large)")
    matter = answers.get("matter")
    return store.put(
        matter=matter if isinstance(matter, str) and 0 < len(matter) <= 128 else "unspecified",
        form=answers,
        attachments=papers,
    )
