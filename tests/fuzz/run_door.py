"""A door under atheris: `python run_door.py NAME` and libFuzzer's own arguments."""

import sys

import atheris

# Late, and watched: coverage is that of searchkit's own modules.
with atheris.instrument_imports(include=["searchkit"]):
    from fuzz.doors import DOORS

if __name__ == "__main__":
    door = DOORS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, door)
    atheris.Fuzz()
