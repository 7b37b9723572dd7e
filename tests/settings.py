"""Django settings of the tests; ``DATABASE_URL`` chooses another database than SQLite."""

import os
import tempfile
from pathlib import Path

import dj_database_url
import django

BASE_DIR = Path(__file__).resolve().parent
WORK_DIR = Path(os.environ.setdefault("PIGEON_TEST_DIR", tempfile.mkdtemp(prefix="pigeon-tests-")))

SECRET_KEY = "only for tests"
DEBUG = False
ALLOWED_HOSTS = ["*"]
USE_TZ = True
TIME_ZONE = "Europe/Paris"
LANGUAGE_CODE = "en"
ROOT_URLCONF = "tests.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_q",
    "polymorphic",
    "import_export",
    "pigeon_admin",
    "tests.newsdesk",
    "tests.oddities",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {"default": dj_database_url.parse(os.environ.get("DATABASE_URL", f"sqlite:///{WORK_DIR}/db.sqlite3"))}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    # A file, also for tests: threads and worker processes must see the same database.
    DATABASES["default"]["TEST"] = {"NAME": str(WORK_DIR / "test.sqlite3")}
if name := os.environ.get("PIGEON_TEST_NAME"):
    # A child process of a test, which works on the database of the test.
    DATABASES["default"]["NAME"] = name
if DATABASES["default"]["ENGINE"].endswith("mysql"):
    import pymysql

    pymysql.install_as_MySQLdb()

STATIC_URL = "static/"
MEDIA_ROOT = os.environ.get("PIGEON_TEST_MEDIA", WORK_DIR / "media")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "partner": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(WORK_DIR / "partner")}},
}
Q_CLUSTER = {"name": "tests", "orm": "default", "workers": 2, "timeout": 60, "retry": 120, "poll": 0.2, "catch_up": False}
PIGEON_ADMIN = {"OUTPUT_DIRECTORY": os.environ.get("PIGEON_TEST_EXPORT", str(WORK_DIR / "export"))}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
else:
    EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
