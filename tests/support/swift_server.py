"""OpenStack Swift with its S3 API, all four servers in one process. Runs under Debian's own python3, where Swift is.

    /usr/bin/python3 swift_server.py FOLDER

Prints the port of its S3 API when it answers. Objects lie in FOLDER, whose file system needs extended attributes.
"""

# pyright: basic, reportMissingImports=false
from __future__ import annotations

import sys
from pathlib import Path

import eventlet

eventlet.monkey_patch()

from eventlet import wsgi  # noqa: E402 - Swift is loaded after the patch
from swift.common.ring import RingBuilder  # noqa: E402
from swift.common.wsgi import loadapp  # noqa: E402

_ALL = """[DEFAULT]
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
recon_cache_path = {folder}
[pipeline:main]
pipeline = {pipeline}
[app:{kind}-server]
use = egg:swift#{kind}
"""
_PROXY = """account_autocreate = true
[filter:cache]
use = egg:swift#memcache
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:slo]
use = egg:swift#slo
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:listing_formats]
use = egg:swift#listing_formats
"""


def start(folder: Path, kind: str, pipeline: str, more: str = "") -> int:
    settings = folder / f"{kind}.conf"
    settings.write_text(_ALL.format(folder=folder, kind=kind, pipeline=pipeline) + more)
    listener = eventlet.listen(("127.0.0.1", 0))
    app = loadapp(str(settings), global_conf={"log_name": kind})
    eventlet.spawn(wsgi.server, listener, app, log_output=False)
    return int(listener.getsockname()[1])


def main() -> None:
    folder = Path(sys.argv[1])
    (folder / "devices" / "one").mkdir(parents=True)
    for kind in ("account", "container", "object"):
        port = start(folder, kind, f"{kind}-server")
        ring = RingBuilder(2, 1, 0)
        place = {"region": 1, "zone": 1, "ip": "127.0.0.1", "port": port, "device": "one", "weight": 1, "meta": ""}
        ring.add_dev({**place, "replication_ip": "127.0.0.1", "replication_port": port})
        ring.rebalance()
        ring.get_ring().save(str(folder / f"{kind}.ring.gz"))
    before = "catch_errors gatekeeper cache listing_formats s3api tempauth slo"
    print(start(folder, "proxy", f"{before} proxy-server", _PROXY), flush=True)  # noqa: T201 - to the test that started this
    eventlet.sleep(3600)


if __name__ == "__main__":
    main()
