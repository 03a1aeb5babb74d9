"""Packets that are sent seldom, for both versions of MQTT: CONNECT, SUBSCRIBE, and PUBLISH of what is no record;
loaded for each."""

from micropython import const

_CONNECT = const(0x10)
_PUBLISH = const(0x30)
_SUBSCRIBE = const(0x82)


def length(value):
    """The "remaining length" of the fixed header, 1 to 4 bytes."""
    out = bytearray()
    while True:
        out.append(value & 127 | (128 if value > 127 else 0))
        value >>= 7
        if not value:
            return bytes(out)


def text(data):
    """A text as MQTT has it: its length before it."""
    if isinstance(data, str):
        data = data.encode()
    if len(data) > 65535:
        raise ValueError("longer than 65535 bytes")
    return bytes((len(data) >> 8, len(data) & 255)) + data


def connect(
    client_id, keepalive_s, clean=True, user=None, password=None, will=None, version=4, properties=b"",
    of_will=b"", retain=True,
):  # fmt: skip
    """CONNECT; will -- (topic, body), sent by the broker at QoS 1 and retained when we vanish.

    version, properties, of_will -- see link/mqtt/packets_v5.py; retain -- False: the will is not
    """
    flags = 2 if clean else 0
    payload = text(client_id)
    if will:
        flags |= 0x2C if retain else 0x0C  # will, QoS 1
        payload += of_will + text(will[0]) + text(will[1])
    if user is not None:
        flags |= 0x80
        payload += text(user)
        if password is not None:
            flags |= 0x40
            payload += text(password)
    head = b"\x00\x04MQTT" + bytes((version, flags, keepalive_s >> 8, keepalive_s & 255)) + properties
    return bytes((_CONNECT,)) + length(len(head) + len(payload)) + head + payload


def subscribe(pid, topics, qos=1, properties=b""):
    """SUBSCRIBE to a list of topic filters."""
    payload = bytes((pid >> 8, pid & 255)) + properties
    for topic in topics:
        payload += text(topic) + bytes((qos,))
    return bytes((_SUBSCRIBE,)) + length(len(payload)) + payload


def publish(topic, pieces, qos=0, retain=False, pid=0):
    """PUBLISH of a payload, a list of bytes, for what is sent seldom; records go without a copy (publisher.py)."""
    head = text(topic)
    if qos:
        head += bytes((pid >> 8, pid & 255))
    size = sum(len(piece) for piece in pieces)
    first = _PUBLISH | qos << 1 | (1 if retain else 0)
    head = bytes((first,)) + length(len(head) + size) + head
    packet = bytearray(len(head) + size)
    at = 0
    for piece in [head] + pieces:
        packet[at : at + len(piece)] = piece
        at += len(piece)
    return packet


def say(mqtt, topic, pieces, qos, retain):
    """See Mqtt.publish."""
    if not mqtt.greeted or (qos and len(mqtt.flying) >= mqtt.quota) or not mqtt.flush():
        return False
    pid = 0
    if qos:
        pid = mqtt.next_id()
        mqtt.flying[pid] = None
    data = publish(topic, [mqtt.NOTHING] + pieces, qos, retain and mqtt.retain, pid)
    mqtt._push(data, 0, len(data))
    return True


def ask(mqtt, topics):
    """See Mqtt.subscribe."""
    if not mqtt.flush():
        return False
    pid = mqtt.next_id()
    mqtt.flying[pid] = None
    data = subscribe(pid, topics, 1, mqtt.NOTHING)
    mqtt._push(data, 0, len(data))
    return True


def granted(mqtt, pid, by_all):
    """See Mqtt.subscribed."""
    mqtt.flying.pop(pid, None)
    if not by_all:
        # no commands then; telemetry matters more than to insist
        mqtt._log("link: the broker refuses the subscription")
