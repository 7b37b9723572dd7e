"""``python3 -m tests.benchmarks [FIGURE ...] [--json] [--smoke]``: measure, and print a table or a JSON object a line."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile

from demo import environment


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m tests.benchmarks", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help="which to measure; none: all")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--smoke", action="store_true", help="few rounds, to see that each still runs; the numbers mean little")
    options = parser.parse_args()
    environment.enter("test", "tests.benchmarks")
    with tempfile.TemporaryDirectory(prefix="pigeon-benchmarks-", ignore_cleanup_errors=True) as folder:
        os.environ["PIGEON_TEST_DIR"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
        import django

        django.setup()
        from tests.benchmarks import figures

        unknown = set(options.figures) - set(figures.FIGURES)
        if unknown:
            parser.error(f"there is no figure {', '.join(sorted(unknown))}; there are {', '.join(figures.FIGURES)}")
        for figure in figures.measure(options.figures or list(figures.FIGURES), smoke=options.smoke):
            print(json.dumps(figure.as_json()) if options.json else figure.as_line(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
