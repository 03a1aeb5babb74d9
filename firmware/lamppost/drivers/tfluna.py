"""TF-Luna: the small lidar for up to 8 m, sending at 115200 baud, or with registers on I2C where its pin 5 lies low.

Source: Benewake, TF-Luna manual A05, 6.3 (I2C), 6.4 (data), 6.9 (limits) and its appendix III (registers). Its own
temperature is left alone: it is the chip's, in eighths of a degree on the UART and in hundredths over I2C.
"""

from micropython import const

from ..core.faults import SensorFault
from . import lidar_frame

_FARTHEST_MM = const(8160)  # 8 m and the accuracy of 2 %; it may say up to 9 m, which the manual calls unreliable
_STRONGEST = const(32768)  # above, the sun shines into it; 65535: blinded
_DATA, _SIZE = const(0x00), const(10)  # distance, strength, temperature, time stamp, error: two bytes each
_TRIES = const(4)
_STILL = const(10)  # reads after which even a wall in the dark has moved a strength or a time stamp


def decode(data):
    """Bytes of the stream, cut anywhere -> reading of the newest whole frame.

    Ten bytes without a header (59 59) among them are the registers 00..09 of the I2C; ten bytes of a stream always
    hold one.
    """
    if len(data) == _SIZE and bytes(data).find(b"\x59\x59") < 0:
        return lidar_frame.echo(data, 0, _FARTHEST_MM, _STRONGEST)
    return lidar_frame.decode(data, _FARTHEST_MM, _STRONGEST)


class Tfluna(lidar_frame.Lidar):
    """One lidar on `bus`, a UART or an I2C."""

    LIMITS = (("d_mm", 200, _FARTHEST_MM), ("strength", 100, _STRONGEST))
    _last = None
    _same = 0

    def _decode(self, data):
        if self._fetch:
            return lidar_frame.echo(data, 0, _FARTHEST_MM, _STRONGEST)
        return decode(data)

    async def _fetched(self):
        """The registers, read until they are twice the same: the part changes them in the middle of a read."""
        data = None
        for _ in range(_TRIES):
            before = data
            data = self._bus.read(self._address, _DATA, _SIZE)
            if data == before:
                break
        else:
            raise SensorFault("garbled", "the registers change while they are read")
        self._same = self._same + 1 if data == self._last else 0
        self._last = data
        if self._same >= _STILL:  # switched off, or waiting for triggers: the last distance stays for ever
            raise SensorFault("silent", "the registers do not change")
        return data
