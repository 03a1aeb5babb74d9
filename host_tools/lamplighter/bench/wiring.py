"""The wiring of a bench by names: a test uses `lamp_relay`, never a pin number."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..boards.board_file import Board
from ..contract.sentences import nearest
from ..documents import toml_source
from ..problems import BenchInvalid


@dataclass(frozen=True)
class Wiring:
    """pins -- name -> GPIO, the board's own and what the bench adds; loops -- output -> the input it is wired to."""

    pins: dict[str, int]
    loops: dict[str, str] = field(default_factory=dict)

    def pin(self, name: str) -> int:
        """Raises BenchInvalid, which says what is wired."""
        if name not in self.pins:
            near = nearest(name, self.pins)
            raise BenchInvalid(f"Nothing on this bench is wired as {name}: {near}.")
        return self.pins[name]

    def other_end(self, output: str) -> str | None:
        """The input that a wire of the bench leads to from an output, None where there is none."""
        return self.loops.get(output)


_SCHEMA: dict[str, Any] = {
    "type": "object", "additionalProperties": False,
    "properties": {
        "pins": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0, "maximum": 48}},
        "loops": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}  # fmt: skip


def load(path: Path | None, board: Board) -> Wiring:
    """The board's own pins, changed by the file. Raises BenchInvalid with every fault."""
    pins = dict(board.pins)
    for name, bus in board.buses.items():
        pins |= {f"{name}_{line}": bus[line] for line in ("tx", "rx", "scl", "sda") if line in bus}
    if path is None:
        return Wiring(pins)
    document = toml_source.load(path, BenchInvalid)
    if not document.complaints:
        document.check(_SCHEMA)
        pins |= document.sound_items("pins")
        for name, pin in document.sound_items("pins").items():
            if pin not in board.silicon.pins:
                document.complain(("pins", name), f"the {board.silicon.title} has no GPIO {pin}", "correct the number")
            elif pin in board.pins_in_use:
                cause = f"GPIO {pin} belongs to {board.pins_in_use[pin]}"
                document.complain(("pins", name), cause, "wire another pin")
        for output, target in document.sound_items("loops").items():
            for one in (output, target):
                if one not in pins:
                    document.complain(("loops", output), f"there is no {one}", nearest(one, pins))
    document.refuse(BenchInvalid)
    return Wiring(pins, document.data.get("loops", {}))
