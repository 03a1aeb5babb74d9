"""A hundred browsers cost the broker one subscription, and one that is stuck holds up nobody."""

import socket
from urllib.parse import urlsplit

from many_browsers import Browsers, connections


def test_a_hundred_browsers_share_one_subscription_and_see_the_same_change(broker, street, web):
    page = web()
    street.whole([f"lisbon/lp-{number:04d}" for number in range(1, 21)])
    where = urlsplit(page.address)
    with socket.create_connection((where.hostname, where.port), 20) as stuck:
        stuck.sendall(f"GET /events HTTP/1.1\r\nHost: {where.netloc}\r\n\r\n".encode())  # and never reads
        browsers = Browsers(page.address, 100)
        try:
            browsers.saw()
            browsers.expect("sensorFault-seen")
            street.alarm("lisbon/lp-0001", "sensorFault-seen")
            browsers.saw()
            assert connections(page.process.pid, broker.port) == 1
        finally:
            browsers.close()
