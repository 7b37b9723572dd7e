"""What the partners have, compared byte for byte with what was frozen."""

from __future__ import annotations

import hashlib
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

from demo.smoke.editor import Saved


class ProofError(Exception):
    """What is missing or different, in words."""


def wait_until_sent(expected: int, seconds: float, check: Callable[[], None]) -> None:
    """Wait for so many sent deliveries; raises ProofError at the first failed one, or when the time is over."""
    from pigeon_admin.models import Delivery

    deadline = time.monotonic() + seconds
    while True:
        check()
        states = list(Delivery.objects.order_by().values_list("state", flat=True))
        failed = Delivery.objects.filter(state=Delivery.State.FAILED).select_related("package", "destination").first()
        if failed is not None:
            raise ProofError(f"The delivery {failed} failed: {failed.reason or failed.package.error}")
        if states.count(Delivery.State.SENT) == len(states) == expected:
            return
        if time.monotonic() > deadline:
            raise ProofError(f"After {seconds:.0f} seconds {states.count('sent')} of {expected} deliveries were sent. {stuck()}")
        time.sleep(0.2)


def stuck() -> str:
    """What the deliveries that wait say about themselves."""
    from pigeon_admin.models import Delivery

    lines = []
    for delivery in Delivery.objects.exclude(state=Delivery.State.SENT).select_related("package", "destination")[:5]:
        attempt = delivery.attempts.first()
        lines.append(f"{delivery}: {delivery.get_state_display()}. {delivery.reason} {attempt.error if attempt else ''}".strip())
    return " | ".join(lines) or f"There are {Delivery.objects.count()} deliveries in all."


def compare(saved: list[Saved], folders: dict[str, Path]) -> dict[str, dict[str, Any]]:
    """Per partner: packages whose every file is there and the same, files, bytes; raises ProofError at the first difference."""
    from pigeon_admin.models import Package

    packages = {package.object_pk: package for package in Package.objects.all()}
    for story in saved:
        package = packages.get(str(story.pk))
        if package is None:
            raise ProofError(f"The save of story {story.pk} left no package.")
        if package.event != story.event:
            raise ProofError(f"The package of story {story.pk} says “{package.event}”, and the save was a “{story.event}”.")
    if len(packages) != len(saved) or Package.objects.count() != len(saved):
        raise ProofError(f"{Package.objects.count()} packages were made for {len(saved)} saves.")
    frozen = {story.pk: frozen_files(packages[str(story.pk)]) for story in saved}
    for story in saved:
        check_content(story, frozen[story.pk])
    wanted = {name: content for files in frozen.values() for name, content in files.items()}
    result = {}
    for key, folder in folders.items():
        found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        if missing := sorted(set(wanted) - set(found)):
            raise ProofError(f"The {key.upper()} partner lacks {len(missing)} files, such as {missing[0]}.")
        if surplus := sorted(set(found) - set(wanted)):
            raise ProofError(f"The {key.upper()} partner has {len(surplus)} files too many, such as {surplus[0]}.")
        for name, content in wanted.items():
            if found[name].read_bytes() != content:
                raise ProofError(f"{name} at the {key.upper()} partner differs from the frozen file.")
        result[key] = {"delivered": len(frozen), "files": len(wanted), "bytes": sum(map(len, wanted.values()))}
    return result


def frozen_files(package: Any) -> dict[str, bytes]:
    """The package's files from the export storage, each checked against its recorded size and SHA-256."""
    from pigeon_admin.freezing import export_storage

    files = {}
    for document in package.documents:
        with export_storage().open(document["stored"], "rb") as opened:
            content = opened.read()
        if len(content) != document["size"] or hashlib.sha256(content).hexdigest() != document["sha256"]:
            raise ProofError(f"The frozen file {document['name']} is not what its package recorded.")
        files[document["name"]] = content
    return files


def check_content(story: Saved, files: dict[str, bytes]) -> None:
    """The frozen story is the one that was typed, and its photos are those that its XML names."""
    documents = [name for name in files if name.endswith(".xml")]
    if len(documents) != 1:
        raise ProofError(f"The package of story {story.pk} has {len(documents)} XML files.")
    root = ElementTree.fromstring(files[documents[0]])
    title = root.findtext("title")
    if title != story.title:
        raise ProofError(f"Story {story.pk} was saved as “{story.title}”, and “{title}” was frozen.")
    folder = documents[0].rpartition("/")[0]
    named = {f"{folder}/{photo.get('file')}" for photo in root.iter("photo")}
    if named != set(files) - set(documents):
        raise ProofError(f"The XML of story {story.pk} names {sorted(named)}, and its package has {sorted(files)}.")
