"""What a record of the outbox is."""

TELEMETRY, ALARM, EVENT, CLEAR, ANCHOR = 0, 1, 2, 3, 4
