"""``taskiq worker`` with one process, as its command line starts it."""

from __future__ import annotations

import os
import sys

from taskiq.__main__ import main

if __name__ == "__main__":
    concurrency = os.environ["BENCH_CONCURRENCY"]
    sys.argv[1:] = ["worker", "benchmarks.peers.taskiq.tasks:broker", "--workers=1"]
    sys.argv.append(f"--max-async-tasks={concurrency}")
    main()
