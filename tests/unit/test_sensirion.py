"""Sensirion's words: commands as the datasheets print them, and answers with a wrong byte refused."""

from captured import rows
from lamppost.buses import sensirion
from lamppost.core.faults import SensorFault
from raising import raises


def test_sensirions_example_of_the_checksum():
    row, word = rows("SHT4x", "word")[0]
    assert row["decoded"] == "Sensirion CRC example"
    assert sensirion.values(word, 1) == [0xBEEF]


def test_every_printed_command_is_made_alike():
    made = {
        sensirion.command(0x362F, 480), sensirion.command(0x2427, 1950), sensirion.command(0x2416, 1),
        sensirion.command(0xE000, 987),
        sensirion.command(0x2619, 0x8000, 0x6666),
    }  # fmt: skip
    printed = {frame for part in ("SCD4x", "SGP41") for _, frame in rows(part, "write")}
    assert made == printed


def test_each_flipped_bit_is_found():
    good = sensirion.command(0, 0x01F4, 0x6667)[2:]
    assert sensirion.values(good, 2) == [0x01F4, 0x6667]
    for bit in range(8 * len(good)):
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        with raises(SensorFault, "garbled"):
            sensirion.values(bytes(bad), 2)


def test_nothing_is_silence_and_another_length_is_garbled():
    with raises(SensorFault, "silent"):
        sensirion.values(b"", 2)
    with raises(SensorFault, "garbled"):
        sensirion.values(bytes(5), 2)
