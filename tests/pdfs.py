"""A small writer of PDFs: words and lines where a test wants them, in the order in which it names them."""

from collections.abc import Sequence

PLAIN, BOLD = "F1", "F2"
WIDTH, HEIGHT = 595, 842


def words(x: float, y: float, text: str, font: str = PLAIN, size: int = 10) -> str:
    """Words in so many points from there on, in points from the lower left corner."""
    escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"BT /{font} {size} Tf {x} {y} Td ({escaped}) Tj ET"


def line(x: float, y: float, to_x: float, to_y: float) -> str:
    """A line from one place to another."""
    return f"{x} {y} m {to_x} {to_y} l S"


def pdf(*pages: Sequence[str], turned: int = 0) -> bytes:
    """A PDF of these pages, each of what is drawn on it; ``turned`` by so many degrees."""
    first, last = 5, 4 + 2 * len(pages)
    kids = " ".join(f"{number} 0 R" for number in range(first, last, 2))
    bodies = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold/Encoding/WinAnsiEncoding>>",
    ]
    for number, page in enumerate(pages):
        content = "\n".join(page)
        bodies += [
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {WIDTH} {HEIGHT}]/Rotate {turned}"
            f"/Resources<</Font<</{PLAIN} 3 0 R/{BOLD} 4 0 R>>>>/Contents {first + 2 * number + 1} 0 R>>",
            f"<</Length {len(content.encode('cp1252'))}>>stream\n{content}\nendstream\n",
        ]
    objects = "\n".join(f"{number} 0 obj{body}endobj" for number, body in enumerate(bodies, 1))
    return f"%PDF-1.5\n{objects}\ntrailer<</Root 1 0 R>>\n%%EOF".encode("cp1252")
