"""Switches the lamp by a relay whose contact is normally closed: the lamp is on unless the coil is driven."""

from .output import Output


class Relay:
    """The relay in the supply of the gear; pin -- an output pin, high drives the coil and opens the contact."""

    def __init__(self, pin):
        self._pin = pin
        pin(0)

    def close(self, closed):
        """Give the gear its supply, or cut it."""
        self._pin(0 if closed else 1)


class RelayOutput(Output):
    """A lamp that is on or off; relay -- Relay"""

    DIMS = False

    def __init__(self, relay):
        super().__init__()
        self._relay = relay

    def set(self, permille):
        self._relay.close(permille > 0)
