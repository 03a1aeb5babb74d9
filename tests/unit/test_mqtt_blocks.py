"""A piece of a release comes through the broker: the one that was asked for, or a word why not."""

import asyncio
import json

from lamppost.core.faults import FetchFault, LinkFault
from lamppost.link import mqtt_blocks

PLACE = ("mqtt", "", 0, "/a.release")


class Broker:
    """Answers each request with answer(request) -> [body], which the node gets at once."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = []
        self.client = mqtt_blocks.Client(self.publish)

    def publish(self, suffix, body):
        assert suffix == b"ota/fetch"
        request = json.loads("{" + body.decode())
        self.asked.append(request)
        bodies = self.answer(request)
        if bodies is None:
            return False
        for one in bodies:
            self.client.take("block", one if isinstance(one, bytes) else json.dumps(one).encode(), False)
        return True

    def get(self, start=0, most=8):
        return asyncio.run(self.client.get(PLACE, start, most, lambda: None))


def word(broker, **asked):
    try:
        broker.get(**asked)
    except (FetchFault, LinkFault) as fault:
        return fault.word
    return None


def test_a_piece_is_asked_for_by_path_and_place_and_its_bytes_come_back():
    broker = Broker(lambda asked: [{"id": asked["id"], "size": 20, "data": "S0xN"}])
    assert broker.get(start=5, most=3) == (b"KLM", 20)
    assert broker.asked == [{"id": 1, "path": "/a.release", "from": 5, "most": 3}]
    broker.get()
    assert broker.asked[1]["id"] == 2


def test_late_retained_and_garbled_answers_are_dropped():
    right = {"size": 3, "data": "S0xN"}
    wrong = [b"{", b"[]", b"7", b"\xff"]
    broker = Broker(lambda asked: [dict(right, id=asked["id"] - 1)] + wrong + [dict(right, id=asked["id"])])
    assert broker.get() == (b"KLM", 3)
    broker.client.take("block", b'{"id":2,"size":1,"data":"AA=="}', True)
    assert broker.get() == (b"KLM", 3)


def test_what_is_not_the_piece_that_was_asked_for_is_refused():
    for block in ({"size": 2, "data": "S0xN"}, {"size": 9, "data": "AAAAAAAAAAAAAAAA"}, {"size": 9, "data": ""},
                  {"size": 9, "data": 7}, {"size": "9", "data": "S0xN"}, {"size": 9}, {"data": "S0xN"}):  # fmt: skip
        assert word(Broker(lambda asked, block=block: [dict(block, id=asked["id"])])) == "answer", block
    assert word(Broker(lambda asked: [{"id": asked["id"], "size": None}])) == "absent"


def test_without_a_connection_it_says_so_at_once():
    assert word(Broker(lambda asked: None)) == "closed"
