"""Random stories and random conditions on them, close enough to each other to match about as often as not."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django.db import connection
from hypothesis import strategies as st

from pigeon_admin.conditions import OPERATORS, Condition, resolve
from pigeon_admin.exceptions import ConditionError
from tests.conditions.sources import NOW
from tests.newsdesk.models import Author, LongRead, Photo, Section, Story, Tag

PATHS = [
    *("id", "title", "subtitle", "body", "status", "section", "author", "words", "price", "rating", "breaking", "embargo"),
    *("published_at", "event_date", "modified_at", "attachment", "tags", "photos"),
    *(
        "section__slug",
        "author__name",
        "tags__name",
        "photos__caption",
        "photos__author",
        "photos__author__name",
        "photos__image",
    ),
    *("longread", "longread__chapters", "section__stories__words", "tags__stories__published_at"),
]

# Characters on whose case, width or blankness databases have opinions of their own.
LETTERS = "aAkKKsSſßzZiIİıeéÉfﬁ0 %_\\'\"[.*\nΣς😀"
WORDS = [
    "",
    " ",
    "war",
    "War",
    "WAR ",
    "elan",
    "Élan",
    "e\u0301lan",
    "straße",
    "STRASSE",
    "Kelvin",
    "kelvin",
    "a_b",
    "100%",
    "x" * 60,
]
FILES = [None, "", "a.pdf", "reports/A.PDF", "é.pdf", "x"]
NUMBERS = [None, 0, 1, -1, 5, 6, 2**31 - 1, -(2**31)]
PRICES = [None, *map(Decimal, ("0", "0.1", "0.100", "-0.001", "1.5", "999999999.999", "-999999999.999", "0.3"))]
RATINGS = [None, 0.0, -0.0, 0.1, 0.1 + 0.2, 0.3, 1.5, 1e300, -1e300, 1e-300, 5.0, 12.000000000000002, 1 / 3]
DATES = [
    None,
    *map(date.fromisoformat, ("2026-06-15", "2026-06-14", "2026-06-12", "2026-06-18", "2026-03-29", "2026-10-25", "1970-01-01")),
]
MOMENTS = [
    None,
    NOW,
    *(
        NOW + step
        for day in (1, 3, 7)
        for step in (timedelta(days=day), timedelta(days=-day), timedelta(days=day, microseconds=1))
    ),
    *(NOW + timedelta(hours=2), NOW - timedelta(microseconds=1), NOW + timedelta(microseconds=1)),
    # Midnights in Paris, a microsecond beside them, and the hours that a change of the clock skips or repeats.
    *(datetime(2026, 6, day, 22, 0, tzinfo=UTC) + timedelta(microseconds=n) for day in (13, 14, 15) for n in (-1, 0, 1)),
    *(
        datetime(2026, 3, 28, 23, 0, tzinfo=UTC),
        datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
        datetime(2026, 3, 29, 21, 59, 59, 999999, tzinfo=UTC),
    ),
    *(
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 23, 0, tzinfo=UTC),
    ),
]

# Whatever an operator takes, some of these should do; those it refuses are left out.
TEXTS = [
    *(word for word in WORDS if word.strip()),
    *("a", "K", "k", "ss", "ß", "i", "İ", "é", "%", "_", "\\", ".pdf", "s", "\n", "z Z", "0"),
    *("^$", "^[a-z]+$", "(?i)élan", r"\d", "^.{0,3}$", ".", "a|k"),
    *("draft", "Published", "yes", "no"),
    *(
        "0",
        "1",
        "-1",
        "5",
        "6",
        "60",
        "3",
        "2147483647",
        "9223372036854775808",
        "-99999999999999999999",
        "0.1",
        "0.3",
        "1.5",
        "1e300",
        "999999999.999",
    ),
    *(
        "2026-06-15",
        "2026-06-14",
        "2026-03-29",
        "2026-10-25",
        "9999-12-31",
        "2026-06-15 00:00",
        "2026-06-15 12:30",
        "2026-10-25 02:30",
    ),
    *("2026-06-15T10:30Z", "2026-03-29 02:30", "18:00"),
    *("3 days", "1 week", "2 hours", "0 days", "1 second", "30 minutes", "900 weeks"),
    *(
        "war, elan",
        '"a_b", war, Élan',
        "draft\nPublished",
        "1, 5",
        "0.1, 0.3",
        "2026-06-14, 2026-06-15",
        "2026-06-14\n2026-06-15 12:30",
    ),
    *("-1, 99999999999999999999", "a.pdf, x", "-5, 5", "0, 0"),
]


def texts():
    """Stored texts; PostgreSQL stores no NUL."""
    letters = LETTERS if connection.vendor == "postgresql" else LETTERS + "\0"
    return st.sampled_from(WORDS) | st.text(letters, max_size=5)


def numbers():
    ratings = RATINGS + ([float("inf"), float("nan")] if connection.vendor == "postgresql" else [])
    return {
        "words": st.sampled_from(NUMBERS),
        "price": st.sampled_from(PRICES),
        "rating": st.sampled_from(ratings) | st.floats(-10, 10),
    }


def fields():
    return st.fixed_dictionaries(
        {
            "title": texts(),
            "subtitle": st.none() | texts(),
            "body": texts(),
            "status": st.sampled_from(["draft", "published", "", "Draft", "other"]),
            "breaking": st.booleans(),
            "embargo": st.sampled_from([None, True, False]),
            "published_at": st.sampled_from(MOMENTS),
            "event_date": st.sampled_from(DATES),
            "attachment": st.sampled_from(FILES),
            **numbers(),
        }
    )


def relations():
    photo = st.tuples(texts(), st.sampled_from([None, 0, 1]), st.sampled_from(FILES[1:]))
    return st.fixed_dictionaries(
        {
            "section": st.sampled_from([None, 0, 1]),
            "author": st.sampled_from([None, 0, 1]),
            "tags": st.sets(st.integers(0, 2)),
            "photos": st.lists(photo, max_size=3),
            "chapters": st.none() | st.integers(0, 6),
        }
    )


def newsrooms():
    """What ``write`` makes stories of."""
    return st.fixed_dictionaries(
        {
            "names": st.lists(texts(), min_size=7, max_size=7),
            "stories": st.lists(st.tuples(fields(), relations()), min_size=2, max_size=5),
        }
    )


def write(newsroom):
    """Save the stories, and answer them as a new reader finds them."""
    names = newsroom["names"]
    sections = [Section.objects.create(name=name, slug=name) for name in names[:2]]
    authors = [Author.objects.create(name=name) for name in names[2:4]]
    tags = [Tag.objects.create(name=name) for name in names[4:]]
    keys = []
    for values, related in newsroom["stories"]:
        links = {
            name: None if related[name] is None else pool[related[name]]
            for name, pool in [("section", sections), ("author", authors)]
        }
        model, more = (Story, {}) if related["chapters"] is None else (LongRead, {"chapters": related["chapters"]})
        story = model.objects.create(**values, **links, **more)
        Story.objects.filter(pk=story.pk).update(attachment=values["attachment"], modified_at=values["published_at"] or NOW)
        story.tags.set([tags[number] for number in related["tags"]])
        for caption, author, image in related["photos"]:
            Photo.objects.create(
                story_id=story.pk, caption=caption, image=image, author=None if author is None else authors[author]
            )
        keys.append(story.pk)
    return list(Story.objects.filter(pk__in=keys))


def accepted(operator, path, texts):
    """The conditions with this operator on this field that can be judged, for the values that it takes."""
    parse, resolved = OPERATORS[operator].parse, resolve(Story, path)
    for text in filter(str.strip, texts) if parse else [""]:
        try:
            if parse:
                parse(resolved, text)
        except ConditionError:
            continue  # another operator's kind of value
        yield Condition(path, operator, text)


def fitting(operator):
    return [path for path in PATHS if OPERATORS[operator].fits(resolve(Story, path))]


STATE_OPERATORS = [name for name, operator in OPERATORS.items() if not operator.about_change]


def hard_newsroom():
    """Every hard value at least once, beside values that a database may take for it: chance alone seldom brings two together."""
    words = [
        *WORDS,
        "elan ",
        "a",
        "A",
        "á",
        "k",
        "\u212a",
        "ſs",
        "ss",
        "ß",
        "a b",
        "a%b",
        "A_B",
        "axb",
        "a\\b",
        "\n",
        "İ",
        "i",
        "😀",
        "é.pdf",
    ]
    words += [] if connection.vendor == "postgresql" else ["a\0b", "\0war", "war\0.pdf"]
    ratings = RATINGS + ([float("inf"), float("nan")] if connection.vendor == "postgresql" else [])

    def turn(pool, number):
        return pool[number % len(pool)]

    stories = []
    for number, word in enumerate(words):
        own = {
            "title": word,
            "subtitle": turn([None, *words], number),
            "body": turn(words, number + 7),
            "status": turn(["draft", "published", "", "Draft", "other"], number),
            "breaking": number % 2 == 0,
            "embargo": turn([None, True, False], number),
            "published_at": turn(MOMENTS, number),
            "event_date": turn(DATES, number),
            "attachment": turn([*FILES, "A.PDF", "a.pdf "], number),
            "words": turn(NUMBERS, number),
            "price": turn(PRICES, number),
            "rating": turn(ratings, number),
        }
        related = {
            "section": turn([None, 0, 1], number),
            "author": turn([0, None, 1], number),
            "tags": set(turn([(), (0,), (1, 2), (0, 1, 2)], number)),
            "photos": [
                (turn(words, number + step), turn([None, 0, 1], step), turn(FILES[1:], step)) for step in range(number % 4)
            ],
            "chapters": turn([None, None, 1, 5], number),
        }
        stories.append((own, related))
    return {"names": ["elan", "Élan", "war", "WAR ", "straße", "a_b", ""], "stories": stories}
