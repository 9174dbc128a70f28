"""A real Chromium (Debian's), driven by playwright, which fetches none; with the fonts of ui/, so that what it draws
can be read on a machine without a Chinese font."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).parents[2]
AXE = ROOT / ".cache" / "node" / "node_modules" / "axe-core" / "axe.min.js"
_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("Debian's package chromium is not installed")
    folder = tmp_path_factory.mktemp("fonts")
    settings = folder / "fonts.conf"
    settings.write_text(_FONTS.format(fonts=ROOT / "ui" / "fonts", cache=folder / "cache"), "utf-8")
    environment: dict[str, str | float | bool] = {**os.environ, "FONTCONFIG_FILE": str(settings)}
    with sync_playwright() as playwright:
        # Root may not use the sandbox; the pages are our own.
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"], env=environment
        )
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    made = chromium.new_context(locale="zh-CN", viewport={"width": 1280, "height": 800})
    made.set_default_timeout(PATIENCE_MS)
    yield made
    made.close()


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong with the page as it is now: rule, and the first element of each."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: script/fetch-peers")
    # Our pages allow no script at all: axe is put in by the browser's own hand, in a world apart.
    session = page.context.new_cdp_session(page)
    send = cast("Callable[..., dict[str, Any]]", session.send)  # pyright: ignore[reportUnknownMemberType] - untyped
    frame = send("Page.getFrameTree")["frameTree"]["frame"]["id"]
    world = send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "axe"})["executionContextId"]
    send("Runtime.evaluate", {"expression": AXE.read_text("utf-8"), "contextId": world})
    found = send(
        "Runtime.evaluate",
        {
            "expression": "axe.run(document).then(done => JSON.stringify(done.violations.map("
            "one => one.id + ': ' + one.nodes[0].html + ' ' + one.nodes[0].failureSummary)))",
            "contextId": world,
            "awaitPromise": True,
            "returnByValue": True,
        },
    )
    session.detach()
    assert "exceptionDetails" not in found, found["exceptionDetails"]
    return json.loads(found["result"]["value"])
