"""boot.py: which slot starts, from RTC memory and state file; and ops/boot_slot.py which writes that memory."""


from lamppost.ops import boot_slot


def choose_slot():
    """boot.py is a script; its one decision is a function that can be taken out."""
    here = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
    with open(here + "/../../firmware/boot.py") as file:
        text = file.read()
    start = text.index("def choose_slot")
    world = {}
    exec(text[start : text.index("class Pack")], world)
    return world["choose_slot"]


class Rtc:
    kept = b""

    def memory(self, data=None):
        if data is None:
            return self.kept
        Rtc.kept = data
        return None


class Machine:
    RTC = Rtc


def test_after_power_on_the_active_slot_starts_with_its_first_try():
    assert choose_slot()(b"", "a") == ("a", 1)
    assert choose_slot()(b"", "b") == ("b", 1)


def test_the_third_start_that_did_not_become_healthy_is_the_last_of_its_slot():
    choose = choose_slot()
    assert choose(b"a2w", "a") == ("a", 3)
    assert choose(b"a3w", "a") == ("b", 1)
    assert choose(b"b3w", "b") == ("a", 1)


def test_a_healthy_app_never_loses_its_slot():
    Rtc.kept = b"a3"
    boot_slot.armed(Machine, "a")
    assert Rtc.kept == b"a3w"
    boot_slot.healthy(Machine, "a")
    assert choose_slot()(Rtc.kept, "a") == ("a", 1)


def test_garbage_in_rtc_memory_is_ignored():
    for memory in (b"\xff\xff\xff", b"a", b"ax", b"zz9"):
        assert choose_slot()(memory, "a") == ("a", 1)


