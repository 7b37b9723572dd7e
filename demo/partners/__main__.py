"""One partner server as a process: prints one line of JSON when it is ready, and runs until SIGTERM, SIGINT or end of standard input."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from demo.partners.partner import Partner


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m demo.partners", description=__doc__)
    parser.add_argument("kind", choices=["ftp", "ftpes", "ftps", "sftp", "http", "https"])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user", default="partner")
    parser.add_argument("--password", default="partner")
    parser.add_argument("--token", default="", help="http(s): a bearer token instead of user and password")
    parser.add_argument("--key-file", type=Path, help="where host key (sftp) or certificate (TLS) are kept; made if missing")
    parser.add_argument(
        "--until-eof", action="store_true", help="end when standard input does, so that a killed parent leaves nobody behind"
    )
    options = parser.parse_args()
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_args: ending.set())
    with start(options) as partner:
        ready = {"kind": options.kind, "url": partner.url, "port": partner.port, "host_key": partner.host_key}
        print(json.dumps(ready | {"ca_certificates": partner.ca_certificates}), flush=True)
        if options.until_eof:
            threading.Thread(target=lambda: (sys.stdin.read(), ending.set()), daemon=True).start()
        ending.wait()


def start(options: argparse.Namespace) -> Partner:
    common = (options.folder, options.port, options.user, options.password)
    if options.kind in ("ftp", "ftpes", "ftps"):
        from demo.partners import ftp

        security = {"ftp": "none", "ftpes": "explicit", "ftps": "implicit"}[options.kind]
        return ftp.start(*common, security=security, certificate_file=options.key_file)
    if options.kind == "sftp":
        from demo.partners import sftp

        return sftp.start(*common, host_key_file=options.key_file)
    from demo.partners import http

    return http.start(*common, tls=options.kind == "https", token=options.token, certificate_file=options.key_file)


if __name__ == "__main__":
    main()
