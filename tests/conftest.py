"""Where everything is to be tried (`script/test`, and so CI) a skipped test fails: nobody reads what was not tried.

What tests need is installed by `script/bootstrap --test`: a program that is missing is a defect of the set-up.

Hypothesis asks the same of every run and has no opinion on how fast a machine is: one commit, one verdict.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("one-verdict", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("one-verdict")

MAY_BE_SKIPPED = (
    "the photographs are not here",  # ../shared/data is no part of this repository
    "script/check-bundle tries the bundle",  # the gate after this one
    "None counts no references any more",  # a defect of Python 3.11 alone
    # A machine that lets nobody mount, be root or make a namespace: a container without rights.
    "mounting needs root",
    "mounting is not allowed here",
    "mounting a small disk needs root",
    "a small disk can't be mounted here",
    "this machine allows no namespaces",
)
"""How the reasons begin."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="a skipped test fails, but for a few known reasons")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple) and item.config.getoption("--no-skips"):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if not reason.startswith(MAY_BE_SKIPPED):
            report.outcome = "failed"
            report.longrepr = f"skipped, and here nothing may be: {reason}"
    return report
