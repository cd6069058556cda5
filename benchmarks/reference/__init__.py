"""What the benchmarks measure with: the reference models, the usual Lambda, and how results are written down."""
