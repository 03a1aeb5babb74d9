"""The note in RTC memory by which boot.py counts the starts that did not become healthy."""


def armed(machine, letter):
    """The watchdog runs from here on; the try that boot.py counted stays counted."""
    rtc = machine.RTC()
    memory = bytes(rtc.memory())
    tries = memory[1:2] if memory[:1] == letter.encode() else b"1"
    rtc.memory(letter.encode() + tries + b"w" + memory[3:4])


def healthy(machine, letter):
    """This start was a good one: the count begins again."""
    rtc = machine.RTC()
    rtc.memory(letter.encode() + b"0w" + bytes(rtc.memory())[3:4])
