"""`python -m searchkit`: the same as the command `searchkit`."""

import sys

from searchkit.cli import main

sys.exit(main())
