"""The quality letters of the contract: one letter a value, the reason why it is null or to be taken with care."""

VALID, WARMING, HUMID, FLAT, SATURATED, UNCALIBRATED, ESTIMATED, GAP, MAINTENANCE, UNAVAILABLE = "VWRFSCEGMU"


def of_fault(word):
    """The letter for a value that is null because of a SensorFault's word."""
    return WARMING if word == "warming" else UNAVAILABLE
