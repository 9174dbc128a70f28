"""Keeps Qt's keyboard from remembering anybody: its dictionary lives in a folder of its own that is emptied.

Qt's pinyin plug-in writes ``qtvirtualkeyboard/pinyin/usr_dict.dat`` under the user's configuration folder and learns
whatever was typed. Fields ask it not to (``Qt.ImhSensitiveData``); the private folder is the second lock on that door.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import MutableMapping
from pathlib import Path


class KeyboardMemory:
    """The folder the keyboard believes to be the user's. To be made before the application object."""

    def __init__(self, environment: MutableMapping[str, str] | None = None) -> None:
        env = os.environ if environment is None else environment
        self.folder = Path(tempfile.mkdtemp(prefix="kiosk-keyboard-"))
        env["QT_IM_MODULE"] = "qtvirtualkeyboard"
        env["QT_VIRTUALKEYBOARD_DESKTOP_DISABLE"] = "1"  # the panel is part of our window, never one of its own
        env["XDG_CONFIG_HOME"] = str(self.folder)

    def forget(self) -> None:
        """Remove everything the keyboard wrote."""
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def close(self) -> None:
        """Remove the folder itself."""
        shutil.rmtree(self.folder, ignore_errors=True)
