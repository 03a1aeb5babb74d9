"""Common behaviour of all twins: values from outside, faults on demand, and no state over a power cut."""

from .quantities import Quantities


class Part:
    """A Twin without its bus. defaults -- {quantity: value}; faults -- of its bytes, a Wire or Lines; puts -- as of
    Quantities"""

    def __init__(self, options, defaults, faults, puts=None):
        self._quantities = Quantities(defaults, options, puts)
        self._faults = faults

    def set(self, **values):
        self._quantities.set(values)

    def fault(self, kind, **options):
        self._faults.fault(kind, options)
        self._quantities.stuck = kind == "stuck"

    def state(self):
        return {}  # nothing outlives a power cut, unless a part says otherwise

    def restore(self, state):
        pass
