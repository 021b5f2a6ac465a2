"""The work that is done to an index while it is tortured, and what the index must hold after each commit.

A script is a list of sessions: what one writer does from taking the lock to giving it back. Sessions are short, and
together they do everything a writer can do: first additions, replacements, deletions, several commits under one lock,
a rollback, additions that are put aside because memory is used up, merges of eight segments and of worn ones,
compaction. The same seed gives the same script, in every process.

    states[0]    no index (None)
    states[1]    the index just created
    states[n]    after one more commit: the articles by id

An index equals a state if it has the same articles, field by field, and gives the oracle's answers with its scores.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import attrs
from oracle import Oracle
from strategies import few_articles, some_articles, some_query

import searchkit
from searchkit import Article, Index, IndexNotFound, SearchkitError
from searchkit.query import And, Not, Or, Phrase, Query, Term
from searchkit.storage.folder import FolderStorage
from searchkit.storage.lock import LOCK_NAME
from searchkit.storage.manifest import manifest_name

__all__ = [
    "Script",
    "Session",
    "State",
    "difference",
    "leftovers",
    "next_commit",
    "perform",
    "some_difference",
    "unlike",
]

WAIT = 30.0  # seconds for the lock

Step = tuple[str, Any]  # ("add", articles), ("delete", ids), or a verb of the writer with None

QUERIES: tuple[Query, ...] = (
    Term("run"),
    Or(Term("w0"), Term("com"), Term("w7")),
    And(Term("w0"), Not(Term("w1"))),
    Phrase("w0 w0", 2),
)


@attrs.frozen
class Session:
    name: str
    steps: tuple[Step, ...]

    @property
    def commits(self) -> int:
        return sum(verb in ("commit", "compact") for verb, _ in self.steps)


@attrs.frozen(slots=False)
class State:
    """What the index holds after a commit."""

    articles: dict[str, Article]

    def after(self, added: Iterable[Article], deleted: Iterable[str] = ()) -> State:
        articles = {**self.articles, **{article.id: article for article in added}}
        for id in deleted:
            articles.pop(id, None)
        return State(articles)

    @cached_property
    def oracle(self) -> Oracle:
        return Oracle(self.articles.values(), ANALYZER)

    @cached_property
    def answers(self) -> list[list[tuple[str, float]]]:
        return [self.oracle.search(query) for query in QUERIES]


class Script:
    """`sessions` and `states`; session n begins at state `begins[n]`."""

    def __init__(self, seed: int, sessions: int) -> None:
        """At least 14 sessions, if there is to be one of each kind."""
        self._random = random.Random(f"script {seed}")
        self.sessions: list[Session] = []
        self.states: list[State | None] = [None, State({})]
        self.begins: list[int] = []
        kinds = [*["first", "several", "replace", "delete", "rollback", "aside", "compact"], *["add"] * 4]
        for number in range(sessions):
            kind = kinds[number] if number < len(kinds) else self._random.choice(kinds[1:])
            steps = getattr(self, f"_{kind}")()
            self._append(Session(f"{number}-{kind}", tuple(steps)))

    def _append(self, session: Session) -> None:
        self.begins.append(len(self.states) - 1)
        committed = pending = self._state
        for verb, value in session.steps:
            if verb == "add":
                pending = pending.after(value)
            elif verb == "delete":
                pending = pending.after((), value)
            elif verb == "rollback":
                pending = committed
            elif verb in ("commit", "compact"):
                committed = pending
                self.states.append(committed)
        self.sessions.append(session)

    @property
    def _state(self) -> State:
        state = self.states[-1]
        assert state is not None
        return state

    def _new(self, most: int = 5) -> Step:
        articles = few_articles(self._random, self._random.randrange(1, most))
        first = self._random.randrange(60)
        return "add", [*articles, *some_articles(self._random, self._random.randrange(1, 4), first=first)]

    def _some_ids(self, share: float) -> list[str]:
        return [id for id in self._state.articles if self._random.random() < share]

    def _first(self) -> list[Step]:
        return [self._new(), ("commit", None)]

    def _add(self) -> list[Step]:
        return [self._new(), ("commit", None)]

    def _several(self) -> list[Step]:
        return [self._new(), ("commit", None), ("delete", self._some_ids(0.3)), self._new(2), ("commit", None)]

    def _replace(self) -> list[Step]:
        changed = [attrs.evolve(self._state.articles[id], text=f"run again {id}") for id in self._some_ids(0.3)]
        return [("add", changed), self._new(2), ("commit", None)]

    def _delete(self) -> list[Step]:
        ids = self._some_ids(0.4) or list(self._state.articles)[:1]
        return [("delete", ids), ("add", [Article("w0 run", id="after")]), ("commit", None)]

    def _rollback(self) -> list[Step]:
        return [self._new(), ("delete", self._some_ids(0.5)), ("rollback", None), *self._add()]

    def _aside(self) -> list[Step]:
        return [self._new(), ("aside", None), self._new(), ("aside", None), *self._add()]

    def _compact(self) -> list[Step]:
        return [("delete", self._some_ids(0.1)), self._new(2), ("compact", None)]


def perform(index: Index, session: Session, committed: Callable[[], None]) -> None:
    """Do the session, and say so each time that a commit has returned."""
    with index.writer(wait=WAIT) as writer:
        for verb, value in session.steps:
            if verb in ("add", "delete"):
                getattr(writer, verb)(value)
            elif verb == "aside":
                writer._flush_run()  # what a writer does when its memory is used up
            else:
                getattr(writer, verb)()
                if verb != "rollback":
                    committed()


def difference(index: Index, state: State) -> str:
    """How the index differs from the state; nothing if it does not."""
    if len(index) != len(state.articles):
        return f"{len(index)} articles instead of {len(state.articles)}"
    for id, article in state.articles.items():
        if id not in index:
            return f"{id!r} is missing"
        if index.get(id) != article:
            return f"{id!r} is {index.get(id)!r} instead of {article!r}"
    for query, expected in zip(QUERIES, state.answers, strict=True):
        found = [(hit.id, hit.score) for hit in index.search(query, limit=None)]
        if found != expected:
            return unlike(query, found, expected)
    return ""


def judge(opened: Callable[[], Index], expected: Sequence[State | None], checked: bool) -> tuple[str, State | None]:
    """What is wrong with an index that is to be in one of some states (None: not there), and which one it is in."""
    try:
        with opened() as index:
            wrong = [difference(index, one) if one else "there is an index" for one in expected]
            if all(wrong):
                return "; ".join(wrong), None
            if checked and not (report := index.check()).ok:
                return f"check: {report.findings}", None
    except IndexNotFound as error:
        return ("" if expected[0] is None else f"the index is gone: {error}"), None
    except (SearchkitError, OSError) as error:
        return f"it cannot be opened: {error!r}", None
    return "", expected[wrong.index("")]


def some_difference(index: Index, state: State, random: random.Random) -> str:
    """The same for a query at random."""
    query = some_query(random, WORDS)
    found = [(hit.id, hit.score) for hit in index.search(query, limit=None)]
    expected = state.oracle.search(query)
    return "" if found == expected else unlike(query, found, expected)


def unlike(query: object, found: Sequence[object], expected: Sequence[object]) -> str:
    """Where two answers part."""
    place = next((n for n, pair in enumerate(zip(found, expected, strict=False)) if pair[0] != pair[1]), None)
    if place is None:
        place = min(len(found), len(expected))
    parts = f"{found[place : place + 1]} instead of {expected[place : place + 1]}"
    return f"{query!r} finds {len(found)} instead of {len(expected)}, as number {place}: {parts}"


def leftovers(storage: FolderStorage) -> set[str]:
    """Files in the folder that neither the newest generation nor the one before needs."""
    newest = storage.latest()
    wanted = {LOCK_NAME, manifest_name(newest.generation), *newest.files()}
    if newest.previous is not None:
        wanted |= {manifest_name(newest.previous), *storage.manifest(newest.previous).files()}
    return {path.name for path in storage.folder.iterdir()} - wanted


def next_commit(folder: Path, state: State) -> str:
    """What is wrong after one more commit by a new writer; nothing if all is well."""
    more = Article("w0 run next", id="the next commit")
    with searchkit.open(folder) as index:
        index.add([more], wait=0)  # the lock of the dead is free at once
        wrong = difference(index, state.after([more]))
        if wrong:
            return f"after the next commit: {wrong}"
        if not (report := index.check()).ok:
            return f"after the next commit: {report.findings}"
    if left := leftovers(FolderStorage(folder)):
        return f"after the next commit there is still {sorted(left)}"
    return ""


WORDS = ("run", "running", "com", "common", "the", "of", "café", "w0", "w1", "w2", "w3", "w7")
ANALYZER = searchkit.create().analyzer
