"""An energy register that grows with the power over simulated time: exact, whatever the steps of time are."""

MW_US_PER_WH = 3600 * 1000 * 1000000
MW_US_PER_J = 1000 * 1000000


class Energy:
    """wh -- what stands in it. Held in milliwatts times microseconds."""

    def __init__(self, wh=0):
        self.put(wh)
        self._power_mw = 0
        self._metered_us = None

    def put(self, wh):
        self.held = int(wh * MW_US_PER_WH)

    def meter(self, now_us, power_mw, stuck=False):
        """Carry on to now; from now on `power_mw` counts. Stuck: what passed meanwhile is not counted."""
        if self._metered_us is not None and not stuck:
            self.held += self._power_mw * (now_us - self._metered_us)
        self._metered_us = now_us
        self._power_mw = int(power_mw)

    @property
    def wh(self):
        return self.held // MW_US_PER_WH
