"""Cause and remedy of each fault that the node's link logs; the words and their stages are the firmware's own.

docs/reference/faults.md explains them at length.
"""

from __future__ import annotations

import re

from .. import paths

paths.importable()

from lamppost.link import words  # noqa: E402

STAGES = tuple(words.FAULTS)  # in the order in which a connection passes them
STAGE_OF = {word: stage for stage, faults in words.FAULTS.items() for word in faults}

# the lines of the link, by the firmware's own words
WAITS = re.compile(rf"link: {words.WAITS} (\d+) s")
CONNECTED = re.compile(rf"link: {words.CONNECTED} (\S+) by MQTT (\S+)$")
DELIVERED = re.compile(rf"link: {re.escape(words.TIMES)} ")
BACK = re.compile(rf"link: {words.BACK}$")
NOT_BACK = re.compile(rf"link: {words.NOT_BACK}")
REFUSED = re.compile(rf"link: (?:{words.REFUSED}|{words.REFUSED_STATE}): (\w+)(?:: (.*))?$")
FAULT = re.compile(rf"link: ({'|'.join(STAGE_OF)})(?:: (.*))?$")

# word: (cause, remedy)
REMEDIES = {
    "nowifi": ("the access point is out of range, or refuses the password",
               "Check wifi.ssid and wifi.password, and the antenna."),
    "nodns": ("the broker's name cannot be resolved",
              "Check mqtt.host, and that the network's DHCP gives a DNS server."),
    "refused": ("nothing listens at the broker's host and port", "Check mqtt.port, and that the broker runs."),
    "timeout": ("the broker does not answer in time",
                "Check for a firewall that drops packets, or a network without internet access."),
    "closed": ("the broker, or something in between, closed the connection",
               "Read the broker's log: another client has the same id, or its access list denies a topic (some "
               "versions of Mosquitto hang up then)."),
    "protocol": ("the server does not speak MQTT",
                 "Check that mqtt.port is MQTT, with TLS only where mqtt.tls is set."),
    "version": ("the broker does not speak this version of MQTT", "Remove mqtt.version, or use a broker of 3.1.1."),
    "badlogin": ("the broker refuses user or password", "Check mqtt.user and mqtt.password."),
    "notallowed": ("the broker does not authorise this user",
                   "Check mqtt.user and mqtt.password, then the broker's access list."),
    "badclientid": ("the broker refuses the client id", "Check the broker's rules for client ids."),
    "unavailable": ("the broker says that it is not available", "Wait: the node retries."),
    "halfopen": ("the connection looked open, but nothing came through",
                 "Check the network in between: it failed silently."),
    "internal": ("a bug in the firmware; the node recovered from it", "Report it with the file written by --bundle."),
    "unspecified": ("the broker refuses without a reason", "Read the broker's log."),
    "busy": ("the broker is overloaded", "Check the broker's limits and mqtt.drain_per_s."),
    "dismissed": ("an administrator of the broker ended the connection", "Check the broker's rules."),
    "takenover": ("another client has the same client id",
                  "Two lampposts have the same site and node: correct one of them."),
    "badtopic": ("the broker does not accept a topic name", "Allow topics below lamppost/v1/."),
    "toolarge": ("a record is longer than the broker accepts", "Raise the broker's packet size to 2 kB."),
    "quota": ("the broker's limit for this user is reached", "Raise the limit or make room."),
    "badpayload": ("the broker's payload check refuses a record", "Check its rule against docs/contract."),
    "noretain": ("the broker keeps no retained messages", "None: the node works without them."),
    "noqos": ("the broker does not support QoS 1", "Use another broker: this one acknowledges nothing."),
    "redirected": ("the broker redirects to another server", "Change mqtt.host if the move is intended."),
    "nosubscription": ("the broker allows no such subscription", "Allow it if you use commands."),
    "clock": ("the node does not know the time, so it cannot check the broker's certificate",
              "Make sure that a time server can be reached (time.servers)."),
    "expired": ("the broker's certificate, or its CA's, has expired", "Renew it at the broker."),
    "notyet": ("the broker's certificate is not valid yet", "Check the clock of the machine that made it."),
    "wrongname": ("the certificate belongs to another server", "Check mqtt.host, or set mqtt.tls.server_name."),
    "untrusted": ("the broker's certificate is not signed by the CA that the node trusts",
                  "Install the right CA: lamplighter configure --ca."),
    "rejected": ("the broker rejects this lamppost's certificate",
                 "Read the broker's log; install the right one: lamplighter configure --cert --key."),
    "tls": ("the TLS handshake fails", "Check that the port speaks TLS (usually 8883), and TLS 1.2."),
    "nocert": ("a certificate is not on the node", "Install it: lamplighter configure --certs FOLDER."),
    "nomemory": ("there is no memory for the connection", "Use a board with PSRAM."),
}  # fmt: skip
