"""The command line: answers, exit codes, one-line errors, plain pipes, colour on terminals, folders as indexes."""

from __future__ import annotations

import errno
import io
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import searchkit
from searchkit.cli import main
from searchkit.cli.screen import in_bytes

Run = Callable[..., "Outcome"]

STORM = "date 2020-10-02 A storm surge flooded Brannock Harbour. Two boats were lost.\n\nThe mayor spoke at noon."
TALKS = "date 2020-09 Talks about the “storm surge” barrier began in Brannock. They ended late."
NOTES = "Undated notes about boats and harbours."


class Outcome:
    """What one call of the command line did."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def ids(self) -> list[str]:
        return [line.split("\t")[2] for line in self.out.splitlines()]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process, in a folder of its own that has three articles in seeds/."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEARCHKIT_INDEX", raising=False)
    seeds = tmp_path / "seeds"
    (seeds / "old").mkdir(parents=True)
    (seeds / "storm.txt").write_text(STORM, encoding="utf-8")
    (seeds / "talks.txt").write_text(TALKS, encoding="utf-8")
    (seeds / "old" / "notes.txt").write_text(NOTES, encoding="utf-8")
    (seeds / "README.md").write_text("About these.", encoding="utf-8")

    def run(*arguments: object) -> Outcome:
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture
def indexed(run: Run) -> Run:
    """The same, with the articles in indexes/default."""
    assert run("index", "seeds").code == 0
    return run


# -- query ------------------------------------------------------------------------------------------------------------


def test_a_pipe_gets_one_plain_line_a_hit(indexed: Run) -> None:
    """Score, date as written, id, first words, snippet, separated by tabs."""
    outcome = indexed("query", "mayor boats")
    lines = [line.split("\t") for line in outcome.out.splitlines()]
    assert outcome.code == 0
    assert outcome.err == ""
    assert [line[1:3] for line in lines] == [["2020-10-02", "storm"], ["undated", "old/notes"]]
    assert all(re.fullmatch(r"\d+\.\d{4}", line[0]) for line in lines)
    assert lines[0][4] == "Two boats were lost. The mayor spoke at noon."
    assert lines[1][3:] == [NOTES, NOTES]
    assert indexed("query", "mayor", "--markup", "markdown").out.endswith("The **mayor** spoke at noon.\n")
    assert len(indexed("query", "mayor", "--snippets", 0).out.split("\t")) == 4


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        (['"storm surge" harbour', "--all"], ["storm"]),
        (["storm", "--since", "2020-10"], ["storm"]),
        (["storm", "--until", "2020-09"], ["talks"]),
        (["storm", "--on", "2020"], ["storm", "talks"]),
        (["storm", "--on", "2020-10", "--dates", "contains"], []),
        (["storm", "--since", "2020-09-15", "--dates", "within"], ["storm"]),
        (["storm", "--since", "last month", "--now", "2020-11-03"], ["storm"]),
        (["storm", "--until", "before october 2020"], ["talks"]),
        (["storm date:yesterday", "--now", "2020-10-03T12:00", "--strict"], ["storm"]),
        (["storm", "--on", "this week", "--now", "2020-10-04"], ["storm", "talks"]),
        (["storm", "--on", "this week", "--now", "2020-10-04", "--week-starts", "sunday"], []),
        (["storm", "--sort", "newest"], ["storm", "talks"]),
        (["storm", "--sort", "oldest"], ["talks", "storm"]),
        (["storm", "--sort", "oldest", "--offset", "1"], ["storm"]),
        (["storm", "--sort", "oldest", "--limit", "1"], ["talks"]),
        (["date:none"], ["old/notes"]),
        (["--", "-storm boats"], ["old/notes"]),
    ],
)
def test_options_say_what_is_found(indexed: Run, arguments: list[str], ids: list[str]) -> None:
    outcome = indexed("query", *arguments)
    assert sorted(outcome.ids) == sorted(ids)
    assert "--sort" not in arguments or outcome.ids == ids
    assert outcome.code == (0 if ids else 1)


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [(["-storm boats"], "searchkit query -- '-word'"), (["storm", "surge"], "searchkit query 'storm surge'")],
)
def test_what_a_shell_makes_of_a_query_is_told_how_to_write(indexed: Run, arguments: list[str], hint: str) -> None:
    outcome = indexed("query", *arguments)
    assert outcome.code == 2
    assert hint in outcome.err


def test_json_is_one_object_and_jsonl_a_line_a_hit(indexed: Run) -> None:
    answer = json.loads(indexed("query", "storm", "--json", "--limit", "1", "--snippets", "2", "--markup", "html").out)
    assert answer["total"] == 2
    assert answer["seconds"] > 0
    assert answer["warnings"] == []
    (hit,) = answer["hits"]
    assert set(hit) == {"id", "score", "date", "title", "fields", "snippets"}
    assert "<mark>storm</mark>" in hit["snippets"][0]
    lines = [json.loads(line) for line in indexed("query", "storm", "--jsonl").out.splitlines()]
    assert [line["id"] for line in lines] == indexed("query", "storm").ids
    nothing = indexed("query", "absent", "--json")
    assert (nothing.code, json.loads(nothing.out)["hits"]) == (1, [])


def test_json_of_no_hit_has_other_spellings(indexed: Run) -> None:
    """A program is told what a terminal is; where something was found nothing is looked for."""
    answer = json.loads(indexed("query", "harbuor", "--json").out)
    assert (answer["total"], answer["suggestions"], answer["hits"]) == (0, ["harbour"], [])
    assert "suggestions" not in json.loads(indexed("query", "harbour", "--json").out)


def test_count(indexed: Run) -> None:
    assert (indexed("query", "storm", "--count").out, indexed("query", "storm", "--count").code) == ("2\n", 0)
    assert (indexed("query", "absent", "--count").out, indexed("query", "absent", "--count").code) == ("0\n", 1)


def test_rankings_are_asked_for_and_explained(indexed: Run) -> None:
    ranked = [
        "--recency",
        "1 year",
        "--soft-until",
        "2020",
        "--proximity",
        "1",
        "--expand",
        "rm3",
        "--variant",
        "bm25+",
    ]
    outcome = indexed("query", "storm harbour", *ranked, "--now", "2021-01-01", "--explain", "--limit", "1")
    assert outcome.code == 0
    assert "times, recency: " in outcome.out
    assert "times, soft_until: " in outcome.out
    assert "variant bm25+" in outcome.out


def test_explain_shows_what_scores_are_made_of(indexed: Run) -> None:
    outcome = indexed("query", "storm harbour", "--explain", "--limit", "1")
    assert outcome.out.count("\n    ") >= 2
    (line,) = indexed("query", "storm harbour", "--explain", "--jsonl", "--limit", "1").out.splitlines()
    hit = json.loads(line)
    assert hit["explanation"]["score"] == hit["score"]


def test_describe_says_what_was_understood(indexed: Run) -> None:
    """Nothing is searched for and shown; what was mended is said."""
    outcome = indexed("query", "storm -harbour date:2020-10 author:x", "--describe")
    said = (
        'articles that mention "storm" or "author:x" and may be dated within October 2020 and do not mention "harbour"'
    )
    assert (outcome.code, outcome.out.replace("(", "").replace(")", "")) == (0, said + "\n")
    assert outcome.err.startswith("searchkit: no field 'author' at character 29")
    assert indexed("query", "(storm", "--describe", "--strict").code == 2
    asked = indexed("query", "storm", "--describe", "--since", "2020-09", "--until", "october 2020")
    written = searchkit.parse("storm date:>=2020-09 date:<=2020-10").describe()
    assert asked.out == written + "\n"
    assert indexed("query", "storm", "--describe", "--where", "source=ap").code == 2


def test_warnings_go_to_standard_error(indexed: Run) -> None:
    """What was mended in the query is said, beside the answer."""
    outcome = indexed("query", 'storm AND (harbour "surge', "--json")
    assert json.loads(outcome.out)["warnings"]
    assert outcome.err.startswith("searchkit: ")


# -- exit codes and errors --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["query"],
        ["query", "two", "arguments"],
        ["query", "storm", "--sort", "price"],
        ["query", "storm", "--recency", "soon"],
        ["query", "storm", "--variant", "okapi"],
        ["query", "storm", "--proximity", "-1"],
        ["query", "storm", "--limit", "none"],
        ["query", "storm", "--since", "2020-02-30"],
        ["query", "storm", "--since", "2021", "--until", "2020"],
        ["query", "storm", "--since", "october"],
        ["query", "storm", "--since", "last month", "--now", "yesterday"],
        ["query", '(storm AND "surge', "--strict"],
        ["query", "storm", "--no-such-option"],
        ["query", "storm", "--timeline", "year", "--count"],
        ["query", "storm", "--facets", "source", "--jsonl"],
        ["query", "storm", "--timeline", "year", "--describe"],
        ["query", "storm", "--json", "--jsonl"],
        ["query", "storm", "--count", "--json"],
        ["query", "storm", "--describe", "--count"],
        ["query", "storm", "--explain", "--count"],
        ["query", "storm", "--explain", "--timeline", "year"],
        ["like", "storm-tamsin-2", "--json", "--jsonl"],
        ["like", "storm", "--where", "source"],
        ["like", "storm", "--where", "source=ap"],
        ["nonsense"],
        ["index"],
        ["index", "nowhere"],
        ["index", "no*where"],
        ["index", "seeds/README.md"],
        ["index", "seeds", "-i", "seeds"],
        ["index", "seeds", "--keys", "text"],
        ["index", "seeds", "--keys", "body=text"],
        ["index", "seeds", "-i", "new", "--analyzer", "klingon"],
        ["index", "seeds", "-i", "new", "--timezone", "Mars/Crater"],
        ["index", "seeds", "--title-weight", "2"],
        ["delete", "storm", "-i", "seeds"],
    ],
)
def test_bad_use_is_exit_code_2(indexed: Run, arguments: list[str]) -> None:
    outcome = indexed(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert arguments == [] or re.fullmatch(r"searchkit: .+\n", outcome.err)


def test_help_and_version(run: Run) -> None:
    assert (run("--version").code, run("--version").out) == (0, f"searchkit {searchkit.__version__}\n")
    for command in ("index", "query", "info", "check", "compact", "delete"):
        assert command in run("--help").out
        assert (run(command, "--help").code, run(command, "--help").err) == (0, "")


@pytest.mark.parametrize("command", [["query", "storm"], ["info"], ["check"], ["compact"], ["delete", "storm"]])
def test_trouble_with_the_index_is_exit_code_3(run: Run, tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "empty").mkdir()
    for where in ("nowhere", "empty"):
        outcome = run(*command, "-i", where)
        assert (outcome.code, outcome.out) == (3, "")
        assert re.fullmatch(rf"searchkit: .*{where}.*\n", outcome.err)
    run("index", "seeds", "-i", "damaged")
    for manifest in (tmp_path / "damaged").glob("manifest-*.json"):
        manifest.write_text("{}")
    assert run(*command, "-i", "damaged").code == 3


def test_a_bad_article_stops_the_commit_unless_told_otherwise(run: Run, tmp_path: Path) -> None:
    (tmp_path / "seeds" / "bad.txt").write_text("date 2020-02-30 No such day.")
    outcome = run("index", "seeds")
    assert outcome.code == 2
    assert re.fullmatch(r"searchkit: .*bad\.txt.*\n", outcome.err)
    assert run("query", "storm").code in (1, 3)
    outcome = run("index", "seeds", "--on-error", "skip")
    assert outcome.code == 0
    assert "3 added" in outcome.out
    assert "1 skipped" in outcome.out
    assert "bad.txt" in outcome.err
    assert run("index", "seeds", "--on-error", "undated").code == 0
    assert run("query", "day").ids == ["bad"]


def test_a_fault_of_ours_is_no_exit_code_of_a_search(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A traceback, and a code that means nothing else."""
    monkeypatch.setattr(searchkit, "open", lambda *_, **__: 1 // 0)
    (Path("indexes") / "default").mkdir(parents=True)
    outcome = run("query", "storm")
    assert outcome.code == 70
    assert "ZeroDivisionError" in outcome.err


# -- index, info, check, compact, delete ------------------------------------------------------------------------------


def test_index_reads_forms_and_keys_and_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("rows.csv").write_text("key,body,when,place\nr1,Boats at sea,2021-05,Holm\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"id": "s1", "text": "Boats on land"}\n')))
    outcome = run("index", "rows.csv", "-i", "new", "--keys", "id=key,text=body,date=when")
    assert outcome.code == 0
    assert re.match(r"1 added, 0 replaced, 0 skipped; 49 bytes in .* MB a second: new\n", outcome.out)
    assert run("index", "-", "-i", "new", "--format", "jsonl").code == 0
    assert sorted(run("query", "boats", "-i", "new").ids) == ["r1", "s1"]
    (hit,) = json.loads(run("query", "sea", "-i", "new", "--json").out)["hits"]
    assert (hit["date"], hit["fields"]) == ("2021-05", {"place": "Holm"})


def test_index_again_replaces(indexed: Run) -> None:
    assert "3 replaced" in indexed("index", "seeds").out
    assert json.loads(indexed("info", "--json").out)["articles"] == 3


def test_options_of_a_new_index(run: Run) -> None:
    assert run("index", "seeds", "-i", "bare", "--analyzer", "none", "--no-store").code == 0
    assert run("query", "boat", "-i", "bare").code == 1
    outcome = run("query", "boats", "-i", "bare")
    assert sorted(outcome.ids) == ["old/notes", "storm"]
    assert all(line.count("\t") == 3 for line in outcome.out.splitlines())
    assert json.loads(run("query", "boats", "-i", "bare", "--json").out)["hits"][0]["title"] is None


def test_the_environment_names_the_index(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEARCHKIT_INDEX", "elsewhere")
    assert run("index", "seeds").code == 0
    assert Path("elsewhere").is_dir()
    assert run("query", "mayor").ids == ["storm"]
    assert run("query", "mayor", "-i", "indexes/default").code == 3


def test_info_check_compact_and_delete(indexed: Run) -> None:
    assert re.search(r"^articles +3$", indexed("info").out, re.MULTILINE)
    assert (indexed("check").code, indexed("check").out) == (0, "ok\n")
    outcome = indexed("delete", "storm", "unknown")
    assert (outcome.code, outcome.out) == (0, "1 deleted\n")
    assert "'unknown'" in outcome.err
    assert indexed("delete", "storm").code == 1
    assert indexed("query", "mayor").code == 1
    told = indexed("compact").out
    figures = json.loads(indexed("info", "--json").out)
    assert figures["dead_bytes"] > 0
    assert told.endswith(f" -> 1 segment of {in_bytes(figures['live_bytes'])}\n")
    assert (figures["articles"], figures["segments"], figures["deleted"]) == (2, 1, 0)


def test_check_names_the_damage(indexed: Run) -> None:
    (segment,) = Path("indexes/default").glob("seg-*.sk")
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 1
    segment.write_bytes(data)
    outcome = indexed("check")
    assert outcome.code == 3
    assert segment.name in outcome.out + outcome.err


# -- articles in the place of an index --------------------------------------------------------------------------------


def test_a_folder_of_articles_answers_in_one_command(run: Run) -> None:
    outcome = run("query", "mayor", "-i", "seeds")
    assert (outcome.code, outcome.ids, outcome.err) == (0, ["storm"], "")
    assert Path("indexes/seeds").is_dir()
    assert sorted(path.name for path in Path("seeds").iterdir()) == ["README.md", "old", "storm.txt", "talks.txt"]


def generation(run: Run, where: str) -> int:
    return int(json.loads(run("info", "--json", "-i", where).out)["generation"])


def test_it_is_brought_up_to_date(run: Run) -> None:
    """Added, changed and removed files are noticed; without a change nothing is written."""
    seeds = Path("seeds")
    assert run("query", "boats", "-i", "seeds").code == 0
    first = generation(run, "seeds")
    assert generation(run, "seeds") == first
    (seeds / "new.txt").write_text("Boats again.")
    assert sorted(run("query", "boats", "-i", "seeds").ids) == ["new", "old/notes", "storm"]
    (seeds / "old" / "notes.txt").write_text("Ships, and nothing else.")
    assert sorted(run("query", "boats", "-i", "seeds").ids) == ["new", "storm"]
    assert run("query", "ships", "-i", "seeds").ids == ["old/notes"]
    (seeds / "storm.txt").unlink()
    (seeds / "talks.txt").rename(seeds / "old" / "talks.txt")
    assert run("query", "boats", "-i", "seeds").ids == ["new"]
    assert run("query", "barrier", "-i", "seeds").ids == ["old/talks"]
    assert json.loads(run("info", "-i", "seeds", "--json").out)["articles"] == 3
    (seeds / "new.txt").write_text("date 2020-13-13 No boats any more.")
    outcome = run("query", "boats", "-i", "seeds")
    assert outcome.code == 1
    assert "new.txt" in outcome.err


def test_files_of_many_articles_are_brought_up_to_date_too(run: Run) -> None:
    """Which articles a changed file used to hold is found out by reading everything again."""
    rows = Path("seeds/rows.jsonl")
    rows.write_text('{"id": "r1", "text": "Boats"}\n{"id": "r2", "text": "Boats"}\n')
    assert sorted(run("query", "boats", "-i", "seeds").ids) == ["old/notes", "r1", "r2", "storm"]
    rows.write_text('{"id": "r2", "text": "Boats"}\n{"id": "r3", "text": "Boats"}\n')
    assert sorted(run("query", "boats", "-i", "seeds").ids) == ["old/notes", "r2", "r3", "storm"]
    rows.unlink()
    assert sorted(run("query", "boats", "-i", "seeds").ids) == ["old/notes", "storm"]


def test_a_file_of_articles_is_an_index_too(run: Run) -> None:
    Path("rows.jsonl").write_text('{"id": "r1", "text": "Boats"}\n')
    assert run("query", "boats", "-i", "rows.jsonl").ids == ["r1"]
    assert Path("indexes/rows").is_dir()


def test_folders_of_the_same_name_do_not_mix(run: Run) -> None:
    """Nor with an index that somebody made there, nor with the default one."""
    for folder in ("one/news", "two/news", "default"):
        Path(folder).mkdir(parents=True)
        Path(folder, f"{folder[:3]}.txt").write_text(f"Boats of {folder}.")
    for _ in range(2):
        assert run("query", "boats", "-i", "one/news").ids == ["one"]
        assert run("query", "boats", "-i", "two/news").ids == ["two"]
        assert run("query", "boats", "-i", Path("one/news").resolve()).ids == ["one"]
        assert run("query", "boats", "-i", "default").ids == ["def"]
    assert not Path("indexes/default").exists()
    run("index", "one/news", "-i", "indexes/seeds")
    assert run("query", "mayor", "-i", "seeds").ids == ["storm"]
    assert run("query", "boats", "-i", "indexes/seeds").ids == ["one"]


def test_indexes_are_no_articles(run: Run) -> None:
    """The current folder can be searched though the indexes lie in it."""
    for _ in range(2):
        assert sorted(run("query", "boats", "-i", ".").ids) == ["seeds/old/notes", "seeds/storm"]
    assert run("query", "boats", "-i", "seeds").code == 0
    before = generation(run, ".")
    assert generation(run, ".") == before


def test_a_lost_index_of_articles_is_made_again(run: Run) -> None:
    """Whether the index, its note, or the end of its making was lost."""
    assert run("query", "mayor", "-i", "seeds").code == 0
    shutil.rmtree("indexes/seeds")
    assert run("query", "mayor", "-i", "seeds").ids == ["storm"]
    Path("indexes/seeds.sources").write_text("{")
    (outcome,) = {tuple(run("query", "mayor", "-i", "seeds").ids)}
    assert outcome == ("storm",)


def test_fear_of_two_first_calls_at_once(run: Run, tmp_path: Path) -> None:
    """Processes that find no index of the folder yet take turns; each answers, and one whole index is left."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "searchkit", "query", "boats", "-i", "seeds"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": package()},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        out, err = process.communicate(timeout=60)
        assert (process.returncode, err, out.count("\n")) == (0, "", 2)
    assert [path.name for path in Path("indexes").iterdir() if path.is_dir()] == ["seeds"]
    assert json.loads(run("info", "-i", "seeds", "--json").out)["articles"] == 3


def test_a_cursor_leads_to_the_next_page(indexed: Run) -> None:
    """Also after a commit of others; and a cursor of another query is bad use."""
    told = json.loads(indexed("query", "boats barrier", "--json", "-n", "1").out)
    (Path("seeds") / "more.txt").write_text("Boats, boats, boats and a barrier.", encoding="utf-8")
    assert indexed("index", "seeds/more.txt").code == 0
    following = indexed("query", "boats barrier", "--json", "-n", "9", "--after", told["cursor"])
    assert (following.code, following.err) == (0, "")
    page = json.loads(following.out)
    assert (len(page["hits"]), page["total"], page["cursor"]) == (2, 3, None)
    assert told["hits"][0]["id"] not in [hit["id"] for hit in page["hits"]]
    assert indexed("query", "boats", "--after", told["cursor"]).code == 2
    assert indexed("query", "boats", "--after", "x").code == 2


def test_a_timeline_is_lines_in_a_pipe_and_a_part_of_json(indexed: Run) -> None:
    """Of all articles, not of those that --limit shows; what lies in no period is told apart."""
    outcome = indexed("query", "boats OR barrier", "--timeline", "day", "--limit", "1")
    assert (outcome.code, outcome.out) == (0, "2020-10-02\t1\nunplaced\t1\nundated\t1\n")
    told = json.loads(indexed("query", "boats OR barrier", "--timeline", "year", "--json", "-n", "1").out)
    assert len(told["hits"]) == 1
    assert (told["timeline"]["by"], told["timeline"]["undated"], told["timeline"]["unplaced"]) == ("year", 1, 0)
    assert [(bucket["period"], bucket["count"]) for bucket in told["timeline"]["buckets"]] == [("2020", 2)]
    assert indexed("query", "absent", "--timeline", "year").code == 1


def test_a_note_that_cannot_be_written_is_not_there(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names it, nothing is left of it, and the next call does all."""

    def fsync(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        outcome = run("query", "boats", "-i", "seeds")
    assert outcome.code == 3 and "seeds.sources" in outcome.err
    assert list(Path("indexes").iterdir()) == []
    assert run("query", "boats", "-i", "seeds").code == 0


# -- terminals, pipes and signals -------------------------------------------------------------------------------------


def on_terminal(arguments: list[str], folder: Path, columns: int = 80) -> tuple[int, str]:
    """Run the command with a terminal for standard output and error; exit code and all that it showed."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm-256color", "PYTHONPATH": package()}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "searchkit", *arguments], cwd=folder, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:
            break
        if not data:
            break
        shown += data
    os.close(ours)
    return process.wait(timeout=60), shown.decode()


def package() -> str:
    return str(Path(searchkit.__file__).resolve().parent.parent)


def without_colour(shown: str) -> str:
    return re.sub("\x1b\\[[0-9;]*m", "", shown).replace("\r", "")


@pytest.mark.slow
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_standard_streams_may_be_closed(run: Run, tmp_path: Path, closed: str) -> None:
    """What would go there goes nowhere: to no file of the index that was given the number of a closed stream."""
    command = ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-m", "searchkit"]
    environment = {**os.environ, "PYTHONPATH": package()}
    wrong = subprocess.run([*command, "query"], env=environment, check=False, capture_output=True)
    done = subprocess.run([*command, "index", "seeds", "-i", "new"], env=environment, check=False, capture_output=True)
    assert (wrong.returncode, done.returncode) == (2, 0)
    assert run("check", "-i", "new", "--deep").out == "ok\n"


@pytest.mark.parametrize("columns", [20, 80])
def test_a_terminal_gets_readable_hits_in_colour(indexed: Run, tmp_path: Path, columns: int) -> None:
    code, shown = on_terminal(["query", "mayor boats"], tmp_path, columns)
    assert code == 0
    assert "\x1b[1;33mmayor" in shown
    plain = without_colour(shown)
    assert max(map(len, plain.splitlines())) <= columns
    words = " ".join(plain.split())
    assert "1. A storm surge flooded" in words
    assert "2020-10-02" in words
    assert "hits 1 to 2 of 2" in words


@pytest.mark.parametrize("columns", [20, 80])
def test_a_terminal_gets_a_timeline_as_bars(indexed: Run, tmp_path: Path, columns: int) -> None:
    code, shown = on_terminal(["query", "boats OR barrier", "--timeline", "month"], tmp_path, columns)
    assert code == 0
    lines = without_colour(shown).splitlines()
    assert [line.split()[0] for line in lines[:2]] == ["2020-09", "2020-10"]
    assert all("█" in line and line.endswith(" 1") for line in lines[:2])
    assert max(map(len, lines)) <= columns
    assert " ".join(" ".join(lines[2:]).split()) == "by month: 3 articles, 1 undated"


@pytest.mark.parametrize("columns", [20, 80])
def test_a_terminal_gets_facets_as_bars(run: Run, tmp_path: Path, columns: int) -> None:
    """Long and wide values are cut to half of the screen, and none steers it."""
    values = ["ap", "ap", "ap", "通信社" * 20, "\x1b]0;owned\x07"]
    lines = [json.dumps({"id": str(n), "text": "storm", "source": value}) for n, value in enumerate(values)]
    Path("news.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert run("index", "news.jsonl", "-i", "news", "--field", "source=keyword").code == 0
    code, shown = on_terminal(["query", "storm", "-i", "news", "--facets", "source"], tmp_path, columns)
    assert code == 0
    assert "\x1b]" not in shown
    name, *drawn = without_colour(shown).splitlines()
    assert name == "source"
    assert [line.split()[-1] for line in drawn] == ["3", "1", "1"]
    assert all("█" in line or "▏" in line or columns == 20 for line in drawn)
    assert max(map(len, drawn)) <= columns


def test_articles_cannot_steer_the_terminal(run: Run, tmp_path: Path) -> None:
    """Escape sequences in titles, ids, texts, queries and file names are shown as what they are: nothing."""
    evil = "\x1b]0;owned\x07\x9b2J[red]boats[/red]"
    Path("evil.jsonl").write_text(json.dumps({"id": evil, "title": evil, "text": f"{evil} sail.", "date": "2020"}))
    assert run("index", "evil.jsonl", "-i", "evil").code == 0
    code, shown = on_terminal(["query", "boats", "-i", "evil", "--explain"], tmp_path)
    assert code == 0
    assert "[red]" in without_colour(shown)
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", without_colour(shown))
    for style in ([], ["--json"], ["--jsonl"]):
        out = run("query", "boats", "-i", "evil", *style).out
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", out)
    assert json.loads(run("query", "boats", "-i", "evil", "--jsonl").out)["id"] == evil
    assert "\x1b" not in run("query", "x", "-i", f"no{evil}where").err
    named = "evil\x1b]named"
    for words in (["query", evil, "--describe", "-i", "evil"], ["snapshot", named, "-i", "evil"]):
        assert "\x1b" not in run(*words).out
    assert "\x1b" not in run("index", "evil.jsonl", "-i", named).out


def test_indexing_on_a_terminal_shows_progress(run: Run, tmp_path: Path) -> None:
    code, shown = on_terminal(["index", "seeds"], tmp_path)
    assert code == 0
    assert "articles" in shown
    assert "3 added" in shown
    code, shown = on_terminal(["query", "mayor", "-i", "seeds"], tmp_path)
    assert "3 articles read" in shown
    code, shown = on_terminal(["query", "mayor", "-i", "seeds"], tmp_path)
    assert "articles read" not in shown


def test_a_reader_that_leaves_early_causes_no_complaint(indexed: Run, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "searchkit", "query", "storm OR boats", "--json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": package()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    assert process.wait(timeout=60) == 0
    process.stderr.close()


def test_an_interrupt_is_exit_code_130_and_adds_nothing(run: Run, tmp_path: Path) -> None:
    # What runs in the background of a shell is started with interrupts ignored: listen to them again.
    program = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "import searchkit.index, searchkit.sources, searchkit.cli.program; from searchkit.cli import main; "
        "print('ready', flush=True); sys.exit(main())"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, "index", "-", "--format", "jsonl"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": package()},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write('{"id": "a", "text": "boats"}\n')
    process.stdin.flush()
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert re.fullmatch(r"searchkit: interrupted.*\n", err)
    assert not (tmp_path / "indexes").exists()


@pytest.mark.parametrize(("command", "told"), [("query", ""), ("compact", "; what was not yet committed .+")])
def test_an_interrupt_of_what_changes_nothing_tells_of_no_change(
    indexed: Run, monkeypatch: pytest.MonkeyPatch, command: str, told: str
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(searchkit.Index, {"query": "search"}.get(command, command), stop)
    outcome = indexed(command, *(["storm"] if command == "query" else []))
    assert outcome.code == 130
    assert re.fullmatch(f"searchkit: interrupted{told}\n", outcome.err)


def test_pipes_of_poor_encodings_get_escapes(indexed: Run, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "searchkit", "query", "barrier"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": package(), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    assert rb"\u201cstorm surge\u201d" in done.stdout


def test_a_query_on_an_index_loads_nothing_heavy(indexed: Run, tmp_path: Path) -> None:
    """Words and phrases with snippets need neither whoosh nor nltk; a pipe does not need rich."""
    program = (
        "import sys; from searchkit.cli import main; code = main(['query', '\"storm surge\" boats']); "
        "print([name for name in ('whoosh', 'nltk', 'rich', 'numpy') if name in sys.modules], code, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": package()},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == "[] 0\n"


def test_declared_fields_filter_sort_and_count(run: Run) -> None:
    """Declared for a new index or later; `--where`, `--sort` and `--facets`, in pipes and in JSON."""
    Path("news.jsonl").write_text(
        '{"id": "1", "text": "storm", "source": "ap", "words": 100, "paid": true}\n'
        '{"id": "2", "text": "storm", "source": "reuters", "words": 700}\n'
        '{"id": "3", "text": "storm calm", "source": "ap", "words": 600.5}\n',
        encoding="utf-8",
    )
    assert run("index", "news.jsonl", "-i", "news", "--field", "source=keyword", "--field", "words=Number").code == 0
    ask = ("query", "storm", "-i", "news")
    assert run(*ask, "--where", "source=ap", "--sort", "words").ids == ["1", "3"]
    assert run(*ask, "--where", "words>500", "--where", "source = ap").ids == ["3"]
    assert run(*ask, "--where", "words<=600.5", "--sort", "-words").ids == ["3", "1"]
    assert run("query", "storm source:reuters", "-i", "news", "--strict").ids == ["2"]
    assert run("like", "3", "-i", "news", "--where", "source=ap").ids == ["1"]
    assert run("like", "3", "-i", "news", "--where", "source=ap", "--where", "words>500").code == 1
    assert run(*ask, "--facets", "source", "--facets", "words").out.splitlines() == [
        *("source\tap\t2", "source\treuters\t1", "words\t100\t1", "words\t600.5\t1", "words\t700\t1"),
    ]
    assert json.loads(run(*ask, "--json", "--facets", "source").out)["facets"] == {"source": {"ap": 2, "reuters": 1}}
    assert run("index", "news.jsonl", "-i", "news", "--field", "paid=boolean").code == 0
    assert run(*ask, "--where", "paid=true", "--count").out == "1\n"
    assert 'and have "ap" in the field source' in run(*ask, "--where", "source=ap", "--describe").out
    shown = run("info", "-i", "news").out
    assert [line.split()[-1] for line in shown.splitlines() if "field " in line] == ["boolean", "keyword", "number"]
    for wrong in (("--where", "source"), ("--where", "other=1"), ("--where", "words>many"), ("--sort", "other"),
                  ("--facets", "other")):  # fmt: skip
        assert run(*ask, *wrong).code == 2, wrong
    for wrong in ("source", "source=text", "date=date", "words=keyword"):
        assert run("index", "news.jsonl", "-i", "news", "--field", wrong).code == 2, wrong
