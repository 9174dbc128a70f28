"""Text in every language of the terminal. Catalogue texts are multilingual from the first line."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")


class Text(BaseModel):
    """One text in all languages; none may be missing, so no screen ever shows the wrong one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    zh: str
    en: str

    def __call__(self, language: Language) -> str:
        """The text in ``language``."""
        return self.zh if language == "zh" else self.en
