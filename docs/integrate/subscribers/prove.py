"""Proves that no record was lost: python prove.py HOST [PORT [MESSAGES]]; prints the result after so many messages, or
at Ctrl-C. Needs paho-mqtt 2."""

import contextlib
import json
import sys

import paho.mqtt.client as mqtt

host, port, left = (*sys.argv[1:], *("1883", "0")[len(sys.argv) - 2 :])
following, missing, twice, left = {}, set(), 0, int(left)  # following: (node, b) -> the s that comes next


def expect(node, b, end):
    """All numbers below end are due; what has not come is missing until it comes."""
    missing.update((node, b, s) for s in range(following[node, b], end))
    following[node, b] = max(following[node, b], end)


def received(client, userdata, message):
    global twice, left
    left -= 1
    if left == 0:
        client.disconnect()
    if message.retain or not message.payload:  # the broker's copy of an old record; the end of an alarm
        return
    node, kind = message.topic.split("/", 4)[3:]
    record = json.loads(message.payload)
    if "b" not in record:
        return  # a message to the lamppost, not one of it
    b, s = record["b"], record["s"]
    if kind == "evt/boot" and (node, record["last_b"]) in following:
        expect(node, record["last_b"], record["last_s"] + 1)  # where the boot before ended
    if s is not None and s < following.setdefault((node, b), s):
        twice += (node, b, s) not in missing  # else it is one that an alarm overtook
        missing.discard((node, b, s))
    elif s is not None:
        expect(node, b, s)
        following[node, b] = s + 1


client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "prove", clean_session=False)  # the broker keeps what we miss
client.on_connect = lambda *_: client.subscribe("lamppost/v1/#", 1)
client.on_subscribe = lambda *_: print("listening", flush=True)
client.on_message = received
client.connect(host, int(port))
with contextlib.suppress(KeyboardInterrupt):
    client.loop_forever()
print(json.dumps({"missing": sorted(missing), "twice": twice}))
