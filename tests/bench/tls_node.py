"""What TLS costs in real MicroPython: `tls_node.py PORT CA CERT KEY SESSIONS` -> one JSON line.

Opens sessions by the node's own link/tls.py and keeps them, so that the memory of one can be told.
"""

import asyncio
import gc
import json
import select
import socket
import sys
import time

sys.path.insert(0, __file__.rsplit("/", 1)[0] + "/../../firmware")

from lamppost.link import tcp
from lamppost.link.mqtt import packets  # noqa: E402
from lamppost.link.tls import Tls  # noqa: E402

port, ca, cert, key, sessions = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5])


class Clock:
    offset_s = 0

    def utc_s(self):
        return 0


def resident():
    """kB of memory of this process: mbedTLS takes its own outside MicroPython's heap, as on the ESP32."""
    with open("/proc/self/status") as file:
        for line in file:
            if line.startswith("VmRSS"):
                return int(line.split()[1])
    return 0


async def main():
    tls = Tls({"ca": ca, "cert": cert, "key": key, "server_name": "broker.lan"}, "", Clock())
    await tls.prepare(None, None, 0)
    greeting = bytearray(4)
    kept, whole, steps, python, system = [], [], [], [], []
    for number in range(sessions):
        wire = await tcp.connect(socket, select, tcp.resolve(socket, "127.0.0.1", port), 5000)
        first = packets.connect(f"bench-{number}", 60)
        gc.collect()
        heap, before = gc.mem_alloc(), resident()
        begun = time.ticks_us()
        wire = tls.over(wire, select)
        longest = sent = got = 0
        while not got:
            step = time.ticks_us()
            if sent < len(first):
                sent += wire.write(first, sent, len(first) - sent)
            got = wire.read(greeting, 4)
            longest = max(longest, time.ticks_diff(time.ticks_us(), step))
            await asyncio.sleep_ms(0)
        whole.append(time.ticks_diff(time.ticks_us(), begun))
        steps.append(longest)
        gc.collect()
        python.append(gc.mem_alloc() - heap)
        system.append(resident() - before)
        kept.append(wire)
    middle = sessions // 2
    figures = {"handshake_ms": whole, "longest_step_ms": steps}
    told = {name: sorted(values)[middle] / 1000 for name, values in figures.items()}
    told["python_bytes"] = sorted(python)[middle]
    told["mbedtls_kb"] = sum(system[2:]) / (sessions - 2)  # the first ones bring code pages in, too
    print(json.dumps(told))


asyncio.run(main())
