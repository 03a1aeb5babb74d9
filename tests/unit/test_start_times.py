"""ops/start_times.py: one line of the log that a program can read says when each step of a start was done."""

from journal_on_ram import Ticks
from lamppost.ops.start_times import StartTimes


def test_a_start_is_one_line_with_each_step_in_ms_since_its_beginning():
    ticks, lines = Ticks(), []
    ticks.ms = 700
    times = StartTimes(lambda: ticks.ms, lambda later, earlier: later - earlier, 200, lines.append)
    times.mark("window", 500)
    times.mark("import")
    ticks.ms = 2700
    times.finish()
    ticks.ms = 9000
    times.mark("late")
    times.finish()
    assert lines == ["start: done after ms: window=300 import=500 telemetry=2500"]
