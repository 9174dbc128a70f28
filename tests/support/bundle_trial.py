"""Tries a built bundle as a technician would, away from the source: ``python -m tests.support.bundle_trial FOLDER``.

The bundle has no simulators, so everything around it is from the source tree: a card laid on vpcd's reader through a
real pcscd, a file camera, a TCP printer and ``district serve``, all in one private network. Exit status 1 and a
sentence when something is not as it must be.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.support.pcscd import PcscdNamespace

VILLAGE = '[[hall.villages]]\ncode = "001"\nname = { zh = "东河村", en = "Donghe Village" }\n'
REHEARSAL_S = 300.0
CARD_SCREEN = "*-card.png"


class NotAsItMustBe(Exception):
    """What the bundle did instead."""


def must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise NotAsItMustBe(otherwise)


def environment(away: Path) -> dict[str, str]:
    """Nothing of the source tree, and a screen nobody sees."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "QT"))}
    return kept | {"HOME": str(away), "KIOSK_DATA_DIR": str(away / "data"), "QT_QPA_PLATFORM": "offscreen"}


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def examine(program: Path, away: Path) -> str:
    """``kiosk doctor`` passes."""
    done = subprocess.run(
        [program, "doctor", "--json"], cwd=away, env=environment(away), capture_output=True, text=True, check=False
    )
    must(done.returncode == 0, f"doctor ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    checks = lines(done.stdout)
    must(bool(checks) and all(check["result"] in ("pass", "skip") for check in checks), f"doctor: {checks}")
    return f"doctor passes {sum(check['result'] == 'pass' for check in checks)} checks"


def carries_no_simulators(program: Path, away: Path) -> str:
    """``rehearse`` with a simulated part is refused as wrong usage, in a sentence."""
    command = [program, "rehearse", "pension-enrolment", "--out", away / "none"]
    done = subprocess.run(command, cwd=away, env=environment(away), capture_output=True, text=True, check=False)
    must(done.returncode == 2 and "Traceback" not in done.stderr, f"simulators: {done.returncode}\n{done.stderr}")
    return "no simulators"


def rehearse(program: Path, away: Path) -> str:
    """A whole journey: the platform has it exactly once and the slip is printed."""
    out, hall = away / "out", away / "hall"
    configuration = away / "kiosk.toml"
    configuration.write_text(f'data = "{away / "data"}"\n{VILLAGE}', encoding="utf-8")
    with PcscdNamespace() as namespace:
        parts_command = [sys.executable, "-m", "tests.support.real_parts", hall]
        around = namespace.popen(parts_command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert around.stdout is not None
        parts = json.loads(around.stdout.readline())
        sources = [word for name in ("camera", "printer", "platform") for word in (f"--{name}", parts[name])]
        command = ["env", "-C", away, program, "rehearse", "pension-enrolment", "--config", configuration, "--out", out]
        with (away / "said").open("w") as said, (away / "complained").open("w") as complained:
            run = namespace.popen(
                [*command, "--reader", namespace.reader, *sources, "--json"],
                stdout=said,
                stderr=complained,
                env=environment(away),
            )
            wait_for_card_screen(run, out)
            namespace.lay_card("wang")
            status = run.wait(REHEARSAL_S)
        complaints = (away / "complained").read_text()
        must(status == 0, f"rehearse ended with {status}:\n{(away / 'said').read_text()}{complaints}")
    (summary,) = lines((away / "said").read_text())
    export = [Path(sys.executable).parent / "district", "export", "--json", "--database"]
    received = lines(subprocess.check_output([*export, f"sqlite:///{hall / 'district.db'}"], text=True))
    must([one["uid"] for one in received] == [summary["uid"]], f"the platform has {received}, expected {summary}")
    must(summary["state"] == "done", f"state: {summary['state']}")
    must(len(list((hall / "slips").glob("*.png"))) == 1, "the printer did not print exactly one slip")
    must(all(Path(picture).is_file() for picture in [*summary["screens"], summary["slip"]]), "pictures are missing")
    return f"rehearses with {len(summary['screens'])} screens"


def wait_for_card_screen(run: subprocess.Popen[str], out: Path) -> None:
    """Until the rehearsal has kept the screen that asks for a card, or ended."""
    end = time.monotonic() + REHEARSAL_S
    while run.poll() is None and not list(out.glob(CARD_SCREEN)):
        must(time.monotonic() < end, "the screen that asks for a card never came")
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.wait(0.1)


def main(bundle: Path) -> int:
    program = bundle.resolve() / "kiosk"
    size = sum(file.stat().st_size for file in bundle.rglob("*") if file.is_file() and not file.is_symlink())
    with tempfile.TemporaryDirectory(prefix="bundle-") as away:
        try:
            found = [trial(program, Path(away)) for trial in (examine, carries_no_simulators, rehearse)]
        except NotAsItMustBe as failure:
            sys.stderr.write(f"The bundle is not as it must be: {failure}\n")
            return 1
    sys.stdout.write(f"The bundle ({size / 1e6:.0f} MB) {', '.join(found)}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
