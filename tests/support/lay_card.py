"""Keeps one demo card on a vpcd reader until its input closes: ``python -m tests.support.lay_card KEY [PORT]``."""

from __future__ import annotations

import sys

from devices.card.sim import VPCD_PORT, VpcdLink, demo_cards


def main() -> int:
    link = VpcdLink(port=int(sys.argv[2]) if len(sys.argv) > 2 else VPCD_PORT)
    link.insert(demo_cards()[sys.argv[1]])
    if not link.wait_connected(20):
        return 1
    sys.stdout.write("connected\n")
    sys.stdout.flush()
    sys.stdin.read()
    link.remove()
    return 0


if __name__ == "__main__":
    sys.exit(main())
