"""The numbers that a text writes in figures."""

from askcorpus.text.words import word_spans

LONGEST = 30
"""Digits of a number that is compared; what is longer is a code, and would take long to read as one."""


def figures(text: str, above: int = -1) -> dict[str, str]:
    """The numbers larger than ``above``, each as it is first written.

    They are known by their digits without zeros at the end, so that 2.5 (million) and 2 500 000 are one; figures of
    every script are folded to the same digits.
    """
    found: dict[str, str] = {}
    for word, (start, end) in word_spans(text):
        digits = word.replace(".", "")
        if digits.isdecimal() and len(digits) <= LONGEST and int(digits) > above:
            found.setdefault(digits.strip("0"), text[start:end])
    return found
