"""A process that is killed anywhere in a save: the object has its rows, or there is no object."""

from __future__ import annotations

import random
import subprocess
import sys
import time

import pytest

from pigeon_admin.models import Delivery, Package
from tests.acceptance.processes import ROOT, environment, run_child
from tests.factories import make_dummy, make_rule
from tests.newsdesk.models import Story

pytestmark = pytest.mark.django_db(transaction=True)

KILL_AT = """
import os, signal, sys
from pigeon_admin.models import outbox
from pigeon_admin.selection import change
from tests.newsdesk.models import Story

point = sys.argv[1]

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

def dying_after(function):
    def wrapped(*args, **kwargs):
        result = function(*args, **kwargs)
        die()
        return result
    return wrapped

if point == "before the row":
    Story._save_table = die
elif point == "after the row":
    Story._save_table = dying_after(Story._save_table)
elif point == "before the package":
    change.coalesce = die
elif point == "after the package, before the deliveries":
    outbox.add_deliveries = die
elif point == "after the deliveries, before the commit":
    change.coalesce = dying_after(change.coalesce)
elif point == "after the commit":
    Story.save = dying_after(Story.save)

Story(title="x").save()
"""

POINTS = {
    "before the row": 0,
    "after the row": 0,
    "before the package": 0,
    "after the package, before the deliveries": 0,
    "after the deliveries, before the commit": 0,
    "after the commit": 1,
    "never": 1,
}


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_each_point_of_a_save(point):
    make_rule(destinations=[make_dummy(), make_dummy()])
    child = run_child(KILL_AT, point, check=False)
    assert child.returncode == (0 if point == "never" else -9), child.stderr
    expected = POINTS[point]
    assert (Story.objects.count(), Package.objects.count(), Delivery.objects.count()) == (expected, expected, 2 * expected)


SAVE_FOR_EVER = """
import sys
from tests.newsdesk.models import Story

print("saving", flush=True)
for number in range(1_000_000):
    Story.objects.create(title=str(number))
"""


@pytest.mark.parametrize("rounds", [5, pytest.param(200, marks=[pytest.mark.soak, pytest.mark.timeout(1800)])])
def test_killed_at_any_moment_of_many_saves(rounds):
    """Outside any atomic block, at whatever instruction the kill arrives."""
    make_rule()
    for _ in range(rounds):
        child = subprocess.Popen(
            [sys.executable, "-c", f"import django; django.setup()\n{SAVE_FOR_EVER}"],
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        with child:
            assert child.stdout.readline() == "saving\n"
            time.sleep(random.uniform(0.05, 0.4))  # the moment is the point of this test, not something to wait for
            child.kill()
    stories = set(Story.objects.values_list("pk", flat=True))
    assert stories
    assert {int(pk) for pk in Package.objects.values_list("object_pk", flat=True)} == stories
    assert Delivery.objects.count() == len(stories)
