"""``python -m kiosk``, and the entry point of the bundle, also of its processes of their own (see ``process``)."""

import sys
from importlib import import_module

from kiosk.process import CHILDREN

if sys.argv[1:2] == ["-m"] and sys.argv[2:3] and sys.argv[2] in CHILDREN:
    del sys.argv[:2]  # as ``python -m`` leaves it
    import_module(sys.argv[0]).main()
else:
    from kiosk.cli import main

    main()
