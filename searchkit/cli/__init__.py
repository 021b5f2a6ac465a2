"""The command line: one module for each command, as `searchkit --help` lists them.

Exit codes: 0 hits (or done), 1 no hit, 2 bad use, bad query or bad article, 3 trouble with the index or the disk, 130
interrupted, 70 a fault of this program. An error is one line on standard error. Colour, bars and tables appear only on
a terminal; pipes get plain lines.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

__all__ = ["main"]

DONE, NO_HIT, BAD_USE, INDEX_TROUBLE, FAULT, INTERRUPTED = 0, 1, 2, 3, 70, 130

ASKING = ("query", "like", "info", "export")  # commands that change nothing


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line (by default that of the process); the exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    _open_standard_streams()
    try:
        return _run(arguments)
    except KeyboardInterrupt:  # also while modules are loaded
        lost = "" if arguments[:1] and arguments[0] in ASKING else "; what was not yet committed is not in the index"
        return _complain(f"interrupted{lost}", INTERRUPTED)


def _run(arguments: list[str]) -> int:
    import click

    from searchkit.cli.program import program
    from searchkit.errors import ArticleError, DateError, IndexNotFound, QueryError, SearchkitError

    _forgive_encodings()
    try:
        with program.make_context("searchkit", arguments) as context:
            code = program.invoke(context)
        sys.stdout.flush()
        return int(code or DONE)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "searchkit"
        message, hint = error.format_message(), f"Try '{command} --help'."
        if command == "searchkit query":
            if isinstance(error, click.NoSuchOption):
                hint = f"A query that begins with a minus goes last, behind two: {command} -- '-word'. {hint}"
            elif "extra argument" in message:
                message, hint = f"{message}.", f"A query is one argument: {command} 'storm surge'. {hint}"
        return _complain(f"{message} {hint}", BAD_USE)
    except click.ClickException as error:
        return _complain(error.format_message(), BAD_USE)
    except (QueryError, DateError, ArticleError) as error:
        return _complain(str(error), BAD_USE)
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except IndexNotFound as error:
        return _complain(f"no index at {error.path}: make one with `searchkit index SOURCE... -i INDEX`", INDEX_TROUBLE)
    except (SearchkitError, OSError) as error:
        return _complain(str(error), INDEX_TROUBLE)
    except click.Abort:
        raise KeyboardInterrupt from None
    except Exception:
        import traceback

        traceback.print_exc()
        return _complain("this is a fault of searchkit itself; please report it with the lines above", FAULT)


def _complain(message: str, code: int) -> int:
    from searchkit.cli.screen import complain

    complain(message)
    return code


def _open_standard_streams() -> None:
    """Whoever closed one (`>&-`) wants nothing from it; its number must not go to a file of the index."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            number = os.open(os.devnull, os.O_RDWR)  # the lowest that is free
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8"))


def _forgive_encodings() -> None:
    """What the encoding of a pipe or terminal lacks is printed as an escape; it must not end the program."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
