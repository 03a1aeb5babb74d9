"""Why a connection has ended, and how long to wait until the next; loaded for each."""

from ..core.faults import LinkFault
from .backoff import Backoff

WITH = ("link.backoff",)


def last_words(link):
    """The fault, once more: what the broker said before it closed is still there to be read, acknowledgements,
    perhaps a reason."""
    if link.fault.word == "closed":
        try:
            while link.mqtt.hear():
                pass
        except LinkFault as fault:
            return fault
    return link.fault


def judged(link, error):
    """Say what has ended the connection; milliseconds to wait."""
    fault = error
    if not isinstance(error, LinkFault):
        # a mistake of ours must not silence the node: said, and tried again
        if isinstance(error, OSError):
            fault = LinkFault("closed", "errno %s" % error.errno)
        else:
            fault = LinkFault("nomemory" if isinstance(error, MemoryError) else "internal", repr(error))
    link.report(fault)
    link.log("link: %s" % fault)
    _judge_wifi(link, fault)
    if fault.word == "noretain":
        link.mqtt.retain = False  # the next CONNECT asks for none
    broker, since = link.broker, link._stood_since
    backoff = Backoff(broker.retry_ms, broker.retry_max_ms, link.random, link.limit_ms)
    wait = backoff.failed(0 if since is None else link.clock.uptime_s() - since)
    link.limit_ms = backoff.limit_ms
    return wait


def _judge_wifi(link, fault):
    if fault.word in ("halfopen", "timeout", "nodns"):
        link._mistrust += 1
        if link._mistrust >= 2:
            link._mistrust = 0
            link.wifi.distrust()
    elif fault.word != "nowifi":
        link._mistrust = 0
