"""``procrastinate worker``, as its command line starts it."""

from __future__ import annotations

import os
import sys

from procrastinate.cli import main

if __name__ == "__main__":
    sys.argv[1:] = ["--app", "benchmarks.peers.procrastinate.tasks.app", "worker"]
    sys.argv += ["--concurrency", os.environ["BENCH_CONCURRENCY"]]
    main()
