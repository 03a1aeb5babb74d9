"""The link in real MicroPython, driven by lines on stdin; one JSON object a line on stdout. Run by street.py.

ASKED in the environment -- {"mqtt":{..},"node":its name,"set":{figure of link/broker_settings.py: value},"clock":bool}
append N EVERY_MS | id N | now SUFFIX BODY | offline REASON | quit
"""

import asyncio
import json
import os
import sys

here = __file__.rsplit("/", 1)[0]
sys.path[:0] = [here + "/../../firmware", here]

import pc_link  # noqa: E402
from lamppost.core import payload  # noqa: E402
from lamppost.core.clock import NTP  # noqa: E402
from lamppost.journal.outbox import TELEMETRY  # noqa: E402
from ram_journal import outbox  # noqa: E402

asked = json.loads(os.getenv("ASKED") or "{}")


def tell(**what):
    print(json.dumps(what))


class Wifi(pc_link.Wifi):
    def distrust(self):
        tell(distrust=True)


class Node:
    def __init__(self):
        self.clock = pc_link.clock(asked.get("clock", True))
        self.outbox = outbox(asked.get("boot", 1))
        figures = {"retry_ms": 50, "retry_max_ms": 400, "drain_spread_ms": 0, "commands": (b"cmd/+",)}
        figures.update(asked.get("set", {}))
        self.link = pc_link.link(
            pc_link.broker(asked["mqtt"], figures, asked.get("node", "lp-0042")), self.clock, self.outbox, Wifi(),
            info=self.info, alive=self.alive, fault=lambda fault: tell(fault=fault.word, detail=fault.detail),
            log=lambda text: tell(log=text), command=self.command, forgotten=lambda: tell(forgotten=True),
        )  # fmt: skip
        self.beats = 0
        self.appended = 0

    def alive(self):
        self.beats += 1

    def info(self):
        return [
            b'"firmware":"0.1.0","build":"test","board":"lamppost-esp32","chip":"esp32","parts":[],"units":{},',
            b'"asset":null,"location":null,"config":null,"schema":{"messages":1,"config":1}}',
        ]

    def command(self, suffix, body, retained):
        tell(command=suffix.decode(), body=bytes(body).decode(), retained=retained)

    async def append(self, count, every_ms):
        for i in range(count):
            values = [("u_mv", 230000 + i % 500), ("i_ma", 1865), ("p_mean_mw", 382900), ("p_max_mw", 390000)]
            values += [("pf", 98), ("f_mhz", 50000), ("imp_mwh", 215782000 + i), ("e_mwh", 1)]
            quality = {name: "V" for name, _ in values}
            body = payload.body(values, quality, '"window_s":1,"part":"meter","mid":false')
            self.outbox.append(TELEMETRY, b"tele/energy", body, self.clock.stamp())
            self.appended += 1
            self.link.wake()
            if every_ms:
                await asyncio.sleep_ms(every_ms)
        tell(appended=count)

    async def main(self):
        tasks = [asyncio.create_task(self.link.run())]
        stdin = asyncio.StreamReader(sys.stdin)
        tell(ready=True)
        while True:
            words = (await stdin.readline()).decode().split()
            if not words or words[0] == "quit":
                break
            if words[0] == "append":
                tasks.append(asyncio.create_task(self.append(int(words[1]), int(words[2]))))
            elif words[0] == "id":
                self.link.session.last_id = int(words[1])
            elif words[0] == "now":
                tell(sent=self.link.publish_now(words[1].encode(), words[2].encode()))
            elif words[0] == "time":
                self.clock.set_utc(pc_link.NOW, 0, NTP, 5)
                self.outbox.anchor(self.clock)
            elif words[0] == "offline":
                await self.link.leave(words[1])
            elif words[0] == "report":
                tell(
                    acknowledged=self.appended - self.outbox.depth, beats=self.beats,
                    connections=self.link.connections, refusals=self.link.refusals, next_id=self.link.session.last_id,
                )  # fmt: skip


asyncio.run(Node().main())
