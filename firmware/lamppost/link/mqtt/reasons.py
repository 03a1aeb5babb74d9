"""What a broker of version 5 means by a reason code: one word of LinkFault for each (MQTT 5.0, section 2.4)."""

_WORDS = {
    "protocol": b"\x81\x82\x91\x92\x93\x94",
    "unspecified": b"\x80\x83",
    "version": b"\x84",
    "badclientid": b"\x85",
    "badlogin": b"\x86\x8c",
    "notallowed": b"\x87",
    "unavailable": b"\x88\x8b",
    "busy": b"\x89\x96\x9f",  # overloaded, or we come or send too often
    "dismissed": b"\x8a\x98\xa0",  # banned, sent away by an administrator, or connected for long enough
    "halfopen": b"\x8d",  # it has not heard us for a keep-alive and a half
    "takenover": b"\x8e",
    "badtopic": b"\x8f\x90",
    "toolarge": b"\x95",
    "quota": b"\x97",
    "badpayload": b"\x99",
    "noretain": b"\x9a",
    "noqos": b"\x9b",
    "redirected": b"\x9c\x9d",
    "nosubscription": b"\x9e\xa1\xa2",
}


def word(code):
    """The word of a reason code of 0x80 and above; None for one that MQTT does not know."""
    for name, codes in _WORDS.items():
        if bytes((code,)) in codes:
            return name
    return None
