"""Figures that stand high or low as the characters that do: 10⁶, CO₂."""

RAISED = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")


def raised(text: str) -> str:
    """``text`` set high, or as it is where a character of it cannot be."""
    return text.translate(RAISED) if all(ord(sign) in RAISED for sign in text) else text


def lowered(text: str) -> str:
    """``text`` set low, or as it is where a character of it cannot be."""
    return text.translate(LOWERED) if all(ord(sign) in LOWERED for sign in text) else text
