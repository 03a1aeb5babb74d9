"""A command is answered at least once, has its effect at most once, and is refused in words where it must be."""

from command_bench import Bench, cut_after
from journal_on_ram import Nor, PowerCut
from lamppost.ops.answers import DETAIL_MAX
from slow import long


def test_a_command_is_accepted_done_and_answered():
    bench = Bench()
    bench.send("set", "a1", args={"name": "a1", "level": 7})
    bench.work()
    assert bench.sent == [("a1", "accepted", "In work."), ("a1", "progress", "Half way."), ("a1", "ok", "Level 7.")]
    assert bench.effects == {"a1": 1}


def test_a_repeat_gets_the_first_answer_and_has_no_second_effect_over_a_reboot_too():
    bench = Bench()
    bench.send("set", "a1", args={"name": "a1", "level": 7})
    bench.work()
    for restart in (False, True, True):
        if restart:
            bench.start()
        bench.sent = []
        bench.send("set", "a1", args={"name": "a1", "level": 8})
        bench.work()
        assert bench.sent == [("a1", "ok", "Level 7.")]
    assert bench.effects == {"a1": 1}


def test_the_answer_of_a_reboot_is_recorded_before_the_reset():
    bench = Bench()
    bench.send("boot", "r1", args={"name": "r1"})
    bench.work()
    assert bench.restart and bench.words("r1") == ["ok"]
    bench.start()
    bench.send("boot", "r1", args={"name": "r1"})
    bench.work()
    assert not bench.restart and bench.words("r1") == ["ok", "ok"] and bench.effects == {"r1": 1}


def test_the_last_32_commands_are_remembered():
    bench = Bench()
    names = ["n%d" % n for n in range(40)]
    for name in names:
        bench.send("set", name, args={"name": name})
        bench.work()
    bench.start()
    for name in names[8:]:
        bench.send("set", name, args={"name": name})
        bench.work()
    assert bench.effects == dict.fromkeys(names, 1)


def test_what_must_not_be_done_is_refused_with_its_word():
    bench = Bench()
    args = {"name": "x"}
    bench.send("set", "kept", args=args, retained=True)
    bench.send("set", "late", exp=-1, args=args)
    bench.send("set", "forever", exp=None, args=args)
    bench.send("sing", "song", args=args)
    bench.send("set", "much", args={"name": "x", "level": 101})
    bench.send("set", "wrong", args={"level": "high", "colour": 1}, more=1)
    bench.work(6)
    assert bench.words("kept") == ["retained"] and bench.words("late") == ["expired"]
    assert bench.words("song") == ["unknown"]
    said = {name: sentence for name, word, sentence in bench.sent if word == "invalid"}
    assert said["forever"] == "exp is missing"
    assert said["much"] == "level is not 0 to 100"
    whole = "more is unknown; colour is unknown; name is missing; level is not a whole number"
    assert said["wrong"] == whole[:DETAIL_MAX]
    assert not bench.effects


def test_a_cut_while_a_command_is_refused_does_not_make_it_look_interrupted():
    for at in range(1, 4):
        bench = Bench()
        bench.counters_nor.cut = bench.outbox_nor.cut = cut_after(at, False)
        try:
            bench.send("set", "kept", args={"name": "x"}, retained=True)
            bench.work()
        except PowerCut:
            pass
        bench.counters_nor.cut = bench.outbox_nor.cut = None
        bench.start()
        bench.send("set", "kept", args={"name": "x"}, retained=True)
        bench.work()
        assert set(bench.words("kept")) == {"retained"}, at


def test_without_a_time_only_what_is_harmless_is_done():
    bench = Bench(known=False)
    bench.send("set", "a", args={"name": "a"})
    bench.send("look", "b")
    bench.work(2)
    assert bench.words("a") == ["noclock"] and bench.words("b")[-1] == "ok"
    assert not bench.effects


def test_what_harmless_commands_do_needs_no_exp_but_one_that_is_past_counts():
    bench = Bench()
    bench.send("look", "a", exp=None)
    bench.send("look", "b", exp=-5)
    bench.work(2)
    assert bench.words("a")[-1] == "ok" and bench.words("b") == ["expired"]


