"""Small plots as SVG, coloured by the style sheet of their page (``templates/base.html.j2``)."""

from collections.abc import Sequence
from html import escape

from askcorpus_eval.figures import Estimate

WIDTH, HEIGHT = 380, 250
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 12, 42
Point = tuple[float, float]


class Frame:
    """Axes from 0 to ``x_max`` and ``y_max``, and what is drawn between them."""

    def __init__(self, x_label: str, y_label: str, x_max: float = 1.0, y_max: float = 1.0) -> None:
        self._x_max, self._y_max = x_max or 1.0, y_max or 1.0
        self._parts: list[str] = []
        self._label(x_label, y_label)

    def x(self, value: float) -> float:
        """The place of a value on the horizontal axis."""
        return LEFT + value / self._x_max * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """The place of a value on the vertical axis."""
        return HEIGHT - BOTTOM - value / self._y_max * (HEIGHT - TOP - BOTTOM)

    def ticks(self, xs: Sequence[float], ys: Sequence[float]) -> "Frame":
        """Numbers along both axes, and grid lines from the vertical one."""
        for value in ys:
            self._parts.append(_line("grid", (self.x(0), self.y(value)), (self.x(self._x_max), self.y(value))))
            self._parts.append(_text(self.x(0) - 6, self.y(value) + 4, f"{value:g}", "end"))
        for value in xs:
            self._parts.append(_text(self.x(value), self.y(0) + 16, f"{value:g}", "middle"))
        return self

    def line(self, points: Sequence[Point], *, dots: bool = False) -> "Frame":
        """A line through the points, with a dot on each if wanted."""
        path = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)
        self._parts.append(f'<polyline class="line" points="{path}"/>')
        for x, y in points if dots else ():
            self._parts.append(f'<circle class="dot" cx="{self.x(x):.1f}" cy="{self.y(y):.1f}" r="3.5"/>')
        return self

    def band(self, lower: Sequence[Point], upper: Sequence[Point]) -> "Frame":
        """The area between two lines."""
        path = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in [*lower, *reversed(upper)])
        self._parts.append(f'<polygon class="band" points="{path}"/>')
        return self

    def diagonal(self) -> "Frame":
        """The dashed line on which both axes are equal."""
        self._parts.append(_line("diagonal", (self.x(0), self.y(0)), (self.x(self._x_max), self.y(self._y_max))))
        return self

    def bars(self, edges: Sequence[float], heights: Sequence[float]) -> "Frame":
        """A histogram's bars between the edges."""
        for left, right, height in zip(edges, edges[1:], heights, strict=False):
            x, y = self.x(left), self.y(height)
            size = f'width="{max(0.5, self.x(right) - x - 1):.1f}" height="{self.y(0) - y:.1f}"'
            self._parts.append(f'<rect class="bar" x="{x:.1f}" y="{y:.1f}" {size}/>')
        return self

    def mark(self, x: float, label: str, line: int = 0) -> "Frame":
        """A vertical line with a label at its top, on this line of text."""
        self._parts.append(_line("mark", (self.x(x), self.y(0)), (self.x(x), TOP)))
        self._parts.append(_text(self.x(x) + 4, TOP + 10 + 14 * line, label, "start"))
        return self

    def render(self, title: str) -> str:
        """The whole plot; ``title`` says to those who cannot see it what it shows."""
        axes = _line("axis", (LEFT, TOP), (LEFT, HEIGHT - BOTTOM)) + _line(
            "axis", (LEFT, HEIGHT - BOTTOM), (WIDTH - RIGHT, HEIGHT - BOTTOM)
        )
        return _svg(title, WIDTH, HEIGHT, "".join(self._parts) + axes)

    def _label(self, x_label: str, y_label: str) -> None:
        middle = (TOP + HEIGHT - BOTTOM) / 2
        self._parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, x_label, "middle", "label"))
        turned = f'transform="rotate(-90 12 {middle:.1f})"'
        self._parts.append(
            f'<text class="label" x="12" y="{middle:.1f}" text-anchor="middle" {turned}>{escape(y_label)}</text>'
        )


def interval(figure: Estimate, width: int = 140) -> str:
    """A figure between 0 and 1 as a bar, with its interval as a whisker."""
    if figure.value is None or figure.low is None or figure.high is None:
        return ""
    value, low, high = (min(1.0, max(0.0, number)) * width for number in (figure.value, figure.low, figure.high))
    drawn = (
        f'<rect class="track" width="{width}" height="10" y="3" rx="2"/>'
        f'<rect class="bar" width="{value:.1f}" height="10" y="3" rx="2"/>'
        + _line("whisker", (low, 8), (high, 8))
        + _line("whisker", (low, 4), (low, 12))
        + _line("whisker", (high, 4), (high, 12))
    )
    return _svg(f"{figure.value:.3f}, 95 % between {figure.low:.3f} and {figure.high:.3f}", width, 16, drawn)


def _svg(title: str, width: int, height: int, drawn: str) -> str:
    return (
        f'<svg role="img" viewBox="0 0 {width} {height}" style="max-width:{width * 1.6:.0f}px">'
        f"<title>{escape(title)}</title>{drawn}</svg>"
    )


def _line(name: str, start: Point, end: Point) -> str:
    (x1, y1), (x2, y2) = start, end
    return f'<line class="{name}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, anchor: str, name: str = "tick") -> str:
    return f'<text class="{name}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
