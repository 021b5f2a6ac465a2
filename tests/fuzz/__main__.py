"""`python -m tests.fuzz`; imported as `fuzz`, beside the other helpers of the tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fuzz.program import main

if __name__ == "__main__":
    sys.exit(main())
