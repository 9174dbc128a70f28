"""What is read off drawn papers: right, missed and wrong, beside bare rapidocr and tesseract, in one run.

    .venv/bin/python -m bench.reading [--json] [--people N]

Invented people on identity cards, register leaves and bank cards, and travel documents' zones, each under a camera:
turned, out of focus, noisy. A peer is right when the wanted text stands anywhere in what it read, spaces aside: it
knows no fields and so is spared choosing. Rates carry over to other machines, milliseconds do not. tesseract
(Debian: tesseract-ocr, tesseract-ocr-chi-sim) is left out where it is not installed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from devices.camera.api import Picture
from devices.camera.demo_papers import RegisterEntry, register_page
from devices.camera.page import find_page
from devices.camera.reading.api import Kind
from devices.camera.reading.engine import Engine
from devices.camera.reading.fields import find, zone
from devices.camera.reading.zone import find_zone
from devices.camera.scan import straighten
from devices.card.mrz import find_mrz
from devices.card.sim_emrtd import DEMO_HOLDERS
from tests.support.written import (
    SANS,
    Person,
    bank_card,
    bank_card_front,
    document_page,
    id_number,
    identity_card,
    under_camera,
)

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = "秀英桂兰建国玉梅志强海燕春花文军红霞小平"
_LONG = ("阿卜杜热合曼·买买提", "古丽巴哈尔·艾则孜", "欧阳娜仁")


@dataclass(frozen=True, slots=True)
class Paper:
    """``wanted`` maps what is asked for to what stands there."""

    what: str
    picture: Picture
    wanted: dict[str, str]


def _people(count: int) -> Iterator[Person]:
    dice = np.random.default_rng(11)
    for index in range(count):
        place = int(dice.integers(len(_GIVEN) - 1))
        name = _LONG[index % 3] if index % 5 == 4 else _SURNAMES[index % 20] + _GIVEN[place : place + 2]
        born = f"{dice.integers(1935, 2006)}{dice.integers(1, 13):02d}{dice.integers(1, 29):02d}"
        yield Person(name, id_number(f"93{dice.integers(10**4):04d}", born, f"{dice.integers(1000):03d}"))


def _papers(count: int) -> Iterator[Paper]:
    dice = np.random.default_rng(12)
    for index, person in enumerate(_people(count)):
        turn, blur = float(dice.uniform(-8, 8)), float(dice.uniform(0.6, 1.6))
        identity = {"id-number": person.number, "name": person.name}
        yield Paper("identity card", under_camera(identity_card(person), degrees=turn, blur=blur), identity)
        if len(person.name) <= 4:  # the drawn leaf has no room for a longer one
            entry = RegisterEntry(person.name, "女", "1968年03月15日", person.number, "样张县桃源镇")
            leaf = cv2.resize(register_page(entry, font=SANS), None, fx=0.68, fy=0.68, interpolation=cv2.INTER_AREA)
            leaf = np.asarray(leaf, dtype=np.uint8)
            yield Paper("register leaf", under_camera(leaf, degrees=turn, blur=blur), identity)
        number = bank_card("62" + "".join(map(str, dice.integers(0, 10, 14 + index % 3))))
        front = under_camera(bank_card_front(number), degrees=turn, blur=blur)
        yield Paper("bank card", front, {"bank-card": number})
        holder = list(DEMO_HOLDERS.values())[index % len(DEMO_HOLDERS)]
        page = document_page(holder.mrz_lines, scale=float(dice.uniform(6, 8)))
        turned = turn + 90 * int(dice.integers(4))
        yield Paper("travel document", under_camera(page, degrees=turned, blur=blur), {"mrz": holder.number})


def _ours(engine: Engine, paper: Paper) -> dict[str, list[str]]:
    if "mrz" in paper.wanted:
        seen = find_zone(paper.picture)
        if seen is None:
            return {}
        flipped = [np.ascontiguousarray(line[::-1, ::-1]) for line in reversed(seen.lines)]
        read = zone(engine.zone(seen.lines)) or zone(engine.zone(flipped))
        mrz = find_mrz([each.text for each in read])
        return {"mrz": [mrz.document_number]} if mrz is not None else {}
    page = _straight(paper.picture)
    found: dict[str, list[str]] = defaultdict(list)
    for each in find(engine.page(page), frozenset({Kind.ID_NUMBER, Kind.NAME, Kind.BANK_CARD})):
        found[each.kind.value].append(each.text)
    return found


def _straight(picture: Picture) -> Picture:
    corners = find_page(picture).corners
    if corners is None:
        return picture
    scan = straighten(picture, corners)
    return np.asarray(cv2.imdecode(np.frombuffer(scan.jpeg, np.uint8), cv2.IMREAD_COLOR), dtype=np.uint8)


def _anywhere(read: Callable[[Picture], str], paper: Paper) -> dict[str, list[str]]:
    text = "".join(read(_straight(paper.picture)).split())
    return {kind: [wanted] for kind, wanted in paper.wanted.items() if wanted in text}


def _tesseract(picture: Picture) -> str:
    done, data = cv2.imencode(".png", picture)
    command = ["tesseract", "-", "-", "-l", "chi_sim+eng", "--psm", "11"]
    run = subprocess.run(command, input=data.tobytes(), capture_output=True, check=False)
    return run.stdout.decode("utf-8", "replace") if done else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--people", type=int, default=10)
    chosen = parser.parse_args()
    engine = Engine()
    ways: dict[str, Callable[[Paper], dict[str, list[str]]]] = {
        "terminal": lambda paper: _ours(engine, paper),
        "rapidocr, bare": lambda paper: _anywhere(
            lambda picture: "\n".join(line.text for line in engine.page(picture)), paper
        ),
    }
    if shutil.which("tesseract"):
        ways["tesseract"] = lambda paper: _anywhere(_tesseract, paper)
    right: defaultdict[tuple[str, str], int] = defaultdict(int)
    wrong: defaultdict[tuple[str, str], int] = defaultdict(int)
    asked: defaultdict[str, int] = defaultdict(int)
    taken: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for paper in _papers(chosen.people):
        for kind in paper.wanted:
            asked[kind] += 1
        for way, read in ways.items():
            begun = time.perf_counter()
            found = read(paper)
            taken[way, paper.what].append((time.perf_counter() - begun) * 1000)
            for kind, wanted in paper.wanted.items():
                right[way, kind] += wanted in found.get(kind, [])[:1]
                wrong[way, kind] += bool(found.get(kind)) and wanted not in found[kind]
    rows = [
        {
            "way": way,
            **{kind: f"{right[way, kind]}/{count} ({wrong[way, kind]} wrong)" for kind, count in asked.items()},
            **{f"{what}, ms": round(statistics.median(taken[way, what])) for _, what in taken if (way, what) in taken},
        }
        for way in ways
    ]
    for row in rows:
        print(json.dumps(row, ensure_ascii=False) if chosen.json else "  ".join(f"{k}: {v}" for k, v in row.items()))


if __name__ == "__main__":
    main()
