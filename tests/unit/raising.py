"""`with raises(SensorFault, "silent"):` for tests that run under CPython and MicroPython alike."""


class raises:  # noqa: N801 -- reads as a word of the test's sentence
    """Holds if its block raises `kind` (a fault with `word`, where given); keeps it in `.error`."""

    def __init__(self, kind, word=None):
        self.kind = kind
        self.word = word
        self.error = None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            raise AssertionError("nothing was raised, expected " + self.kind.__name__)
        if not issubclass(kind, self.kind):
            return False
        if self.word is not None and error.word != self.word:
            raise AssertionError(f"expected {self.word}, got {error}")
        self.error = error
        return True
