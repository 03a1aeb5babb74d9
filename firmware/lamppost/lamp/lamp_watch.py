"""Watches the lamp: meter, control and output on one side, alarms on the other."""

from micropython import const

from ..core.sun import height
from .dali_output import WARNINGS
from .diagnosis import CODES, Diagnosis
from .lamp_alarms import LampAlarms

_POLL_S = const(1)
_WARM_S = const(60)
# those that only gear on a bus tells of are judged by the output
ALL_CODES = CODES + tuple([code for code in WARNINGS if code not in CODES])


class LampWatch:
    """options -- `lamp` of the configuration; location -- {"lat", "lon"}; zone -- core/zone.py
    output, dimmer, control -- of the lamp; cuts_supply -- at level 0 a relay cuts the supply of the gear
    celsius -- function for the temperature of the chip, None where it has none
    """

    def __init__(self, options, location, zone, output, dimmer, control, alarms, clock, cuts_supply, celsius):
        self._lat, self._lon = location["lat"], location["lon"]
        self._output = output
        self._dimmer = dimmer
        self._control = control
        self._clock = clock
        self._celsius = celsius
        self.diagnosis = Diagnosis(options, cuts_supply)
        self._alarms = LampAlarms(alarms, clock, zone, ALL_CODES)
        self._polled_s = self._warm_s = None
        self._day = (None, False)  # (minute, the sun is up)

    def take(self, reading):
        """A good reading of the meter on the lamp."""
        off_by_day = self._control.asked == 0 and self._sun_is_up()
        self.diagnosis.take(
            self._clock.uptime_s(), self._dimmer.level, reading["p_mw"], reading.get("u_mv"), reading.get("pf"),
            off_by_day,
        )  # fmt: skip

    def poll(self):
        """Bring the alarms up to date; called several times a second."""
        now_s = self._clock.uptime_s()
        if self._polled_s is not None and now_s - self._polled_s < _POLL_S:
            return
        self._polled_s = now_s
        if self._celsius and (self._warm_s is None or now_s - self._warm_s >= _WARM_S):
            self._warm_s = now_s
            self.diagnosis.warm(now_s, self._celsius())
        judged, evidence = dict(self.diagnosis.judged), dict(self.diagnosis.evidence)
        for code, words in self._output.warned.items():
            if words:
                judged[code], evidence[code] = True, words
            elif judged.get(code) is None:
                judged[code] = False
        self._alarms.poll(judged, evidence)

    def _sun_is_up(self):
        utc_s = self._clock.utc_s()
        if utc_s is None:
            return False
        if self._day[0] != utc_s // 60:
            self._day = utc_s // 60, height(utc_s, self._lat, self._lon) > 0
        return self._day[1]

