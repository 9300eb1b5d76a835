"""What is counted while something happens."""

import subprocess
import sys

import psutil
import pytest

from benchmarks.measures import Phase, Watch, cpu_seconds

BURN = "import time\nwhile time.process_time() < 0.2: pass\n"
# One child burns and ends, another one burns and lives on; then it says so.
PARENT = """
from subprocess import PIPE, Popen, run
import sys
burn = sys.argv[1]
run([sys.executable, "-c", burn])
living = burn + "print(1, flush=True); input()"
child = Popen([sys.executable, "-c", living], stdin=PIPE, stdout=PIPE)
child.stdout.readline()
print("burnt", flush=True)
input()
child.communicate(b"end")
"""


def test_the_cpu_time_of_a_process_includes_its_children_living_and_dead():
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, BURN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "burnt\n"

        used = cpu_seconds(psutil.Process(parent.pid))

        parent.communicate("end\n")
    # 0.2 each, less what the kernel's ticks of 10 ms leave out; one of them alone is 0.2 and a bit.
    assert used >= 0.35


def test_a_watch_tells_what_was_used_since_it_was_made_by_name():
    earlier = cpu_seconds(psutil.Process())
    watch = Watch({"client": [psutil.Process()], "nobody": []})

    seconds, cpu = watch.stop()

    assert 0 <= cpu["client"] < max(earlier, 0.1)
    assert cpu["nobody"] == 0
    assert 0 < seconds < 10


def test_a_phase_is_told_per_task():
    phase = Phase(tasks=1000, seconds=0.5, cpu_seconds={"worker": 0.1})

    assert phase.per_second == 2000
    assert phase.cpu_microseconds["worker"] == pytest.approx(100)
