"""What a record costs in flash beside LittleFS, how long the flash lasts, how fast the journal is found again."""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
MICROPYTHON = Path(sys.executable).parent / "micropython"

RECORD = 220  # bytes of topic suffix and body, as flash_on_micropython.py encodes them
EVERY_S = 10
BLOCK = 4096
COUNTER_BLOCKS = 8
YEAR_S = 365.25 * 86400
SIZES = (64, 128, 256, 512, 1024)  # KiB
CYCLES = (10000, 100000)


def _years(raw):
    """{KiB: {cycles: (outbox, counters)}} for a record and a checkpoint each EVERY_S, day and night."""
    table = {}
    for size in SIZES:
        row = table[size] = {}
        for cycles in CYCLES:
            outbox_blocks = size * 1024 // BLOCK - COUNTER_BLOCKS
            row[cycles] = tuple(
                round(blocks * cycles / erases * EVERY_S / YEAR_S, 1)
                for blocks, erases in (
                    (outbox_blocks, raw["journal"]["erases"]),
                    (COUNTER_BLOCKS, raw["checkpoints"]["erases"]),
                )
            )
    return table


def measure():
    """Run the bench; figures by name."""
    done = subprocess.run(
        [MICROPYTHON, "-X", "heapsize=32M", HERE / "flash_on_micropython.py"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    raw = json.loads(done.stdout)
    programmed = raw["journal"]["programmed"]
    return {
        "programmed_per_record": round(programmed, 1),
        "programmed_per_byte": round(programmed / RECORD, 3),
        "littlefs_per_record": round(raw["littlefs"]["programmed"], 1),
        "littlefs_per_byte": round(raw["littlefs"]["programmed"] / RECORD, 3),
        "littlefs_ratio": round(raw["littlefs"]["programmed"] / programmed, 1),
        "erases_per_record": round(raw["journal"]["erases"], 4),
        # what is programmed must be erased some time: no layout of these bytes can do with less
        "erases_ideal": round(programmed / BLOCK, 4),
        "erases_to_ideal": round(raw["journal"]["erases"] / (programmed / BLOCK), 3),
        "littlefs_erases": round(raw["littlefs"]["erases"], 3),
        "us": dict(
            zip(("append", "take", "load", "acknowledge"), map(round, raw["journal"]["us"]), strict=True),
            littlefs_append=round(raw["littlefs"]["us"]),
        ),
        "checkpoint_programmed": round(raw["checkpoints"]["programmed"], 1),
        "allocated": raw["allocations"]["by_call"],
        "live_heap": raw["allocations"]["live"],
        "opening": raw["opening"],
        "years": _years(raw),
    }


def lines(m):
    """The figures as lines to print."""
    sent = sum(m["allocated"][name] for name in ("take", "load", "acknowledge"))
    yield f"flash, {RECORD}-byte records            journal   LittleFS append+sync"
    yield f"  programmed per record       {m['programmed_per_record']:9} {m['littlefs_per_record']:9}"
    yield f"  programmed per encoded byte {m['programmed_per_byte']:9} {m['littlefs_per_byte']:9}   (limit 1.10)"
    yield f"  erases per record           {m['erases_per_record']:9} {m['littlefs_erases']:9}"
    yield f"  erases to the ideal         {m['erases_to_ideal']:9}"
    yield f"  append, us on this PC       {m['us']['append']:9} {m['us']['littlefs_append']:9}"
    yield "  take, load, acknowledge     {take} + {load} + {acknowledge} us".format(**m["us"])
    append, live = m["allocated"]["append"], m["live_heap"]
    yield f"  allocated to send one       {sent} bytes (to append one: {append}), live {live}; 64 bit"
    yield f"  counters' checkpoint        {m['checkpoint_programmed']} bytes programmed"
    yield "opening the journal         records wait   ready after, ms   bytes read   counted after, ms   bytes read"
    for size, rows in m["opening"].items():
        for r in rows:
            ready = f"{r['ms']:18.1f}{r['read']:13,}"
            yield f"  {size:>5} KiB {r['records']:27,}{ready}{r['count_ms']:20.1f}{r['count_read']:13,}"
    yield f"years of flash life, a record and a checkpoint each {EVERY_S} s (records / counters)"
    yield "  partition      " + "".join(f"{cycles:>20} cycles" for cycles in CYCLES)
    for size, row in m["years"].items():
        yield f"  {size:5} KiB      " + "".join(
            f"{' / '.join(map(str, row[cycles])):>27}" for cycles in CYCLES
        )


if __name__ == "__main__":
    print("\n".join(lines(measure())))
