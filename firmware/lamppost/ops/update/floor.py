"""The oldest version that may come over the air, also kept in the chip's NVS, which an erased file system leaves.

The higher one of the state file and NVS counts. Only erasing the whole flash by cable resets both.
"""

from .release import is_older, numbers

_KEY = "floor"
_MOST = 32  # bytes


def _canonical(version):
    """Three numbers: NVS has little room."""
    return ".".join([str(number) for number in numbers(version)[:3]])


class Floor:
    """nvs -- an esp32.NVS of the product"""

    def __init__(self, nvs):
        self._nvs = nvs

    def _noted(self):
        text = bytearray(_MOST)
        try:
            return str(text[: self._nvs.get_blob(_KEY, text)], "utf-8")
        except (OSError, ValueError):  # never written, or not by this product
            return "0"

    def highest(self, version):
        """This version, or the one in NVS if that is higher."""
        noted = self._noted()
        return noted if is_older(version, noted) else version

    def raise_to(self, version):
        """Note a version that is higher than the one in NVS. Raises OSError."""
        if is_older(self._noted(), version):
            self._nvs.set_blob(_KEY, _canonical(version).encode())
            self._nvs.commit()
