"""Removing what is settled and older than MAX_AGE."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from django.core.files.storage import FileSystemStorage, Storage
from django.db import models, transaction
from django.utils import timezone

from pigeon_admin.conf import settings
from pigeon_admin.freezing import export_storage, stored_days
from pigeon_admin.models import Delivery, Package
from pigeon_admin.models.outbox import outbox_alias

BATCH = 500  # rows a transaction, so that nobody waits long for a lock


def clean_queue(*, dry_run: bool = False) -> int:
    """Delete settled deliveries older than MAX_AGE, and packages that have none left; answers how many deliveries.

    Failed ones stay: they wait for a person.
    """
    alias = outbox_alias()
    limit = timezone.now() - timedelta(seconds=settings.MAX_AGE)
    old = Delivery.objects.using(alias).settled().filter(settled_at__lt=limit)
    if dry_run:
        return old.count()
    removed = 0
    while keys := list(old.order_by("settled_at").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic(using=alias):
            # Asked again: somebody may have sent one of them again in the meantime.
            rows = old.filter(pk__in=keys)
            packages = set(rows.values_list("package_id", flat=True))
            removed += rows.delete()[1].get(Delivery._meta.label, 0)
            Package.objects.using(alias).filter(pk__in=packages, deliveries=None).delete()
    empty = Package.objects.using(alias).filter(deliveries=None, changed_at__lt=limit, error="")
    empty.delete()
    return removed


def clean_export(*, dry_run: bool = False) -> int:
    """Delete frozen files of days before MAX_AGE that no delivery needs any more; answers how many files.

    Only whole days in the past are touched, and workers write into today's folder only, so a file that is being written, or has
    just been, is never met. A delivery needs its files until it is settled.
    """
    storage = export_storage()
    last = (timezone.now() - timedelta(seconds=settings.MAX_AGE)).date()
    today = timezone.now().date()
    old_days = [folder for day, folder in stored_days(storage) if day < min(last, today)]
    if not old_days:
        return 0
    needed = needed_files()
    removed = 0
    for folder in old_days:
        for name in files_below(storage, folder):
            if name not in needed:
                removed += 1
                if not dry_run:
                    storage.delete(name)
        if not dry_run:
            remove_empty_folders(storage, folder)
    return removed


def needed_files() -> set[str]:
    """Names of frozen files of packages that have a delivery which is not settled."""
    unsettled = Delivery.objects.using(outbox_alias()).exclude(state__in=Delivery.SETTLED)
    packages = Package.objects.using(outbox_alias()).filter(models.Exists(unsettled.filter(package=models.OuterRef("pk"))))
    return {file["stored"] for documents in packages.values_list("documents", flat=True).iterator() for file in documents}


def files_below(storage: Storage, folder: str) -> Iterator[str]:
    """Names of all files in a folder of the storage and in its folders."""
    folders, files = storage.listdir(folder)
    for name in files:
        yield f"{folder}/{name}"
    for name in folders:
        yield from files_below(storage, f"{folder}/{name}")


def remove_empty_folders(storage: Storage, folder: str) -> None:
    """Remove a day's folders that have become empty; only local storages have such."""
    if not isinstance(storage, FileSystemStorage):
        return
    folders: Iterable[str] = storage.listdir(folder)[0]
    for name in folders:
        remove_empty_folders(storage, f"{folder}/{name}")
    if storage.listdir(folder) == ([], []):
        storage.delete(folder)
