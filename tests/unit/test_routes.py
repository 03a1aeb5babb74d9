"""Messages of the broker reach the function that registered for their topic, and no other."""

from lamppost.ops.routes import Routes


class Heard:
    def __init__(self):
        self.got = []

    def take(self, last, body, retained):
        self.got.append((last, body, retained))


def test_a_message_goes_to_who_registered_for_its_topic_with_the_retained_flag():
    lines, configuration, commands = [], Heard(), Heard()
    routes = Routes(lines.append)
    routes.add(b"cfg/desired", configuration.take)
    routes.add(b"cmd/+", commands.take)
    assert sorted(routes.filters()) == [b"cfg/desired", b"cmd/+"]
    routes.deliver(b"cfg/desired", memoryview(b"{}"), True)
    routes.deliver(b"cmd/identify", memoryview(b"{1}"), False)
    assert configuration.got == [("desired", b"{}", True)]
    assert commands.got == [("identify", b"{1}", False)] and not lines


def test_the_body_stays_readable_after_the_link_has_used_its_buffer_again():
    heard, buffer = Heard(), bytearray(b"first")
    routes = Routes(print)
    routes.add(b"ota/desired", heard.take)
    routes.deliver(b"ota/desired", memoryview(buffer), False)
    buffer[:] = b"other"
    assert heard.got == [("desired", b"first", False)]


def test_a_topic_that_nobody_takes_or_nobody_can_read_is_logged_and_skipped():
    lines, heard = [], Heard()
    routes = Routes(lines.append)
    routes.add(b"cmd/+", heard.take)
    for suffix in (b"cfg/desired", b"cmd", b"", b"cmd/a/b", b"cmd/\xff\xfe"):
        routes.deliver(suffix, b"", False)
    assert len(lines) == 5 and not heard.got
