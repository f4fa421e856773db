"""Names, chat messages and captions reach the page as text: no source turns a string into markup."""

import re

from support.installation import REPOSITORY

MARKUP = re.compile(
    r"dangerouslySetInnerHTML|\.(inner|outer)HTML\s*=[^=]|insertAdjacentHTML|document\.write|srcdoc|createContextualFragment"
)
SOURCES = [
    path
    for pattern in ("web/*/src/**/*.ts*", "examples/**/src/**/*.ts*", "examples/**/*.html", "examples/**/*.js")
    for path in REPOSITORY.glob(pattern)
    if not {"node_modules", "dist"} & set(path.parts)
]


def test_no_source_writes_markup() -> None:
    assert len(SOURCES) > 100
    found = {str(path.relative_to(REPOSITORY)) for path in SOURCES if MARKUP.search(path.read_text(encoding="utf-8"))}
    assert found == set()


def test_markup_is_found() -> None:
    for text in ("a.innerHTML = b", "<div dangerouslySetInnerHTML={{}}>", "x.insertAdjacentHTML('a', b)"):
        assert MARKUP.search(text)
    assert not MARKUP.search("buildOf(document.head.innerHTML)")
