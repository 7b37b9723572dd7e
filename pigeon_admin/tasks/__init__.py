"""What django-q2 runs: push, clean and check, without arguments and safe to run at any time, twice or at once."""

from pigeon_admin.tasks.runs import check, clean, push
from pigeon_admin.tasks.schedules import SCHEDULES, ensure_schedules, run_now, schedule_of

__all__ = ["SCHEDULES", "check", "clean", "ensure_schedules", "push", "run_now", "schedule_of"]
