"""Micro-benchmarks of the compiled core: each kernel beside the limit of the machine it runs on. See README.md."""
