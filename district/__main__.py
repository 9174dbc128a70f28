"""`district`, and ``python -m district``. Loading the commands takes a second: Ctrl-C then is no fault to tell of."""

import sys


def main() -> None:
    try:
        from district.cli import main as district

        district()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
