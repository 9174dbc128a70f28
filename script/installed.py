"""Is what the lock file names installed, in that version and whole? Exit status 1 and one line each if not.

Runs at every start of a script, so it must stay far below a second: it compares versions and looks whether each
package's files are there; it imports nothing.
"""

import os
import re
import sys
from importlib.metadata import Distribution, PathDistribution, distributions
from pathlib import Path

PINNED = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^]]*\])?==(?P<version>[^ ;\\]+)\s*(?:;\s*(?P<marker>[^\\]+?))?\s*\\?$"
)


def canonical(name: str) -> str:
    """PEP 503's normal form of a package name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lock: Path) -> dict[str, str]:
    """Package -> version for every unconditional pin; conditional ones are pip's business."""
    found = (PINNED.match(line) for line in lock.read_text(encoding="utf-8").splitlines())
    return {canonical(m["name"]): m["version"] for m in found if m and not m["marker"]}


def lost_file(package: Distribution) -> str | None:
    """The first file of the package's RECORD that is gone; compiled files may come and go."""
    record = package.read_text("RECORD")
    if record is None:
        return "RECORD"
    root = str(package.locate_file(""))
    for line in record.splitlines():
        path = line.rsplit(",", 2)[0].strip('"')
        if not path.endswith(".pyc") and not os.path.exists(os.path.join(root, path)):
            return path
    return None


def main(lock: Path) -> int:
    """Prints what is wrong; 0 when nothing is."""
    present = {canonical(d.metadata["Name"]): d for d in distributions() if isinstance(d, PathDistribution)}
    wrong: list[str] = []
    for name, version in pins(lock).items():
        package = present.get(name)
        if package is None or package.version != version:
            wrong.append(f"{name}: {version} is wanted, {package.version if package else 'nothing'} is there")
        elif lost := lost_file(package):
            wrong.append(f"{name}: {lost} is gone")
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
