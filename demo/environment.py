"""The project's own environment in ``.venv``, made on first use by nothing but Python and pip."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
OLDEST = (3, 11)
# An environment made for the key also serves for the values: the extra "test" includes "demo".
INCLUDES = {"demo": ("demo", "test"), "test": ("test",)}


class SetupError(Exception):
    """Why the environment could not be made, in words for the person at the terminal."""


def enter(extra: str, module: str) -> None:
    """Go on as ``python -m module`` inside the environment, which is made or renewed first where needed; else return at once.

    Ends the process with status 1 and a plain message where that is impossible.
    """
    if sys.version_info < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        sys.exit(f"This needs Python {wanted} or newer; {sys.executable} is Python {sys.version.split()[0]}.")
    try:
        if not ready(extra):
            with locked():
                if not ready(extra):  # another run may just have finished it
                    make(extra)
    except SetupError as error:
        sys.exit(f"\nThe environment could not be made.\n{error}")
    except KeyboardInterrupt:
        sys.exit("\nStopped. The next start goes on from here.")
    if Path(sys.prefix).resolve() == VENV.resolve():
        return
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(python(), [str(python()), "-m", module, *sys.argv[1:]])


def python() -> Path:
    """The interpreter of the environment."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def ready(extra: str) -> bool:
    """Is there an environment of this Python, in this folder, with what ``extra`` names today?"""
    if not python().exists():  # also False for a link to a Python that has since been removed
        return False
    return any(read(stamp_file(name)) == stamp(name) for name in INCLUDES[extra])


def stamp_file(extra: str) -> Path:
    return VENV / f"installed-{extra}"


