"""Hard kills of whole virtual lampposts at random instants while the broker is killed, frozen, blackholed and slow.

`hardkills.py [KILLS]`: each kill ends the node's process with SIGKILL, or tears a flash operation in the middle. Then
the power comes back on the same flash. A subscriber's books must show 0 gaps in (b, s) and no register backwards.
"""

from __future__ import annotations

import contextlib
import random
import re
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "interop")]

import readymade  # noqa: E402
from brokers import Mosquitto, Subscriber  # noqa: E402
from lamplighter.boards import board_file  # noqa: E402
from lamplighter.virtual.lamppost import VirtualLamppost  # noqa: E402
from proof import Proof  # noqa: E402
from weather import Weather  # noqa: E402

KILLS = 500
STREET = ("lamppost-esp32", "lamppost-esp32s3", "lamppost-esp32s3-n8r2", "lamppost-esp32")
SPEED = 20  # times faster than real: the boot window of 1.5 s takes 0.08 s
STARTED = r"app: \S+, boot \d+"
PATIENCE_S = 60  # real; a start takes 0.2 s
ENERGY = {"part": "meter", "window_s": 1, "every_ms": 500}
PARKING = [{"bay": "1", "part": "bay-1", "empty_mm": 3200, "every_ms": 500}]


class Post:
    """One lamppost of the street, and the hand at its plug."""

    def __init__(self, number: int, board: str, folder: Path, port: int, seed: int):
        self.name = f"lp-{number:04d}"
        self.topic = f"lamppost/v1/storm/{self.name}"
        self._chance = random.Random(seed)
        layout = board_file.load(board)
        self.lamp = VirtualLamppost(layout, workdir=folder / self.name, speed=SPEED)
        self.lamp.network.hosts["broker.lan"] = ("127.0.0.1", port)
        document = readymade.configuration(layout, "storm", self.name, energy=ENERGY, parking=PARKING)
        self.lamp.flash_image(readymade.flash(layout, document))
        self.lamp.part("meter").set(watts=20000)
        self.kills: Counter[str] = Counter()
        self.dead = 0

    def kill(self) -> None:
        """One life, from power on to its end."""
        how = self._chance.choices(("anywhere", "torn", "torn at start", "starting"), (5, 5, 2, 2))[0]
        self.kills[how] += 1
        self._trouble()
        lamp = self.lamp
        lamp.console.forget()
        lamp.power_on()
        if how == "torn at start":
            lamp.cut_after_flash_bytes(self._chance.randrange(1, 600))
            self._off()
        elif how == "starting":
            time.sleep(self._chance.uniform(0, 0.15))  # the instant is what is drawn
        elif self.started():
            if how == "torn":
                # a record is 300 bytes, opening a block 4,500
                lamp.cut_after_flash_bytes(self._chance.randrange(1, self._chance.choice((400, 6000))))
                self._off()
            else:
                time.sleep(self._chance.uniform(0, 1.6))  # the instant is what is drawn
        lamp.power_off()
        lamp.elapse(self._chance.uniform(0, 3))

    def _trouble(self) -> None:
        """Alarms and their ends, parking that changes, and a register that runs."""
        meter, bay = self.lamp.part("meter"), self.lamp.part("bay-1")
        meter.fault(self._chance.choice(("none", "none", "none", "silence", "checksum")))
        bay.set(mm=self._chance.choice((3200, 1700)))

    def _off(self) -> None:
        """The power goes by itself as soon as enough bytes were written."""
        with contextlib.suppress(TimeoutError):
            self.lamp.wait_state("off", PATIENCE_S)
            return
        self.dead += 1
        print(f"{self.name} wrote nothing more: {self.lamp.console.text[-600:]}")

    def started(self) -> bool:
        with contextlib.suppress(TimeoutError):
            self.lamp.console.wait_for(STARTED, PATIENCE_S)
            return True
        self.dead += 1
        print(f"{self.name} did not start: {self.lamp.console.text[-600:]}")
        return False

    def complaints(self) -> list[str]:
        """What no firmware of ours may say, however it is treated."""
        said = self.lamp.console.text.replace("\r", "")
        return re.findall(r"[^\n]*(?:internal|starts again|begun anew)[^\n]*", said) + re.findall(
            r"[^\n]*\nTraceback[^\n]*\n(?:  [^\n]*\n)*[^\n]*", said
        )


