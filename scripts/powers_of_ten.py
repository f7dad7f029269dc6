#!/usr/bin/env python3
"""Prints proto/base/powers_of_ten.def: 10^k for k in -292..324 as 128-bit significands, rounded up.

Those exponents are the ones that the shortest spelling of an IEEE double needs (R. Giulietti, "The
Schubfach way to render doubles", 2020)."""

print("/* 10^k, k from -292 to 324, as the upper and lower half of a 128-bit significand, rounded up.")
print(" * Made by scripts/powers_of_ten.py. */")
for k in range(-292, 325):
    exponent = (k * 1741647 >> 19) - 127  # floor(log2(10^k)) - 127
    numerator = 10 ** max(k, 0) * 2 ** max(-exponent, 0)
    denominator = 10 ** max(-k, 0) * 2 ** max(exponent, 0)
    significand = -(-numerator // denominator)
    assert 2 ** 127 <= significand < 2 ** 128
    print(f"POWER_OF_TEN(0x{significand >> 64:016X}, 0x{significand & (2**64 - 1):016X})")
