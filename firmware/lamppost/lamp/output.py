"""The interface of the lamp's outputs: relay, 0-10 V and 1-10 V, DALI.

dimming.py decides on the level: it clips it to the luminaire's limits, ramps it, and keeps the pauses that gear and
relay need. An output only gives the lamp the level that it is told.
"""

FULL = 1000  # permille of light


class Output:
    """What every output offers; this one drives nothing.

    An output is made early in the start, and leaves the lamp on while it is made. In hardware the lamp is on as well
    while the chip is reset, hangs or has no firmware: the relay's contact is normally closed, the dimming line open.

    DIMS -- False: the lamp is on or off
    luminaires -- {short address: dali_banks.luminaire()} of gear that knows its luminaire
    busy -- True: it does something that a restart would leave half done
    warned -- {alarm code: evidence, "" if the alarm is not raised} of what the output itself notices of the lamp
    """

    DIMS = True

    def __init__(self):
        self.busy = False
        self.warned = {}
        self.luminaires = {}

    def set(self, permille):
        """Give the lamp this level now: 0 is off, otherwise tenths of a per cent of light within the limits.

        Called at each step of a ramp, every 50 ms, and once when it has ended. It must return at once: an output
        on a bus notes the level here, and sends it in attend().
        """

    async def attend(self):
        """What the output has to do besides, such as to send, to repeat and to query; called ten times a second.

        It may take up to 10 s, and raises nothing that it expects: what is wrong with the lamp goes into `warned`.
        """

    def report(self):
        """JSON members (text) that tele/light has of this output, "" for none."""
        return ""
