"""What each chip allows: its pins, its free UARTs, its id in image headers. From Espressif's datasheets."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Chip:
    """One chip family. A pin is refused when it is in `taken`, mentioned when it is in `delicate`."""

    name: str
    title: str
    image_id: int  # chip id in the extended header of every image
    offset: int  # where the second-stage boot loader lies in flash
    pins: frozenset[int]
    taken: dict[int, str]  # pin: what holds it
    input_only: frozenset[int]
    delicate: dict[int, str]  # pin: why to think twice
    uarts: tuple[int, ...]  # UART 0 is the console
    i2cs: tuple[int, ...]
    load_addresses: tuple[int, int] = field(repr=False)  # (mapped flash data, instruction RAM)
    reset_state: int = field(repr=False)  # RTC_CNTL_RESET_STATE_REG: why the first core was reset, in bits 0 to 5


def _each(pins, why: str) -> dict[int, str]:
    return dict.fromkeys(pins, why)


CHIPS = {
    "esp32": Chip(
        name="esp32",
        title="ESP32",
        image_id=0,
        offset=0x1000,
        pins=frozenset({*range(20), *range(21, 24), *range(25, 28), *range(32, 40)}),
        taken={**_each(range(6, 12), "the flash chip"), **_each((1, 3), "the console (UART 0)")},
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
        taken={
            **_each(range(26, 33), "the flash chip"),
            **_each((19, 20), "USB"),
            **_each((43, 44), "the console (UART 0)"),
        },
        input_only=frozenset(),
        delicate={
            0: "strapping pin: low at reset enters the ROM loader",
            3: "strapping pin: selects the JTAG source",
            45: "strapping pin: high at reset sets the flash voltage to 1.8 V",
            46: "strapping pin: must be low or open to enter the ROM loader",
            **_each(range(33, 38), "the octal flash or PSRAM on R8 modules"),
        },
        uarts=(1, 2),
        i2cs=(0, 1),
        load_addresses=(0x3C000020, 0x40374000),
        reset_state=0x60008038,
    ),
    "esp32c3": Chip(
        name="esp32c3",
        title="ESP32-C3",
        image_id=5,
        offset=0x0,
        pins=frozenset(range(22)),
        taken={
            **_each(range(11, 18), "the flash chip"),
            **_each((18, 19), "USB"),
            **_each((20, 21), "the console (UART 0)"),
        },
        input_only=frozenset(),
        delicate={
            2: "strapping pin: must be high at reset",
            8: "strapping pin: must be high at reset to enter the ROM loader",
            9: "strapping pin: low at reset enters the ROM loader",
        },
        uarts=(1,),
        i2cs=(0,),
        load_addresses=(0x3C000020, 0x40380000),
        reset_state=0x60008038,
    ),
}

BY_IMAGE_ID = {chip.image_id: chip for chip in CHIPS.values()}
