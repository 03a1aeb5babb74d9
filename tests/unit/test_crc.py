"""Checksums against the check values of the CRC catalogue and frames from real parts."""

from lamppost.core import crc


def test_modbus_check_value():
    assert crc.modbus(b"123456789") == 0x4B37


def test_modbus_request_of_a_real_capture():
    assert crc.modbus(b"\x01\x04\x00\x00\x00\x0a") == 0x0D70  # sent low byte first: 70 0D


def test_modbus_of_a_slice_needs_no_copy():
    assert crc.modbus(b"xx123456789yy", 2, 11) == 0x4B37


def test_crc32_check_value_and_continuation():
    assert crc.crc32(b"123456789") == 0xCBF43926
    assert crc.crc32(b"6789", crc.crc32(b"12345")) == 0xCBF43926
