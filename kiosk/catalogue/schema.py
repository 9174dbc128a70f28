"""The shape of a matter as JSON Schema, for editors that complete and check while a matter is written.

``python -m kiosk.catalogue.schema`` writes ``data/schema.json`` anew from the models; a test holds the two together.
"""

from __future__ import annotations

import json
from pathlib import Path

from kiosk.catalogue.model import Matter

FILE = Path(__file__).parent / "data" / "schema.json"


def schema() -> str:
    """The schema (JSON Schema 2020-12), as the file's text."""
    described = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Matter.model_json_schema()}
    return json.dumps(described, ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(schema(), "utf-8")