def storm(kills: int, posts: int, folder: Path, seed: int = 1, tell=lambda text: None) -> dict:
    """Kill `posts` lampposts `kills` times in all; the figures of what a subscriber can prove."""
    began = time.monotonic()
    with contextlib.ExitStack() as street:
        broker = Mosquitto(folder / "broker")
        broker.start()
        street.callback(broker.stop)
        subscriber = Subscriber(broker.port, "lamppost/v1/storm/#", qos=0)
        street.callback(subscriber.close)
        boards_ = [STREET[n % len(STREET)] for n in range(posts)]
        lamps = [Post(n, board, folder, broker.port, seed * 100 + n) for n, board in enumerate(boards_, 1)]
        for post in lamps:
            street.enter_context(post.lamp)
            assert post.started()
            post.lamp.power_off()
        weather = Weather(broker, subscriber, [post.lamp for post in lamps], seed)
        left = iter(range(kills))
        troubles: list[BaseException] = []

        def hand(post: Post) -> None:
            try:
                for number in left:
                    post.kill()
                    tell(f"{number + 1} of {kills} kills")
            except BaseException as error:  # noqa: BLE001 -- raised again below
                troubles.append(error)

        hands = [threading.Thread(target=hand, args=(post,), daemon=True) for post in lamps]
        for one in hands:
            one.start()
        for one in hands:
            one.join()
        weather.clear()
        if troubles:
            raise troubles[0]
        result = _judge(lamps, subscriber)
        result.update(weather=dict(weather.seen), kills=kills, posts=posts, seconds=round(time.monotonic() - began, 1))
        return result


def _judge(lamps: list[Post], subscriber: Subscriber) -> dict:
    """Each lives once more, in peace, until its newest record is there; then its books are closed."""
    total: dict = {"gaps": 0, "backwards": 0, "dead": 0, "invalid": 0, "disordered": 0, "records": 0,
                   "duplicates": 0, "boots": 0, "how": Counter(), "notes": []}  # fmt: skip
    for post in lamps:
        lamp = post.lamp
        lamp.part("meter").fault("none")
        lamp.console.forget()
        lamp.power_on()
        if post.started():
            fresh = _fresh(post.topic, subscriber)
            boot = int(re.findall(r"app: \S+, boot (\d+)", lamp.console.text)[-1])
            subscriber.wait(lambda messages: any(fresh(m, boot) for m in messages[-500:]), PATIENCE_S)  # noqa: B023
        lamp.power_off()
    for post in lamps:
        proof = Proof(list(subscriber.messages), post.topic)
        missing, unnamed = proof.missing(), proof.unnamed()
        total["gaps"] += max(len(missing), proof.told_gaps) + len(unnamed)
        total["backwards"] += proof.backwards()
        total["dead"] += post.dead + post.lamp.console.text.count("no slot starts")
        total["boots"] += proof.last_boot
        for name in ("invalid", "disordered", "records", "duplicates"):
            total[name] += getattr(proof, name)
        total["how"] += post.kills
        notes = [f"missing {missing[:9]}"] * bool(missing) + [f"unnamed {unnamed[:9]}"] * bool(unnamed)
        notes += proof.complaints[:3] + [f"said: {line}" for line in post.complaints()[:5]]
        if "journalOverflow" in proof.alarms:
            notes.append("the journal overflowed: the outages were too long for what is to be shown")
        total["notes"] += [f"{post.name}: {note}" for note in notes]
    return total


def _fresh(topic: str, subscriber: Subscriber):
    """True for telemetry of that boot that did not wait: everything before it is there then."""

    def fresh(message: tuple[str, bytes, bool], boot: int) -> bool:
        return message[0] == topic + "/tele/energy" and b'"b":%d,' % boot in message[1] and b'"h":0' in message[1]

    return fresh


def good(figures: dict) -> bool:
    zeros = ("gaps", "backwards", "dead", "invalid", "disordered")
    return not any(figures[name] for name in zeros) and not figures["notes"]


def table(figures: dict) -> str:
    rows = [f"  {note}" for note in figures["notes"][:20]]
    ways = ", ".join(f"{count} {how}" for how, count in figures["how"].most_common())
    skies = ", ".join(f"{count} {kind}" for kind, count in sorted(figures["weather"].items()))
    rows.append(f"{figures['posts']} lampposts, {figures['boots']} boots; kills: {ways}; weather: {skies}")
    rows.append(
        "{records} records heard, {duplicates} of them again by key, {invalid} invalid, {disordered} out of order,"
        " {seconds:.0f} s".format(**figures)
    )
    rows.append("hard kills: {kills} kills, {gaps} gaps, {backwards} backwards, {dead} dead".format(**figures))
    return "\n".join(rows)


def main(kills: int = KILLS) -> bool:
    """Returns True if anything was wrong."""

    def tell(text: str) -> None:
        if sys.stdout.isatty():
            print(f"\r{text}", end="", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        figures = storm(kills, len(STREET), Path(folder), tell=tell)
    if sys.stdout.isatty():
        print()
    print(table(figures))
    return not good(figures)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
