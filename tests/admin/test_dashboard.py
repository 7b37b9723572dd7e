"""The dashboard says whether deliveries flow, and its figures are those of the lists that they lead to."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib import admin
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ, Schedule

from pigeon_admin import tasks
from pigeon_admin.admin.situation import situation
from pigeon_admin.admin.timetable import in_words
from pigeon_admin.models import Dashboard, DestinationState, TaskRun, WorkerHeartbeat
from tests.admin.rows import STATES, add_delivery, add_package, client_with, messages_of
from tests.factories import make_dummy

pytestmark = pytest.mark.django_db
PAGE = "/admin/pigeon_admin/dashboard/"


@pytest.fixture
def boss():
    return client_with("view_dashboard", "change_dashboard", "view_delivery", "view_destination")


@pytest.fixture
def schedules():
    tasks.ensure_schedules()


def add_worker(seen=timedelta()):
    now = timezone.now()
    return WorkerHeartbeat.objects.create(name="web1:7", host="web1", pid=7, started_at=now, seen_at=now - seen)


def add_run(task="push", **fields):
    now = timezone.now()
    given = {"started_at": now - timedelta(seconds=10), "finished_at": now, "succeeded": True, "summary": "2 sent"}
    return TaskRun.objects.create(task=task, **given | fields)


def test_it_is_linked_from_the_index_and_the_sidebar(boss):
    assert f'href="{PAGE}"' in boss.get("/admin/").text
    assert f'href="{PAGE}"' in boss.get("/admin/pigeon_admin/").text


def test_it_works_on_an_admin_site_of_the_host(rf, admin_user, settings):
    site = admin.AdminSite(name="newsroom")
    site.register(Dashboard, type(admin.site.get_model_admin(Dashboard)))
    patterns = [str(url.pattern) for url in site.get_model_admin(Dashboard).get_urls()]
    assert patterns == ["", "run/<slug:name>/", "schedules/"]
    (app,) = [app for app in site.get_app_list(admin_request(rf, admin_user)) if app["app_label"] == "pigeon_admin"]
    assert [str(model["name"]) for model in app["models"]] == ["Dashboard"]


def admin_request(rf, user):
    request = rf.get("/")
    request.user = user
    return request


def test_each_count_equals_the_list_that_it_links_to(boss):
    for state, number in {STATES.WAITING: 3, STATES.SENDING: 1, STATES.FAILED: 2, STATES.SENT: 4, STATES.CANCELLED: 1}.items():
        for _number in range(number):
            add_delivery(state)
    add_delivery(STATES.SENT, age=timedelta(days=2))
    add_delivery(STATES.FAILED, age=timedelta(days=2))
    text = boss.get(PAGE).text
    found = re.findall(r'<a href="([^"]*)"><b>(\d+)</b> ([a-z ]+)</a>', text)
    assert [(int(count), label) for _url, count, label in found] == [
        (3, "waiting"),
        (1, "sending"),
        (3, "failed"),
        (4, "sent today"),
    ]
    for url, count, label in found:
        rows = boss.get(url.replace("&amp;", "&")).context["cl"].result_list
        assert len(rows) == int(count), label


def test_the_counts_of_a_destination_equal_the_lists_that_they_link_to(boss):
    destination = make_dummy()
    for state in (STATES.WAITING, STATES.WAITING, STATES.FAILED):
        add_delivery(state, destination=destination)
    add_delivery(STATES.FAILED)
    links = re.findall(rf'<a href="([^"]*destination={destination.pk})">(\d+)</a>', boss.get(PAGE).text)
    assert [int(count) for _url, count in links] == [2, 1]
    for url, count in links:
        assert len(boss.get(url.replace("&amp;", "&")).context["cl"].result_list) == int(count)


def test_the_oldest_waiting_is_linked_with_its_age(boss):
    oldest = add_delivery(age=timedelta(hours=3))
    add_delivery(age=timedelta(minutes=1))
    text = boss.get(PAGE).text
    assert re.search(rf'/delivery/{oldest.pk}/change/">oldest: <time [^>]*>3 h ago</time>', text)


def test_the_number_of_queries_is_fixed(boss, schedules, django_assert_num_queries):
    def fill():
        for state in STATES:
            add_delivery(state)
        for task in tasks.SCHEDULES:
            add_run(task)
        for destination in (make_dummy(), make_dummy()):
            DestinationState.objects.create(destination=destination, last_success_at=timezone.now())

    fill()
    with django_assert_num_queries(8):
        situation()
    fill()
    with django_assert_num_queries(8):
        situation()


def test_no_query_reads_the_whole_ledger(schedules):
    add_delivery()
    with CaptureQueriesContext(connection) as queries:
        situation()
    if connection.vendor != "sqlite":
        pytest.skip("plans are read on SQLite")
    asked = [query["sql"] for query in queries if '"pigeon_admin_delivery"' in query["sql"] or "taskrun" in query["sql"]]
    assert len(asked) == 5
    for sql in asked:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            plan = [row[3] for row in cursor.fetchall()]
        assert not [step for step in plan if re.match(r"SCAN pigeon_admin_\w+$", step)], (sql, plan)


def test_a_loud_banner_says_what_to_start_when_no_worker_is_alive(boss):
    add_worker(seen=timedelta(minutes=5))
    text = boss.get(PAGE).text
    assert "No worker is running" in text
    assert "python manage.py qcluster" in text
    WorkerHeartbeat.objects.update(seen_at=timezone.now())
    text = boss.get(PAGE).text
    assert "No worker is running" not in text
    assert "web1:7" in text


def test_missing_schedules_are_named_and_created_with_one_button(boss, schedules):
    Schedule.objects.filter(func=tasks.SCHEDULES["clean"].func).delete()
    changed = Schedule.objects.get(func=tasks.SCHEDULES["push"].func)
    Schedule.objects.filter(pk=changed.pk).update(minutes=7)
    assert "These schedules are missing: clean." in boss.get(PAGE).text
    assert "every 7 minutes" in boss.get(PAGE).text
    boss.post(f"{PAGE}schedules/")
    assert "are missing" not in boss.get(PAGE).text
    assert Schedule.objects.get(pk=changed.pk).minutes == 7


def test_each_task_shows_its_schedule_and_its_last_run(boss, schedules):
    add_run("push", summary="2 sent, 1 failed")
    add_run("check", succeeded=False, summary="Alarm: nobody home")
    text = boss.get(PAGE).text
    for part in ("every minute", "daily at 03:10", "2 sent, 1 failed", "10 s", "Alarm: nobody home", "has not run yet"):
        assert part in text


def test_a_run_that_never_ended_is_not_called_running_for_ever(boss, schedules):
    add_run("push", started_at=timezone.now() - timedelta(minutes=1), finished_at=None, succeeded=None, summary="")
    assert "running now" in boss.get(PAGE).text
    TaskRun.objects.update(started_at=timezone.now() - timedelta(hours=2))
    assert "its worker was stopped" in boss.get(PAGE).text


@pytest.mark.parametrize("task", ["push", "clean", "check"])
def test_run_now_queues_the_task(boss, task):
    told = messages_of(boss.post(f"{PAGE}run/{task}/", follow=True))
    assert told == f"“{task}” runs as soon as a worker is free."
    (queued,) = OrmQ.objects.all()
    assert queued.func() == f"pigeon_admin.tasks.{task}"


def test_run_now_runs_nothing_else(boss):
    assert boss.post(f"{PAGE}run/os-system/").status_code == 404
    assert boss.get(f"{PAGE}run/push/").status_code == 405
    assert boss.get(f"{PAGE}schedules/").status_code == 405
    viewer = client_with("view_dashboard")
    for path in ("run/push/", "schedules/"):
        assert viewer.post(PAGE + path).status_code == 403
    assert "Run now" not in viewer.get(PAGE).text
    assert not OrmQ.objects.exists()


def test_it_needs_its_permission():
    add_delivery()
    assert client_with("view_delivery").get(PAGE).status_code == 403
    text = client_with("view_dashboard").get(PAGE).text
    assert "/admin/pigeon_admin/delivery/" not in text


def test_destinations_tell_their_last_success_and_their_last_error(boss):
    now = timezone.now()
    for name, success, error in [
        ("Good", now, now - timedelta(days=1)),
        ("Bad", now - timedelta(days=1), now),
        ("New", None, None),
    ]:
        destination = make_dummy(name=name)
        if success:
            DestinationState.objects.create(
                destination=destination, last_success_at=success, last_error_at=error, last_error="530 <b>no</b>"
            )
    make_dummy(name="Archived", archived_at=now)
    text = boss.get(PAGE).text
    words = dict(re.findall(r'>(Good|Bad|New)</a></th>\s*<td[^>]*><span class="[^"]*">([^<]*)</span>', text))
    assert words == {"Good": "works", "Bad": "in trouble", "New": "nothing sent yet"}
    assert "530 &lt;b&gt;no&lt;/b&gt;" in text
    assert "Archived" not in text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"schedule_type": "I", "minutes": 1}, "every minute"),
        ({"schedule_type": "I", "minutes": 120}, "every 2 hours"),
        ({"schedule_type": "H"}, "hourly, at minute 10"),
        ({"schedule_type": "D"}, "daily at 03:10"),
        ({"schedule_type": "W"}, "every Tuesday at 03:10"),
        ({"schedule_type": "M"}, "monthly, on day 1 at 03:10"),
        ({"schedule_type": "O"}, "once, on December 1 at 03:10"),
        ({"schedule_type": "C", "cron": "*/5 * * * *"}, "every 5 minutes"),
        ({"schedule_type": "C", "cron": "5 4 * * *"}, "daily at 04:05"),
        ({"schedule_type": "C", "cron": "5 4 * * 1-3"}, "cron: 5 4 * * 1-3"),
        ({"schedule_type": "D", "repeats": 0}, "switched off"),
    ],
)
def test_schedules_are_told_in_words(fields, words):
    local = timezone.localtime().replace(year=2026, month=12, day=1, hour=3, minute=10)
    assert in_words(Schedule(next_run=local, **fields)) == words


def test_package_rows_do_not_matter_to_the_counts(boss):
    add_package()
    assert "<b>0</b> waiting" in boss.get(PAGE).text


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_figures_follow_by_themselves(live_server, admin_client):
    from playwright.sync_api import sync_playwright

    cookie = admin_client.cookies["sessionid"]
    # Playwright runs an event loop in this thread, in which Django refuses to query: so the database is written beside it.
    with sync_playwright() as playwright, ThreadPoolExecutor(1) as beside:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        context = browser.new_context()
        context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": live_server.url}])
        page = context.new_page()
        page.goto(live_server.url + PAGE)
        page.locator(".pigeon-waiting b", has_text="0").wait_for()
        beside.submit(write_a_delivery).result()
        page.locator(".pigeon-waiting b", has_text="1").wait_for(timeout=25_000)
        browser.close()


def write_a_delivery():
    add_delivery()
    connections.close_all()
