"""Passwords, passphrases and shared secrets in files: read within bounds, and from none that everybody may read.

That a group may is left to whoever runs the platform: systemd hands a service its credentials as 0440, with an access
list that names the one user (systemd.exec(5), LoadCredential=).
"""

from __future__ import annotations

import os
from pathlib import Path

LONGEST_SECRET = 4096


class SecretTrouble(Exception):
    """The file is not fit to hold a secret; the text says why and what to do."""


def read_secret(path: Path) -> bytes:
    """What is in it, up to LONGEST_SECRET bytes. Raises OSError and SecretTrouble."""
    with path.open("rb") as file:
        content = file.read(LONGEST_SECRET + 1)
        if os.fstat(file.fileno()).st_mode & 0o007:
            raise SecretTrouble(f"{path} is open to everybody: chmod o-rwx")
    if len(content) > LONGEST_SECRET:
        raise SecretTrouble(f"{path} is longer than {LONGEST_SECRET} bytes: that is no secret")
    return content


def first_line(path: Path) -> bytes:
    """Without its end. Raises OSError and SecretTrouble."""
    return (read_secret(path).splitlines() or [b""])[0]
