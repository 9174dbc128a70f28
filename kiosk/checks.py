"""What the doctor says of one thing it looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Result = Literal["pass", "fail", "skip"]


@dataclass(frozen=True, slots=True)
class Check:
    """How one check ended; ``remedy`` is empty when nothing is to be done."""

    name: str
    result: Result
    detail: str
    remedy: str = ""

    def row(self) -> dict[str, str]:
        return {"check": self.name, "result": self.result, "detail": self.detail, "remedy": self.remedy}


def well(name: str, detail: str) -> Check:
    """All is as it should be."""
    return Check(name, "pass", detail)


def ill(name: str, detail: str, remedy: str) -> Check:
    """Something is wrong."""
    return Check(name, "fail", detail, remedy)
