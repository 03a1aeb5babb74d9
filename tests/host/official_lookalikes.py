"""Look-alikes of official MicroPython images: their real headers, segments and tables around segments of zeros."""

import hashlib
import json
import struct
from pathlib import Path

ROWS = json.loads((Path(__file__).parents[1] / "data" / "official_images.json").read_text())
FILES = [row["file"] for row in ROWS]
# MICROPY_HW_BOARD_NAME and MICROPY_HW_MCU_NAME of the board and its variant
MACHINES = {
    "ESP32_GENERIC": "Generic ESP32 module with ESP32",
    "ESP32_GENERIC-OTA": "Generic ESP32 module with OTA with ESP32",
    "ESP32_GENERIC-SPIRAM": "Generic ESP32 module with SPIRAM with ESP32",
    "ESP32_GENERIC_S3": "Generic ESP32S3 module with ESP32S3",
    "ESP32_GENERIC_S3-SPIRAM_OCT": "Generic ESP32S3 module with Octal-SPIRAM with ESP32S3",
}


def lookalike(file: str, machine: str = "", version: str = "") -> bytes:
    """The file of that name; `machine` and `version` replace what it says of itself."""
    row = next(row for row in ROWS if row["file"] == file)
    start = int(row["starts_at"], 16)
    texts = [version or row["version_strings"][0], machine or MACHINES[file.split("-20")[0]]]
    said = b"\0".join(text.encode() for text in ["", *texts, ""])
    app = _program(row["app"], bytes.fromhex(row["app"]["description_hex"]) + said)
    loader = _program(row["boot_loader"], b"")
    whole = loader.ljust(0x8000 - start, b"\xff") + bytes.fromhex(row["table_hex"])
    whole = whole.ljust(0x10000 - start, b"\xff") + app
    assert len(whole) == row["size"]
    return whole


def _program(row: dict, first: bytes) -> bytes:
    body, checksum = bytes.fromhex(row["header"]), 0xEF
    for address, size in row["segments"]:
        body += struct.pack("<II", int(address, 16), size) + first.ljust(size, b"\0")
        for byte in first:
            checksum ^= byte
        first = b""
    body += bytes(15 - len(body) % 16) + bytes([checksum])
    body += hashlib.sha256(body).digest()
    assert len(body) == row["length"]
    return body
