"""`make nights`: power cuts at random instants of a virtual lamppost's night: when the lamp is on and in its programme.

The lamppost has a battery clock, as without one its programme begins only once a time server has answered.
"""

from __future__ import annotations

import datetime
import random
import sys
import tempfile
from pathlib import Path

sys.path += [str(Path(__file__).parents[1] / folder) for folder in ("virtual", "interop", "powercut")]

from night_lamp import LATE, LISBON, RTC, Lamp  # noqa: E402

ON_S, PROGRAMME_S = 2, 10
LEVEL = 500  # permille, of the programme after 23:00
NIGHT = datetime.datetime(2026, 12, 21, 23, 5, tzinfo=datetime.UTC)


def measured(cuts: int, seed: int = 1) -> dict[str, float]:
    """{"cuts", "on_s", "programme_s"}: the longest times after so many cuts, each 0 to 20 s after the power came."""
    chance = random.Random(seed)
    worst = {"cuts": cuts, "on_s": 0.0, "programme_s": 0.0}
    with tempfile.TemporaryDirectory() as folder:
        street = Lamp(
            Path(folder), parts=[RTC], luminaire={}, start=NIGHT, location=LISBON,
            lamp={"output": "0-10v", **LATE},
        )  # fmt: skip
        try:
            street.node.start()
            street.wait("evt/clock")
            street.live(15)  # the battery clock is set
            for _ in range(cuts):
                street.node.power_off()
                street.node.elapse(chance.uniform(1, 30))
                back, changes = street.node.utc(), []
                listening = [True]

                def note(permille, back=back, changes=changes, listening=listening):
                    if listening[0]:
                        changes.append(((street.node.utc() - back).total_seconds(), permille))

                street.node.on_light(note)
                street.node.power_on()
                street.live(15)
                listening[0] = False
                on = next((at for at, permille in changes if permille), 99.0)
                settled = next((at for at, permille in changes if abs(permille - LEVEL) <= 1), 99.0)
                worst["on_s"], worst["programme_s"] = max(worst["on_s"], on), max(worst["programme_s"], settled)
                street.live(chance.uniform(0, 20))
        finally:
            street.close()
    return worst


def main() -> int:
    found = measured(20)
    print(
        f"cuts: {found['cuts']} power cuts, lamp on after {found['on_s']:.1f} s at most, "
        f"in its programme after {found['programme_s']:.1f} s at most"
    )
    return not (found["on_s"] <= ON_S and found["programme_s"] <= PROGRAMME_S)


if __name__ == "__main__":
    sys.exit(main())
