"""TFmini-S: a lidar that sends its distance a hundred times a second at 115200 baud, or gives it over I2C when asked.

Source: Benewake, TFmini-S product manual A00, 5 (frame), 6 (I2C) and 7 (commands).
"""

import asyncio

from micropython import const

from . import lidar_frame

_FARTHEST_MM = const(12000)
_STRONGEST = const(65534)  # 65535: blinded
_ASK_CM = b"\x5a\x05\x00\x01\x60"
_READY_MS = const(6)


def decode(stream):
    """Bytes of the stream, cut anywhere, or the same frame over I2C -> reading of the newest whole frame."""
    return lidar_frame.decode(stream, _FARTHEST_MM, _STRONGEST)


class Tfmini(lidar_frame.Lidar):
    """One lidar on `bus`, a UART or an I2C; I2C must be enabled once over its UART."""

    LIMITS = (("d_mm", 100, _FARTHEST_MM), ("strength", 100, _STRONGEST))

    def _decode(self, data):
        return decode(data)

    async def _fetched(self):
        self._bus.write(self._address, _ASK_CM)
        await asyncio.sleep_ms(_READY_MS)
        return self._bus.read(self._address, lidar_frame.FRAME)
