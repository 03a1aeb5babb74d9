"""What each alarm means and what to do about it, one sentence each."""

from __future__ import annotations

# code, without the id of a part: (meaning, remedy)
ALARMS = {
    "supplyLoss": ("The energy meter sees no mains.", "Check the fuse, the cabinet and the meter's wires."),
    "sensorFault": (
        "A part does not answer, or not completely.",
        "Check its power and wires; the evidence is a fault word, which docs/reference/faults.md explains.",
    ),
    "journalOverflow": (
        "The journal was full and the oldest telemetry was dropped.",
        "Bring the broker back, or have records sent less often.",
    ),
    "journalDamaged": ("The flash lost records after they were written.", "If the count grows, replace the board."),
    "journalLost": (
        "A journal of another format was erased.",
        "Nothing to repair; update only between versions with the same journal format.",
    ),
    "journalWorn": ("The flash no longer accepts writes.", "Replace the board."),
    "meterChanged": (
        "The meter was reset or replaced; the import register did not move.",
        "If nobody worked at the lamppost, check the meter.",
    ),
    "meterBackwards": (
        "Power flows the wrong way.",
        "Swap the two wires of the meter's current path, or turn the current transformer around.",
    ),
    "clockDoubt": (
        "A time server tells a time that is not believed.",
        "Check the time servers in the configuration.",
    ),
    "configReverted": (
        "A configuration was taken back.",
        "Correct it and push it again; its reason is in cfg/reported.",
    ),
    "lampFailure": ("The lamp does not burn.", "Replace the lamp or the luminaire named in the evidence."),
    "relayFailure": ("The relay does not open or close.", "Replace the relay, or the board that carries it."),
    "lampUnexpectedOn": (
        "The lamp burns although it is switched off.",
        "Look for a bridged relay, or a second switch in the lamp's circuit.",
    ),
    "cyclingFailure": (
        "The lamp goes out and comes back again and again.",
        "Replace the lamp: a discharge lamp does so at the end of its life.",
    ),
    "lampPowerTooLow": (
        "The lamp draws less power than it should.",
        "Compare `watts` in the configuration with the lamp that is fitted; otherwise part of the lamp is dark.",
    ),
    "lampPowerTooHigh": (
        "The lamp draws more power than it should.",
        "Compare `watts` in the configuration with the lamp that is fitted; otherwise look for a second load.",
    ),
    "powerFactorTooLow": ("The lamp's power factor is low.", "Replace its driver or its capacitor."),
    "dimmingFailure": ("The lamp does not follow its dimming level.", "Check the dimming wires and the driver."),
    "supplyVoltageTooLow": ("The mains voltage is low.", "Tell the grid operator, or check the circuit's load."),
    "supplyVoltageTooHigh": ("The mains voltage is high.", "Tell the grid operator, or check the neutral wire."),
    "highControllerTemperature": (
        "The controller is hotter than it should be.",
        "Check how the controller is mounted, and that the luminaire can give off its heat.",
    ),
    "controlGearFailure": (
        "The control gear reports a failure of its own, or is not as it was set up.",
        "Replace the gear named in the evidence, or set it up again.",
    ),
    "controlGearCommFailure": (
        "The control gear does not answer on its bus.",
        "Check the gear's mains, and the two wires of the DALI bus for a break or a short.",
    ),
    "columnIssue": ("The pole leans.", "Send somebody to look at it; keep people away if it leans much."),
    "consoleRefused": (
        "Somebody gave wrong answers at the locked console.",
        "Find out who was at the lamppost with a cable.",
    ),
}


def alarm_words(code: str) -> tuple[str, str]:
    """(meaning, remedy) of an alarm code such as sensorFault-meter; both empty for one of a later version."""
    return ALARMS.get(code.partition("-")[0], ("", ""))
