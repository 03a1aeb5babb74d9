"""Quotients of integers, rounded half up: what a chip's counts mean is never left to a float of 24 bits."""


def rounded(numerator, denominator):
    """numerator / denominator for a positive denominator."""
    return (2 * numerator + denominator) // (2 * denominator)


def power_factor(p_mw, u_mv, i_ma):
    """pf in hundredths with the sign of the power, never beyond 1; 0 where nothing flows."""
    apparent = u_mv * i_ma  # uVA
    return 0 if apparent == 0 else max(-100, min(100, rounded(p_mw * 100000, apparent)))
