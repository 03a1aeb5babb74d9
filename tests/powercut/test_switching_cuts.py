"""The switching log survives each cut of the power; `make powercut` cuts at every operation."""

from lamplighter import paths

paths.importable()

import switching_cuts  # noqa: E402
from lamppost.journal.counters import Counters  # noqa: E402


def test_no_cut_loses_a_row_or_breaks_the_chain():
    result = switching_cuts.sweep(boots=2, stride=3)
    assert result["wrong"] == [] and result["cuts"] >= 60


class Late(Counters):
    """Notes reach the flash some time later, as if the log did not ask for more."""

    def keep(self, name, data, now=False):
        super().keep(name, data, False)


def test_the_sweep_finds_a_log_that_is_not_noted_before_it_is_committed():
    assert switching_cuts.sweep(boots=2, stride=3, counters=Late)["wrong"]
