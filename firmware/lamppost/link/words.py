"""The words by which the link's log lines are recognised; the host's doctor reads them from here.

A line is "link: CONNECTED HOST by MQTT VERSION", "link: TIMES ...", "link: REFUSED: fault" (or REFUSED_STATE),
"link: BACK", "link: NOT_BACK: ...", or "link: fault", where a fault is one of FAULTS, a colon and a detail.
"""

CONNECTED = "connected to"
WAITS = "connects in"
TIMES = "times in ms:"
REFUSED = "a record is refused and kept"
REFUSED_STATE = "a message is refused"  # one that is not journaled: state, info, diag, an answer
BACK = "the broker publishes this node's state"
NOT_BACK = "state does not come back"
OLDER = "steps down to MQTT 3.1.1"

# each word of LinkFault by the stage of the connection in which it occurs
FAULTS = {
    "wifi": ("nowifi",),
    "dns": ("nodns",),
    "tcp": ("refused", "timeout", "halfopen"),
    "tls": ("clock", "expired", "notyet", "wrongname", "untrusted", "rejected", "nocert", "nomemory", "tls"),
    "mqtt": (
        "closed", "protocol", "version", "badlogin", "notallowed", "badclientid", "unavailable", "unspecified", "busy",
        "dismissed", "takenover", "badtopic", "toolarge", "quota", "badpayload", "noretain", "noqos", "redirected",
        "nosubscription", "internal",
    ),
}  # fmt: skip