def test_a_message_that_cannot_be_answered_is_logged_and_skipped():
    bench = Bench()
    bodies = [b"", b"x", b"[]", b"null", b'{"id":1}', b'{"id":""}', b'{"id":"a/b"}', b'{"id":"a+"}', b"[" * 900]
    for body in bodies + [b'{"id":"' + b"a" * 41 + b'"}', b'{"id":"a"}' + b" " * 1024, b"\xff\xfe{}"]:
        bench.take("look", body)
    bench.work(3)
    assert not bench.sent and len(bench.lines) == 12


def test_a_verb_that_fails_answers_with_its_word():
    bench = Bench()
    bench.send("fail", "f")
    bench.work()
    assert bench.sent[-1] == ("f", "failed", "meter silent")


def test_a_mistake_in_a_verb_is_an_answer_and_the_next_command_is_done():
    async def broken(args, progress):
        return args["nobody"]

    bench = Bench()
    bench.commands.add("broken", broken, harmless=True)
    bench.send("broken", "a")
    bench.send("look", "b")
    bench.work(2)
    assert bench.words("a")[-1] == "internal" and bench.words("b")[-1] == "ok"


def test_an_answer_that_the_journal_does_not_take_is_offered_again():
    bench = Bench()
    bench.journal_takes = False
    bench.send("set", "a", args={"name": "a"})
    bench.work()
    assert "ok" not in bench.words("a")
    bench.journal_takes = True
    bench.ticks.ms += 5000
    bench.work()
    assert bench.words("a")[-1] == "ok" and bench.effects == {"a": 1}
    bench.ticks.ms += 5000
    bench.work()
    assert bench.words("a").count("ok") == 1


def test_more_commands_than_may_wait_are_told_so_and_may_be_sent_again():
    bench = Bench()
    for n in range(9):
        bench.send("set", "n%d" % n, args={"name": "n%d" % n})
    assert bench.sent == [("n8", "busy", "Too many commands are waiting; send it again in a minute.")]
    bench.work(8)
    bench.send("set", "n8", args={"name": "n8"})
    bench.work()
    assert len(bench.effects) == 9


def test_flash_that_takes_nothing_lets_only_harmless_commands_through():
    bench = Bench()
    bench.counters_nor.worn = lambda block, offset, data: None
    bench.send("set", "a", args={"name": "a"})
    bench.send("look", "b")
    bench.work(2)
    assert bench.words("a") == ["worn"] and bench.words("b")[-1] == "ok"
    assert not bench.effects


def test_all_unknown_members_are_told_at_once():
    bench = Bench()
    bench.take("look", b'{"id":"a","args":{"level":1,"colour":2},"more":1}')
    bench.work()
    assert bench.sent == [("a", "invalid", "more is unknown; colour is unknown; level is unknown")]


@long
def test_a_cut_at_any_write_leaves_one_effect_at_most_and_one_answer_at_least():
    before = Bench(Nor(3), Nor(16))
    for n in range(34):
        before.send("set", "b%d" % n, args={"name": "b%d" % n})
        before.work()
    images = before.counters_nor.snapshot(), before.outbox_nor.snapshot()
    for torn in (False, True):
        at = 1
        while cut_run(images, at, torn):
            at += 1
        assert at > 80


def cut_run(images, at, torn):
    """Twelve commands and their repeats with the power cut at operation `at`; False if there are fewer operations.

    The flash of the counters begins a new block meanwhile.
    """
    bench = Bench(Nor(image=images[0]), Nor(image=images[1]))
    names = ["c%d" % n for n in range(12)]
    bench.counters_nor.cut = bench.outbox_nor.cut = cut_after(at, torn)
    done = False
    try:
        for name in names:
            verb = "boot" if name == "c3" else "set"
            bench.send(verb, name, args={"name": name})
            bench.work()
            bench.send(verb, name, args={"name": name})
            bench.work()
        done = True
        assert max(bench.counters_nor.erases)
    except PowerCut:
        pass
    bench.counters_nor.cut = bench.outbox_nor.cut = None
    bench.start()
    bench.ticks.ms += 5000
    bench.work()
    noted = [name for name in names if name in bench.effects]
    for name in noted:  # whoever had an effect has an answer, without asking again
        assert bench.words(name)[-1] in ("ok", "interrupted"), (at, name, bench.words(name))
    for name in names:
        bench.send("boot" if name == "c3" else "set", name, args={"name": name})
        bench.work()
        last = [word for word in bench.words(name) if word not in ("accepted", "progress")]
        assert last and len(set(last)) == 1, (at, name, last)
        assert bench.effects.get(name, 0) <= 1, (at, name)
    return not done
