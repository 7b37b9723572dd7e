"""``python3 -m demo --smoke``: the newsroom in a temporary folder, an editor at work, and the proof."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from demo.family import ROOT, FamilyError
from demo.newspaper import LOGIN, PARTNERS, Newspaper, free_port
from demo.smoke.browser import PageError
from demo.smoke.editor import Editor, Saved
from demo.smoke.forms import FormError
from demo.smoke.proof import ProofError, compare, wait_until_sent


def main(stories: int) -> int:
    """Prints one JSON line last and returns 0; anything else is said in words, and returns 1."""
    with tempfile.TemporaryDirectory(prefix="pigeon-smoke-", ignore_cleanup_errors=True) as folder:
        try:
            with Newspaper(Path(folder)) as newspaper:
                result = run(newspaper, stories)
        except (FamilyError, PageError, FormError, ProofError) as error:
            print(f"FAILED: {error}")
            worker = Path(folder) / "logs" / "worker.log"
            if worker.exists() and (text := worker.read_text(encoding="utf-8", errors="replace").strip()):
                print("The end of the worker's log:", *text.splitlines()[-15:], sep="\n    ")
            return 1
        except KeyboardInterrupt:
            print("Stopped; nothing is left running.")
            return 1
    print(json.dumps(result))
    return 0


def run(newspaper: Newspaper, stories: int) -> dict[str, Any]:
    """All of it; raises one of the four errors of ``main``."""
    started = time.monotonic()
    tell("Starting three partners, the worker and the site …")
    newspaper.start_partners()
    newspaper.prepare(rules=False)
    newspaper.open(free_port())

    tell("Logging in, and making three destinations, a template and one rule through the admin …")
    editor = Editor(newspaper.url, *LOGIN)
    if editor.rules():
        raise ProofError("The list of rules is not empty to begin with. Is DATABASE_URL a database that was used before?")
    names = make_destinations(editor, newspaper)
    editor.add_template()
    editor.add_rule(names)
    if editor.rules() != 1:
        raise ProofError(f"The list shows {editor.rules()} rules, and one was made.")

    tell(f"Saving {stories} stories through the admin …")
    saving = time.monotonic()
    saved = save_stories(editor, stories)
    set_up_django(newspaper.var)
    wait_until_sent(len(saved) * len(PARTNERS), 60 + 2 * stories, newspaper.family.check)
    seconds = time.monotonic() - saving

    tell("Comparing what the partners have with what was frozen …")
    partners = compare(saved, {key: newspaper.folder(key) for key in PARTNERS})
    tell(f"All is there and the same ({time.monotonic() - started:.0f} s in all).")
    delivered = sum(partner["delivered"] for partner in partners.values())
    return {"saved": len(saved), "delivered": delivered, "seconds": round(seconds, 2), "partners": partners}


def make_destinations(editor: Editor, newspaper: Newspaper) -> list[str]:
    """One per partner, each tested from its form; answers their names."""
    names = []
    for key, facts in newspaper.partners.items():
        values = {"name": f"Partner by {key.upper()}", "slug": f"partner-{key}"}
        values |= {"username": facts["username"], "password": facts["password"]}
        if key == "http":
            values |= {"url": facts["url"], "auth": "basic"}
        else:
            values |= {"host": facts["host"], "port": facts["port"]}
        editor.add_destination(f"{key.upper()} destination", **values)
        names.append(values["name"])
    return names


def save_stories(editor: Editor, number: int) -> list[Saved]:
    """New stories and changed ones in turn. Each story once, so that no two saves are coalesced into one package."""
    present = editor.stories()
    saved = []
    for index in range(number):
        if index % 2 and present:
            saved.append(editor.change_story(present.pop(0), index))
        else:
            saved.append(editor.write_story(index))
    return saved


def set_up_django(var: Path) -> None:
    """Let this process read the newsroom's database and export storage."""
    sys.path.insert(0, str(ROOT / "demo"))
    os.environ.update({"NEWSROOM_VAR": str(var), "DJANGO_SETTINGS_MODULE": "newsroom_site.settings"})
    import django

    django.setup()


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
