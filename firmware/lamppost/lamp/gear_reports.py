"""tele/gear/{gear}: what DALI gear keeps of its energy, itself and its lamp, daily and when it reports a fault."""

import json

from ..core.payload import body
from ..core.quality import UNAVAILABLE, VALID

# name of the message: (bank, name in drivers/dali_banks.py, to the integer of core/quantities.py)
_MEASURED = (
    ("gear_mwh", "energy", "import_mwh", 1), ("p_mw", "energy", "p_mw", 1), ("u_mv", "gear", "u_mv", 1),
    ("pf", "gear", "pf_percent", 1), ("gear_t", "gear", "temperature", 10), ("lamp_u_mv", "lamp", "u_mv", 1),
    ("lamp_i_ma", "lamp", "i_ma", 1), ("lamp_t", "lamp", "temperature", 10),
)  # fmt: skip
_COUNTED = (
    ("gear_s", "gear", "operating_s"), ("gear_starts", "gear", "starts"), ("gear_failures", "gear", "failures"),
    ("lamp_s", "lamp", "burn_s"), ("lamp_starts", "lamp", "starts"), ("lamp_failures", "lamp", "failures"),
    ("life_h", "rated", "life_h"), ("life_starts", "rated", "starts"),
)  # fmt: skip
QUANTITIES = tuple([row[0] for row in _MEASURED])


class GearReports:
    """output -- dali_output.py; polled as sensing objects are."""

    retain = True  # the last reading is up to a day old

    def __init__(self, output, clock):
        self._output = output
        self._clock = clock

    def poll(self):
        """(topic suffix, body, stamp) of the next gear that was read; or None."""
        if not self._output.fresh:
            return None
        short = self._output.fresh.pop(0)
        return b"tele/gear/%d" % short, message(self._output.readings[short]), self._clock.stamp()

    def report_again(self):
        """The broker has forgotten them: poll() has the last readings again."""
        self._output.fresh[:] = sorted([short for short in self._output.readings if self._output.readings[short]])


def message(found):
    """The body; found -- {bank: values} of one gear. What it does not have or know is null."""
    values = []
    for name, bank, key, factor in _MEASURED:
        value = found.get(bank, {}).get(key)
        values.append((name, None if value is None else value * factor))
    letters = {name: UNAVAILABLE if value is None else VALID for name, value in values}
    counted = ['"%s":%s' % (name, json.dumps(found.get(bank, {}).get(key))) for name, bank, key in _COUNTED]
    return body(values, letters, ",".join(counted))
