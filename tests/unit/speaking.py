"""What the parts of the shelf say: the example of each, captured answers, and a clean line to listen to."""

import os
from binascii import unhexlify

from captured import rows, text
from float_answers import answer as registers
from float_answers import image

SHELF = __file__.rsplit("/", 1)[0] + "/../../host_tools/lamplighter/parts/shelf/"
# captured answers besides the example: part id -> (part as the file of captures names it, direction)
_CAPTURED = {
    "pzem004t": ("PZEM", "response"), "cse7766": ("CSE7766", ""), "bl0942": ("BL0942", "response"),
    "bl0940": ("BL0940", "response"), "a02yyuw": ("A02YYUW", "frame"), "ld2410": ("HLK-LD2410", "report"),
    "pms5003": ("PMS5003/", ""), "pms5003t": ("PMS5003T", "frame"), "pms3003": ("PMS3003", ""),
    "sds011": ("SDS011", "data"), "sps30": ("SPS30 (SHDLC)", "response"), "scd41": ("SCD4x", "response"),
    "sht4x": ("SHT4x", "response"), "bme280": ("BME280", ""), "bmp280": ("BMP280", ""),
}  # fmt: skip
_PHASE = {0x00: 230.5, 0x06: 0.5, 0x0C: 100.0, 0x12: 110.0, 0x46: 50.0, 0x48: 12.5, 0x4A: 0.5}
_THREE = {2 * n: 230.5 for n in range(3)}
_THREE.update({6 + 2 * n: 0.5 for n in range(3)})
_THREE.update({0x0C + 2 * n: 100.0 for n in range(3)})
_THREE.update({0x34: 300.0, 0x38: 330.0, 0x46: 50.0, 0x48: 12.5, 0x4A: 0.5})
_CHINT = {0x2000: 230.5, 0x2002: 0.5, 0x2004: 0.1, 0x2006: 0.05, 0x200A: 0.9, 0x200E: 50.0, 0x4000: 12.5, 0x400A: 0.5}
_FLOATS = {"sdm120": _PHASE, "sdm630": _THREE, "ddsu666": _CHINT}


def parts():
    """Every part id."""
    return sorted([name[:-5] for name in os.listdir(SHELF) if name.endswith(".toml")])


def _said(part_id, key):
    """The text of one key in a part's file of the shelf: MicroPython reads no TOML."""
    for line in text(SHELF + part_id + ".toml").split("\n"):
        if line.startswith(key + ' = "'):
            return line.split('"')[1]
    raise KeyError(key)


def example(part_id):
    return unhexlify(_said(part_id, "example").replace(" ", ""))


def on_a_line(part_id):
    """True for a part of a UART or RS-485: its bytes come with noise around."""
    return _said(part_id, "bus") != "i2c"


def captures(part_id):
    """The example and what was captured of it, good or bad."""
    found = [example(part_id)]
    if part_id in _CAPTURED:
        found += [data for _, data in rows(*_CAPTURED[part_id])]
    return found


def reply(part_id, request):
    """What a part on a clean line answers to a question, or sends by itself (b"")."""
    if part_id in _FLOATS:
        return registers(request, image(_FLOATS[part_id]), (3, 4)) if request else b""
    if part_id == "sps30" and request and request[2:3] != b"\x03":
        return bytes((0x7E, 0, request[2], 0, 0, ~request[2] & 0xFF, 0x7E))
    return example(part_id) * (4 if part_id in ("tfmini", "tfluna") else 1)
