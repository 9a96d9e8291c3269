"""Edge values as bit patterns, and how LLVM IR writes constants."""

from fractions import Fraction

INT_WIDTHS = (1, 7, 8, 16, 32, 33, 64, 65, 128, 129)
# Bits of exponent and fraction; x86_fp80 has its leading one in the fraction.
FORMATS = {"half": (5, 10), "float": (8, 23), "double": (11, 52), "x86_fp80": (15, 64), "fp128": (15, 112)}


def format_bits(name: str) -> int:
    exponent, fraction = FORMATS[name]
    return 1 + exponent + fraction


def explicit(name: str) -> bool:
    return name == "x86_fp80"


def is_nan(name: str, bits: int) -> bool:
    exponent, fraction = FORMATS[name]
    mantissa = bits & ((1 << (fraction - explicit(name))) - 1)
    return bits >> fraction & ((1 << exponent) - 1) == (1 << exponent) - 1 and mantissa != 0


def encode(name: str, value: Fraction | int) -> int:
    """The nearest number of the format, ties to even; infinity when it is too large."""
    exponent_bits, fraction = FORMATS[name]
    precision = fraction + (not explicit(name))
    bias = (1 << (exponent_bits - 1)) - 1
    sign, value = (1 if value < 0 else 0) << (exponent_bits + fraction), abs(Fraction(value))
    if value == 0:
        return sign
    power = max(value.numerator.bit_length() - value.denominator.bit_length() - 1, 1 - bias)
    while value >= Fraction(2) ** (power + 1):
        power += 1
    mantissa = round(value / Fraction(2) ** (power - precision + 1))
    if mantissa >> precision:
        mantissa, power = mantissa >> 1, power + 1
    if power > bias:
        return sign | special(name)["inf"]
    subnormal = mantissa >> (precision - 1) == 0
    biased = 0 if subnormal else power + bias
    return sign | biased << fraction | (mantissa if explicit(name) else mantissa & ((1 << fraction) - 1))


def special(name: str) -> dict[str, int]:
    exponent_bits, fraction = FORMATS[name]
    ones = ((1 << exponent_bits) - 1) << fraction
    lead = 1 << (fraction - 1) if explicit(name) else 0
    quiet = 1 << (fraction - 2) if explicit(name) else 1 << (fraction - 1)
    precision = fraction + (not explicit(name))
    # A normal x86_fp80 has its leading bit set.
    return {"inf": ones | lead, "nan": ones | lead | quiet, "smallest": 1, "largest subnormal": (1 << (precision - 1)) - 1,
            "least normal": 1 << fraction | lead, "largest": (ones - (1 << fraction)) | ((1 << fraction) - 1)}


def negative(name: str, bits: int) -> int:
    return bits ^ 1 << (format_bits(name) - 1)


def float_edges(name: str, few: bool = False) -> list[int]:
    of = special(name)
    one = encode(name, 1)
    values = [0, one, of["inf"], of["nan"], of["smallest"], of["largest"], encode(name, Fraction(5, 2))]
    if not few:
        values += [of["least normal"], of["largest subnormal"], one + 1, encode(name, Fraction(1, 3)), encode(name, 7)]
    return values + [negative(name, value) for value in values if value != of["nan"]]


def float_constant(name: str, bits: int) -> str:
    if name == "float":
        # As the double of the same value.
        if is_nan(name, bits):
            return f"0x{(bits >> 31) << 63 | 0x7ff << 52 | (bits & 0x7fffff) << 29:016X}"
        return f"0x{encode_exactly(name, 'double', bits):016X}"
    if name == "double":
        return f"0x{bits:016X}"
    if name == "half":
        return f"0xH{bits:04X}"
    if name == "x86_fp80":
        return f"0xK{bits:020X}"
    return f"0xL{bits & (1 << 64) - 1:016X}{bits >> 64:016X}"


def value_of(name: str, bits: int) -> Fraction | None:
    """None for infinities and NaNs."""
    exponent_bits, fraction = FORMATS[name]
    biased = bits >> fraction & ((1 << exponent_bits) - 1)
    mantissa = bits & ((1 << fraction) - 1)
    if biased == (1 << exponent_bits) - 1:
        return None
    if biased and not explicit(name):
        mantissa |= 1 << fraction
    precision = fraction + (not explicit(name))
    value = mantissa * Fraction(2) ** (max(biased, 1) - ((1 << (exponent_bits - 1)) - 1) - (precision - 1))
    return -value if bits >> (exponent_bits + fraction) else value


def encode_exactly(source: str, target: str, bits: int) -> int:
    value = value_of(source, bits)
    negated = bits >> (format_bits(source) - 1)
    if value is None:
        return negative(target, special(target)["inf"]) if negated else special(target)["inf"]
    pattern = encode(target, abs(value))
    return negative(target, pattern) if negated else pattern


def signed(width: int, bits: int) -> int:
    return bits - (1 << width) if bits >> (width - 1) & 1 else bits


def int_edges(width: int) -> list[int]:
    """0, 1, -1, the extremes, powers of two and their neighbours, and a number without a pattern."""
    all_ones, low = (1 << width) - 1, 1 << (width - 1)
    half = width // 2
    values = [0, 1, all_ones, low, low - 1, low + 1, 1 << half, (1 << half) - 1, all_ones - 1,
              0x9e3779b97f4a7c15f39cc0605cedc834a >> max(0, 132 - width)]
    return list(dict.fromkeys(value & all_ones for value in values))


def int_constant(width: int, bits: int) -> str:
    return ("true" if bits else "false") if width == 1 else str(signed(width, bits))
