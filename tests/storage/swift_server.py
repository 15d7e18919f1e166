"""A whole OpenStack Swift with s3api in one process: run by the Python of .venv/swift, see tests/storage/swift.py.

`swift_server.py FOLDER BUCKET` builds rings and configurations in FOLDER, listens on free ports of loopback, makes the
bucket, prints the port of its S3 door and serves until its standard input ends, or SIGTERM. One replica, no memcached,
no TLS: for tests alone.
"""

from __future__ import annotations

import os
import pwd
import signal
import sys
from pathlib import Path

import eventlet
from eventlet import wsgi

eventlet.monkey_patch()

from swift.common.ring import RingBuilder  # noqa: E402
from swift.common.storage_policy import reload_storage_policies  # noqa: E402
from swift.common.swob import Request  # noqa: E402
from swift.common.wsgi import loadapp  # noqa: E402

KINDS = ("account", "container", "object")

PROXY = """
[DEFAULT]
swift_dir = {folder}
user = {user}
[pipeline:main]
pipeline = catch_errors gatekeeper cache s3api tempauth bulk slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:cache]
use = egg:swift#memcache
memcache_servers =
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
min_segment_size = 1
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:bulk]
use = egg:swift#bulk
[filter:slo]
use = egg:swift#slo
"""

STORE = """
[DEFAULT]
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
user = {user}
fallocate_reserve = 0
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""


class Silence:
    """A log that keeps nothing."""

    def write(self, _: str) -> None:
        """Forget it."""

    debug = info = warning = error = write


def build_ring(folder: Path, kind: str, port: int) -> None:
    """One device, one replica, sixteen partitions."""
    builder = RingBuilder(4, 1, 0)
    device = {"id": 0, "region": 1, "zone": 1, "ip": "127.0.0.1", "port": port, "device": "d1", "weight": 1.0}
    builder.add_dev({**device, "replication_ip": "127.0.0.1", "replication_port": port})
    builder.rebalance(seed=1)
    builder.get_ring().save(str(folder / f"{kind}.ring.gz"))


def make_bucket(application: object, bucket: str) -> None:
    """A bucket of s3api is a container of the account."""
    request = Request.blank(
        f"/v1/AUTH_test/{bucket}", environ={"REQUEST_METHOD": "PUT", "swift.authorize_override": True}
    )
    answer = request.get_response(application)
    if answer.status_int not in (201, 202):
        raise SystemExit(f"the bucket was not made: {answer.status}")


def main(folder: Path, bucket: str, host: str = "127.0.0.1") -> None:
    """Serve until told to stop. host: the address of the S3 door."""
    (folder / "devices" / "d1").mkdir(parents=True, exist_ok=True)
    (folder / "swift.conf").write_text("[swift-hash]\nswift_hash_path_suffix = test\nswift_hash_path_prefix = test\n")
    user = pwd.getpwuid(os.geteuid()).pw_name
    sockets = {kind: eventlet.listen((host if kind == "proxy" else "127.0.0.1", 0)) for kind in (*KINDS, "proxy")}
    for kind in KINDS:
        port = sockets[kind].getsockname()[1]
        build_ring(folder, kind, port)
        (folder / f"{kind}.conf").write_text(STORE.format(folder=folder, kind=kind, user=user))
    (folder / "proxy.conf").write_text(PROXY.format(folder=folder, user=user))
    from swift.common import utils

    utils.SWIFT_CONF_FILE = str(folder / "swift.conf")
    utils.validate_hash_conf()
    reload_storage_policies()
    for kind in (*KINDS, "proxy"):
        application = loadapp(str(folder / f"{kind}.conf"))
        eventlet.spawn(wsgi.server, sockets[kind], application, log=Silence(), log_output=False, debug=False)
    eventlet.sleep(0)
    make_bucket(application, bucket)
    sys.stdout.write(f"{sockets['proxy'].getsockname()[1]}\n")
    sys.stdout.flush()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    eventlet.hubs.trampoline(sys.stdin.fileno(), read=True)  # whoever started us is gone, or wants us gone
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:4])
