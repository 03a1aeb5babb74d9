"""Every simulated part, whatever it is: the same under MicroPython, unmoved by rubbish, failing in all its ways."""

import importlib
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from lamplighter.virtual import parts
from lamplighter.virtual.parts.faults import KINDS

FOLDER = Path(parts.__file__).parent
NAMES = sorted(
    path.stem for path in FOLDER.glob("*.py") if "\nclass Twin" in path.read_text(encoding="utf-8")
)  # fmt: skip
SECOND = 1_000_000

# Run under both interpreters: rubbish and questions to each part on each of its buses, at odd times.
CONVERSATION = """
import json, sys
from binascii import hexlify
def conversation(name, bus, script):
    twin = __import__("parts." + name, None, None, ("Twin",)).Twin({"bus": bus})
    said = []
    def attempt(function, *arguments):
        try:
            return function(*arguments)
        except OSError as error:
            return b"no %d" % error.args[0]
    now = 0
    for step, (wait, data, n) in enumerate(script):
        now += wait
        data = bytes(data)
        if step == len(script) // 2:
            twin.fault("noise")
        if bus == "i2c":
            attempt(twin.write, data, now)
            said.append(attempt(twin.read, n, now + 500))
        else:
            twin.written(data, now)
            said.append(twin.emitted(now + 30000))
            now += 30000
    state = twin.state()
    twin.restore(json.loads(json.dumps(state)))
    return [hexlify(each).decode() for each in said]
for name, bus, script in json.loads(open(sys.argv[1]).read()):
    print(name, bus, conversation(name, bus, script))
"""

QUESTIONS = [  # what the parts answer to, among the rubbish
    "01040000000271CB", "0104200000027A0B", "01040000000A700D", "58AA", "50AA", "5A04015F", "55", "00", "28", "0F",
    "2027", "09 1D", "3C", "A0", "F4 27", "0007", "07", "2110",
]  # fmt: skip


def twin_of(name):
    return importlib.import_module(f"lamplighter.virtual.parts.{name}").Twin


def script(seed):
    chance = random.Random(seed)
    steps = []
    for index in range(60):
        if index % 3:
            data = bytes.fromhex(chance.choice(QUESTIONS))
        else:
            data = bytes(chance.randrange(256) for _ in range(chance.randrange(14)))
        steps.append([chance.randrange(1, 400_000), list(data), chance.randrange(1, 20)])
    return steps


def test_all_parts_say_the_same_under_micropython_whatever_they_hear(tmp_path):
    cases = [(name, bus, script(name)) for name in NAMES for bus in twin_of(name).BUSES if bus in ("i2c", "uart")]
    assert len(NAMES) == 32 and len(cases) >= 31  # DALI gear is sent frames, not bytes: test_virtual_dali.py
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    program = tmp_path / "conversation.py"
    program.write_text(f"import sys\nsys.path.insert(0, {str(FOLDER.parent)!r})\n{CONVERSATION}")
    said = []
    for command in ([sys.executable], [str(Path(sys.executable).parent / "micropython"), "-X", "heapsize=16M"]):
        done = subprocess.run(
            [*command, str(program), str(tmp_path / "cases.json")], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr + done.stdout[-2000:]
        said.append(done.stdout.splitlines())
    for one, other in zip(*said, strict=True):
        assert one == other


@pytest.mark.parametrize("name", NAMES)
def test_each_part_names_its_quantities_and_faults_and_refuses_others(name):
    make = twin_of(name)
    assert set(make.BUSES) <= {"uart", "rs485", "i2c", "dali"}
    twin = make({})
    for quantity in make.QUANTITIES:
        twin.set(**{quantity: 1})
        twin.set(**{quantity: None})
    for kind in (*KINDS, *getattr(make, "FAULTS", ())):
        twin.fault(kind)
    with pytest.raises(ValueError, match="there are"):
        twin.set(lumen=1)
    with pytest.raises(ValueError, match="silence"):
        twin.fault("silent")


@pytest.mark.parametrize("name", [name for name in NAMES if "i2c" in twin_of(name).BUSES])
def test_a_silent_part_on_i2c_acknowledges_neither_question_nor_reading(name):
    twin = twin_of(name)({"bus": "i2c"})
    twin.fault("silence")
    for call in (lambda: twin.write(b"\0", 0), lambda: twin.read(2, SECOND)):
        with pytest.raises(OSError) as refusal:
            call()
        assert refusal.value.errno == 19
