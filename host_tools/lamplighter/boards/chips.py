"""The properties of each chip: pins, free UARTs, PSRAM, id in image headers. From Espressif's datasheets."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Chip:
    """One chip family. A pin is refused when the chip or its PSRAM uses it, and warned of when it is in `delicate`."""

    name: str
    title: str
    image_id: int  # chip id in the extended header of every image
    offset: int  # where the second-stage boot loader lies in flash
    pins: frozenset[int]
    taken: dict[int, str]  # pin: what it is for on every module
    flash: dict[int, str]  # pins of the flash chip, in the same way
    psram: dict[str, dict[int, str]]  # kind of PSRAM that the chip can have: the pins that it uses
    input_only: frozenset[int]
    delicate: dict[int, str]  # pin: why to think twice
    uarts: tuple[int, ...]  # UART 0 is the console
    i2cs: tuple[int, ...]
    load_addresses: tuple[int, int] = field(repr=False)  # (mapped flash data, instruction RAM)
    reset_state: int = field(repr=False)  # RTC_CNTL_RESET_STATE_REG: why the first core was reset, in bits 0 to 5

    def memory_pins(self, psram: str) -> dict[int, str]:
        """The pins that a module with that kind of PSRAM uses for its flash and PSRAM."""
        return {**self.flash, **self.psram.get(psram, {})}

    def pins_in_use(self, psram: str) -> dict[int, str]:
        """All pins that are not free on such a module, and what uses each."""
        return {**self.taken, **self.memory_pins(psram)}


def _each(pins, why: str) -> dict[int, str]:
    return dict.fromkeys(pins, why)


CHIPS = {
    "esp32": Chip(
        name="esp32",
        title="ESP32",
        image_id=0,
        offset=0x1000,
        pins=frozenset({*range(20), *range(21, 24), *range(25, 28), *range(32, 40)}),
        taken=_each((1, 3), "the console (UART 0)"),
        flash=_each(range(6, 12), "the flash chip"),
        psram={"quad": _each((16, 17), "the module's PSRAM")},
        input_only=frozenset(range(34, 40)),
        delicate={
            0: "strapping pin: low at reset enters the ROM loader",
            2: "strapping pin: must be low or open to enter the ROM loader",
            5: "strapping pin: SDIO timing, high at reset",
            12: "strapping pin: high at reset sets the flash voltage to 1.8 V, and a 3.3 V module does not start",
            15: "strapping pin: low at reset silences the boot log",
        },
        uarts=(1, 2),
        i2cs=(0, 1),
        load_addresses=(0x3F400020, 0x40080400),
        reset_state=0x3FF48034,
    ),
    "esp32s3": Chip(
        name="esp32s3",
        title="ESP32-S3",
        image_id=9,
        offset=0x0,
        pins=frozenset({*range(22), *range(26, 49)}),
        taken={**_each((19, 20), "USB"), **_each((43, 44), "the console (UART 0)")},
        flash=_each(range(27, 33), "the flash chip"),
        # 26 is the PSRAM's chip select; its other lines are those of the flash, and 33 to 37 where it is octal
        psram={"quad": {26: "the module's PSRAM"}, "octal": _each((26, *range(33, 38)), "the module's octal PSRAM")},
        input_only=frozenset(),
        delicate={
            0: "strapping pin: low at reset enters the ROM loader",
            3: "strapping pin: selects the JTAG source",
            45: "strapping pin: high at reset sets the flash voltage to 1.8 V",
            46: "strapping pin: must be low or open to enter the ROM loader",
        },
        uarts=(1, 2),
        i2cs=(0, 1),
        load_addresses=(0x3C000020, 0x40374000),
        reset_state=0x60008038,
    ),
}

# The chip ids of image headers, for a sentence about an image of another chip.
IMAGE_TITLES = {
    0: "ESP32", 2: "ESP32-S2", 5: "ESP32-C3", 9: "ESP32-S3",
    12: "ESP32-C2", 13: "ESP32-C6", 16: "ESP32-H2", 18: "ESP32-P4",
}  # fmt: skip


def image_title(chip_id: int) -> str:
    """The chip that an image is for, in words."""
    return IMAGE_TITLES.get(chip_id, f"another chip (id {chip_id})")
