"""What several tests of this room stand on; all that they start is stopped."""

import pytest
from lamplighter.virtual.fixtures import virtual_lamppost  # noqa: F401


@pytest.fixture
def street(tmp_path):
    from guarded_street import GuardedStreet

    street = GuardedStreet(tmp_path / "street")
    street.broker.start()
    yield street
    street.close()
