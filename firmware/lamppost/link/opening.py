"""A try to reach the broker, from WiFi to the accepted session; loaded for each."""


from micropython import const

from ..core.borrow import once
from ..core.faults import LinkFault
from .backoff import place_ms
from .own import envelope

WITH = ("link.own", "link.backoff")
_TURN_MS = const(1000)  # the link says so often that it is alive


async def opened(link):
    """The wire of a session that stands, in which nothing has been said yet; else an exception."""
    broker, mqtt = link.broker, link.mqtt
    await link.wifi.join(link.alive)
    link.alive()
    if link.tls:
        await link.tls.prepare(link.alive, link.wifi.up, broker.tls_time_ms)
    wire = await once(
        "link.dial", "connect", link.socket, link.select, broker.host, broker.port, broker.connect_ms
    )
    link.alive()
    if link.tls:
        wire = link.tls.over(wire, link.select)
    try:
        # the broker sends it when we cannot: without a time, for nobody knows it then
        will = bytes(envelope(link, timed=False)) + b'"state":"lost","reason":"will"}'
        mqtt.begin(wire, mqtt.hello(broker, (broker.prefix + b"state", will)))
        await _greeted(link, wire)
        if broker.commands:
            mqtt.subscribe([broker.prefix + suffix for suffix in broker.commands])
    except BaseException:
        mqtt.wire = wire
        mqtt.close()
        raise
    link.log("link: connected to %s" % broker.host)
    link.up = True
    link.connections += 1
    link._stood_since = link.clock.uptime_s()
    link._unsaid = 2
    link.hold_ms = place_ms(broker.client_id.encode(), broker.drain_spread_ms) if link.outbox.depth() else None
    link._since = link.ticks_ms()
    return wire


async def _greeted(link, wire):
    mqtt = link.mqtt
    started = link.ticks_ms()
    while not mqtt.greeted:
        link.alive()
        if not mqtt.hear():
            mqtt.flush()  # CONNECT waits for the end of a TLS handshake
            left = link._left(started, link.broker.connect_ms)
            if left <= 0:
                raise LinkFault("timeout", "without a CONNACK")
            await wire.readable.within(min(left, _TURN_MS))


async def first(link):
    """Wait for our turn after a power-on."""
    broker = link.broker
    if broker.spread_ms:
        wait = place_ms(broker.client_id.encode(), broker.spread_ms)
        link.log("link: connects in %d s, each lamppost at its own time" % (wait // 1000))
        await link._rest(wait)
