"""`python -m tests.torture`; the rigs are imported as `torture`, beside the oracle, as the tests import them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from torture.program import main

if __name__ == "__main__":
    sys.exit(main())