def stamp(extra: str) -> str:
    """A hash of all that an environment depends on: dependencies, Python version, and the folder, which its scripts name."""
    import tomllib  # here, so that an older Python still gets as far as the message above

    with (ROOT / "pyproject.toml").open("rb") as file:
        declared = tomllib.load(file)
    project = declared["project"]
    parts = [
        extra,
        list(sys.version_info[:2]),
        str(ROOT),
        declared["build-system"]["requires"],
        project["requires-python"],
        project["dependencies"],
        project["optional-dependencies"],
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


@contextlib.contextmanager
def locked():
    """One run at a time makes the environment; the others wait and then use it."""
    try:
        import fcntl
    except ImportError:  # Windows: no lock, and the demo is not promised there
        yield
        return
    with Path(__file__).open("rb") as file:  # this very file is the lock: nothing to leave behind, nothing to ignore
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("Another run is making the environment; waiting for it …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def make(extra: str) -> None:
    """Make or renew the environment; raises SetupError."""
    reason = unusable()
    if reason:
        say(f"{reason} It is made anew.")
        shutil.rmtree(VENV, ignore_errors=True)
    if not VENV.exists():
        say(f"Making an environment in {VENV} (once, about a minute) …")
        create()
    stamp_file(extra).unlink(missing_ok=True)
    install(extra)
    stamp_file(extra).write_text(stamp(extra) + "\n")


def unusable() -> str:
    """Why the ``.venv`` that is there cannot be used, as a sentence; "" where it can, or where there is none."""
    if not VENV.exists() and not VENV.is_symlink():
        return ""
    try:
        answer = subprocess.run(
            [str(python()), "-c", "import sys; print(sys.prefix); print(*sys.version_info[:2])"],
            capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return "The environment in .venv is broken: its Python does not start."
    lines = answer.stdout.splitlines()
    if answer.returncode or len(lines) != 2:
        return "The environment in .venv is broken: its Python does not start."
    if Path(lines[0]).resolve() != VENV.resolve():
        return "The folder .venv is not a working environment."
    if tuple(map(int, lines[1].split())) != sys.version_info[:2]:
        here = ".".join(map(str, sys.version_info[:2]))
        return f"The environment in .venv was made by Python {lines[1].replace(' ', '.')}, and this is Python {here}."
    return ""


def create() -> None:
    """An environment, with a pip of its own only where the running pip cannot serve it."""
    if running_pip() >= (22, 3):
        run([sys.executable, "-m", "venv", "--without-pip", str(VENV)], "Python could not make a virtual environment.")
    elif importlib.util.find_spec("ensurepip"):
        run([sys.executable, "-m", "venv", str(VENV)], "Python could not make a virtual environment with pip in it.")
    elif running_pip() > (0,):
        # An old pip and no ensurepip: that pip can still fetch a newer one into the environment.
        run([sys.executable, "-m", "venv", "--without-pip", str(VENV)], "Python could not make a virtual environment.")
        version = "python{}.{}".format(*sys.version_info[:2])
        target = VENV / "lib" / version / "site-packages"
        run([sys.executable, "-m", "pip", "install", "--target", str(target), "pip"], "A newer pip could not be installed.")
    else:
        raise SetupError(
            f"{sys.executable} has neither pip nor ensurepip. Install pip for it (on Debian: apt install python3-pip)."
        )


def running_pip() -> tuple[int, ...]:
    """Version of the running Python's pip; (0,) where there is none."""
    import importlib.metadata

    try:
        version = importlib.metadata.version("pip")
    except importlib.metadata.PackageNotFoundError:
        return (0,)
    numbers = []
    for part in version.split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers) or (0,)


def pip() -> list[str]:
    """The command that installs into the environment."""
    own = subprocess.run([str(python()), "-m", "pip", "--version"], capture_output=True, check=False, stdin=subprocess.DEVNULL)
    if own.returncode == 0:
        return [str(python()), "-m", "pip"]
    if running_pip() >= (22, 3):
        return [sys.executable, "-m", "pip", "--python", str(python())]
    if importlib.util.find_spec("ensurepip"):
        run([str(python()), "-m", "ensurepip"], "pip could not be installed in the environment.")
        return [str(python()), "-m", "pip"]
    raise SetupError(
        f"The pip of {sys.executable} is older than 22.3 and the environment has none. Remove .venv and start again."
    )


def install(extra: str) -> None:
    """Install this project editable, with one of its extras, showing what is going on."""
    command = [
        *pip(),
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar",
        "off",
        "--editable",
        f".[{extra}]",
    ]
    log = VENV / "install.log"
    started, seen, shown = time.monotonic(), 0, 0.0
    terminal = sys.stderr.isatty()
    with log.open("w") as kept:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        assert process.stdout is not None
        try:
            for line in process.stdout:
                kept.write(line)
                words = line.split()
                if not words or words[0] not in {"Collecting", "Downloading", "Building", "Installing", "Obtaining"}:
                    continue
                seen += words[0] == "Collecting"
                text = (
                    f"installing: {seen} packages looked up" if words[0] != "Installing" else "installing: unpacking everything"
                )
                if terminal:
                    sys.stderr.write(f"\r\033[K  {text} ({time.monotonic() - started:.0f} s)")
                    sys.stderr.flush()
                elif time.monotonic() - shown > 15:
                    say(f"  {text}")
                    shown = time.monotonic()
            status = process.wait()
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
            if terminal:
                sys.stderr.write("\r\033[K")
    if status:
        raise SetupError(explain(log))
    say(f"The environment is ready ({time.monotonic() - started:.0f} s).")


def explain(log: Path) -> str:
    """What pip's output means, with its last lines."""
    text = log.read_text(errors="replace")
    signs = ("NewConnectionError", "NameResolutionError", "Name or service not known", "Temporary failure in name resolution",
             "Network is unreachable", "ConnectTimeoutError", "ReadTimeoutError", "ProxyError", "Connection refused")  # fmt: skip
    if any(sign in text for sign in signs):
        words = "The Python package index cannot be reached. Check the network (and proxy settings), then start again."
    elif "No space left on device" in text:
        words = f"There is no space left on the disk of {VENV}."
    elif "No matching distribution found" in text or "Could not find a version" in text:
        words = (
            "A package was not found at the package index; most often the index cannot be reached, or is a mirror that lacks it."
        )
    elif "Permission denied" in text:
        words = f"There is no permission to write to {VENV}."
    else:
        words = "pip could not install what is needed."
    last = "\n".join("    " + line for line in text.strip().splitlines()[-15:])
    return f"{words}\nThe last lines of {log}:\n{last}"


def run(command: list[str], words: str) -> None:
    """Run a step quietly; raises SetupError with ``words`` and its output."""
    answer = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if answer.returncode:
        last = "\n".join("    " + line for line in (answer.stdout + answer.stderr).strip().splitlines()[-15:])
        raise SetupError(f"{words}\n{last}")


def say(text: str) -> None:
    """To standard error: standard output belongs to the command itself, whose last line may be read by a program."""
    print(text, file=sys.stderr, flush=True)
