"""``python -m kiosk``, and the entry point of the bundle."""

from kiosk.cli import main

main()
