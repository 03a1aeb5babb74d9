"""HLK-LD2410 presence radar, byte for byte: ten reports a second at 256000 baud, commands between enable and end.

Hi-Link "HLK-LD2410C serial communication protocol" V1.00. Without a target it keeps the last distances and says only by
its state that nobody is there. After a restart it babbles for more than half a second.
"""

import struct

from .stream import Stream
from .uart_part import UartPart

REPORT, REPORT_END = b"\xf4\xf3\xf2\xf1", b"\xf8\xf7\xf6\xf5"
COMMAND, COMMAND_END = b"\xfd\xfc\xfb\xfa", b"\x04\x03\x02\x01"
PERIOD_US, BABBLE_US = 100000, 650000
ENABLE, END, READ, LIMITS, ENGINEERING, BASIC = 0xFF, 0xFE, 0x61, 0x60, 0x62, 0x63
SENSITIVITY, VERSION, BAUD, FACTORY, RESTART, MAC = 0x64, 0xA0, 0xA1, 0xA2, 0xA3, 0xA5
BAUDS = (9600, 19200, 38400, 57600, 115200, 230400, 256000, 460800)
GATE_MM = 750
SETTINGS = {
    "baud": 256000, "gates": [8, 8], "seconds": 5,
    "moving": [50, 50, 40, 30, 20, 15, 15, 15, 15], "still": [0, 0, 40, 40, 30, 30, 20, 20, 20],
}  # fmt: skip


class Twin(UartPart):
    """Quantities: moving_mm and still_mm (negative: no such target), moving_energy, still_energy (percent), detect_mm
    (negative: the nearer of the two)."""

    QUANTITIES = ("moving_mm", "still_mm", "moving_energy", "still_energy", "detect_mm")

    def __init__(self, options):
        defaults = {"moving_mm": -1, "still_mm": -1, "moving_energy": 60, "still_energy": 55, "detect_mm": -1}
        super().__init__(options, SETTINGS["baud"], defaults)
        self._saved = dict(SETTINGS)
        self._answer_us = options.get("answer_ms", 5) * 1000
        if "state" in options:
            self.restore(options["state"])
        self._boot(None)

    def _boot(self, now_us):
        """Start; `now_us` None: whenever it is first listened to."""
        self._stream = Stream()
        self._babble_until = None if now_us is None else now_us + BABBLE_US
        self.baud = self._saved["baud"]
        self._configuring = self._engineering = False
        self._heard = b""
        self._last = [0, 0, 0]  # moving, still, detected, in centimetres

    def state(self):
        return {"saved": self._saved}

    def restore(self, state):
        self._saved = dict(SETTINGS)
        self._saved.update(state["saved"])

    def running(self):
        return {"last": self._last, "modes": [self._configuring, self._engineering]}

    def resume(self, running):
        self._babble_until = 0  # only the node was reset
        self._last = running["last"]
        self._configuring, self._engineering = running["modes"]

    def emitted(self, now_us):
        if self._babble_until is None:
            self._babble_until = now_us + BABBLE_US
        for at_us in self._stream.due(now_us, PERIOD_US):
            if at_us < self._babble_until:
                self._wire.send(bytes(self._wire.random() for _ in range(23)), at_us, self.baud)
            elif not self._configuring:
                self._wire.send(self._report(at_us), at_us, self.baud)
        return self._wire.emitted(now_us)

    def _report(self, at_us):
        values = self._quantities.at(at_us)
        targets = [values["moving_mm"], values["still_mm"]]
        there = [mm for mm in targets if mm >= 0]
        detected = values["detect_mm"]
        if detected < 0 and there:
            detected = min(there)
        for index, mm in enumerate(targets + [detected]):
            if mm >= 0:
                self._last[index] = int(mm) // 10
        state = (1 if targets[0] >= 0 else 0) | (2 if targets[1] >= 0 else 0)
        energies = int(values["moving_energy"]), int(values["still_energy"])
        moving, still, detect = self._last
        body = struct.pack("<BHBHBH", state, moving, energies[0], still, energies[1], detect)
        if self._engineering:
            body += bytes(self._saved["gates"])
            for mm, energy in zip(targets, energies):
                body += bytes(energy if mm >= 0 and at == mm // GATE_MM else 4 for at in range(9))
            body += b"\x03\x05"
        body = bytes([1 if self._engineering else 2, 0xAA]) + body + b"\x55\x00"
        if self._wire.spoils_checksum:
            body = body[:-2] + b"\xaa\x00"  # there is no sum: its tail is what can be checked
        return REPORT + struct.pack("<H", len(body)) + body + REPORT_END

    def written(self, data, now_us):
        self._heard = (self._heard + bytes(data))[-128:]
        while True:
            start = self._heard.find(COMMAND)
            if start < 0:
                return
            frame = self._heard[start:]
            if len(frame) < 8:
                return
            length = frame[4] | frame[5] << 8
            if len(frame) < 10 + length:
                return
            self._heard = frame[10 + length :]
            if frame[6 + length : 10 + length] == COMMAND_END:
                self._obey(frame[6], frame[8 : 6 + length], now_us)

    def _obey(self, command, payload, now_us):
        if command == ENABLE:
            self._configuring = True
        if not self._configuring:
            return  # whoever does not enable first is not heard
        answer = self._answer(command, payload)
        body = bytes([command, 1]) + (b"\1\0" if answer is None else b"\0\0" + answer)
        frame = COMMAND + struct.pack("<H", len(body)) + body + COMMAND_END
        self._wire.send(frame, now_us + self._answer_us, self.baud)
        if command == END:
            self._configuring = False
        elif command == RESTART:
            self._boot(now_us + self._answer_us)

    def _answer(self, command, payload):
        """The data after the success word of the answer; None: it failed."""
        saved = self._saved
        if command == ENABLE:
            return b"\1\0\x40\0"
        if command == READ:
            levels = bytes(saved["moving"]) + bytes(saved["still"])
            return b"\xaa\x08" + bytes(saved["gates"]) + levels + struct.pack("<H", saved["seconds"])
        if command == VERSION:
            return bytes([0, 0, 2, 1, 0x16, 0x24, 0x06, 0x22])
        if command == MAC:
            return bytes([0x8F, 0x27, 0x2E, 0xB8, 0x0F, 0x65])
        if command in (ENGINEERING, BASIC):
            self._engineering = command == ENGINEERING
        elif command in (LIMITS, SENSITIVITY) and len(payload) == 18:
            _, first, _, second, _, third = struct.unpack("<HIHIHI", payload)
            if command == SENSITIVITY:
                return self._sensitivity(first, second, third)
            if first > 8 or second > 8 or third > 65535:
                return None
            self._saved = dict(saved, gates=[first, second], seconds=third)
        elif command == BAUD and len(payload) == 2 and 1 <= payload[0] <= len(BAUDS):
            self._saved = dict(saved, baud=BAUDS[payload[0] - 1])  # after the next start
        elif command == FACTORY:
            self._saved = dict(SETTINGS)
        elif command not in (END, RESTART):
            return None
        return b""

    def _sensitivity(self, gate, moving, still):
        """For one gate, or all (65535); still targets cannot be set on the first two."""
        if (gate > 8 and gate != 0xFFFF) or moving > 100 or still > 100:
            return None
        levels = {"moving": list(self._saved["moving"]), "still": list(self._saved["still"])}
        for at in range(9) if gate == 0xFFFF else (gate,):
            levels["moving"][at] = moving
            if at > 1:
                levels["still"][at] = still
        self._saved = dict(self._saved, **levels)
        return b""
