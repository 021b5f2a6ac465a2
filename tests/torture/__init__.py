"""Torture rigs: whether what was committed is still there, after kills, power cuts, crowds and long runs.

    python -m tests.torture                   all rigs, in part: some minutes
    python -m tests.torture --full            all rigs, in full: hours
    python -m tests.torture crash replay      some of them

Each rig is one module with one function, which returns `Figures`: what it tried, what failed, how long it took.
`script.py` is the work that is done to an index while something goes wrong, and the comparison afterwards.
"""
