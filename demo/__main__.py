"""``python3 -m demo``: the newsroom, its worker and its three partners, set up and running."""

from __future__ import annotations

import argparse
import sys

from demo import environment


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m demo", description="A small newsroom whose stories go to three partners.")
    parser.add_argument(
        "--port", type=int, default=None, metavar="N", help="port of the site (default: 8000, or the next free one)"
    )
    parser.add_argument("--fresh", action="store_true", help="start over: forget everything in demo/var first")
    parser.add_argument("--smoke", action="store_true", help="try the whole way without hands, in a temporary folder, and exit")
    parser.add_argument("--stories", type=int, default=6, metavar="N", help="how many saves --smoke makes (default: 6)")
    options = parser.parse_args()
    if options.stories < 1:
        parser.error("--stories must be at least 1")
    environment.enter("demo", "demo")
    # Only now: these need what the environment holds.
    if options.smoke:
        from demo.smoke import run

        return run.main(options.stories)
    from demo import opening

    return opening.main(options.port, options.fresh)


if __name__ == "__main__":
    sys.exit(main())
