"""chumicro-mqtt as fast as it goes: `peers_node.py PORT WINDOW COUNT FOLDER` in real MicroPython -> one JSON line.

As mqtt_node.py, beside which it is measured: 220 bytes at QoS 1 to one topic, WINDOW in flight, until the last PUBACK.
"""

import gc
import json
import sys
import time

port, window, count, folder = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
sys.path.insert(0, folder)

from chumicro_mqtt import MQTTClient  # noqa: E402
from chumicro_sockets.sockets_factory import fixed_connector_factory  # noqa: E402

TOPIC = "lamppost/v1/lisbon/lp-0042/tele/energy"
BODY = b"x" * 220
WARM = 200

client = MQTTClient(
    transport_factory=fixed_connector_factory("127.0.0.1", port), client_id="chumicro", when_disconnected="raise",
    max_tx_queue_size=window + 8,
)  # fmt: skip
acknowledged = 0


def published(topic, payload):
    global acknowledged
    acknowledged += 1


def run(n):
    global acknowledged
    acknowledged = sent = 0
    while acknowledged < n:
        while sent < n and sent - acknowledged < window:
            client.publish(TOPIC, BODY, qos=1)
            sent += 1
        client.handle(time.ticks_ms())


client.on_publish = published
client.on_connect = lambda: client.io_socket.sock.setsockopt(6, 1, 1)
client.connect()
since = time.ticks_ms()
while client.state != "connected":
    client.handle(time.ticks_ms())
    if time.ticks_diff(time.ticks_ms(), since) > 5000:
        raise OSError("no connection")
run(WARM)
gc.collect()
gc.disable()
before = gc.mem_alloc()
began = time.ticks_us()
run(count)
us = time.ticks_diff(time.ticks_us(), began)
allocated = gc.mem_alloc() - before
print(json.dumps({"per_s": count * 1000000 / us, "allocated": allocated / count}))
