"""This library beside its peers: the same articles, the same queries, one run. `python -m benchmarks --help`."""
