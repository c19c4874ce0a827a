"""A small SVG writer for the pictures of the pages: boxes, lines, text, and colours for light and dark.

A picture brings its own background, light or dark as the reader's system asks, so its text can be
read on any page. Numbers are written with few digits: the same picture is the same bytes on every machine.
"""
from html import escape

LIGHT = {"ground": "#ffffff", "ink": "#1f2328", "dim": "#59636e", "line": "#d1d9e0", "soft": "#f3f5f7",
         "blue": "#0a69d6", "orange": "#bc4c00", "green": "#1a7f37", "purple": "#8250df"}
DARK = {"ground": "#0d1117", "ink": "#e6edf3", "dim": "#9aa4af", "line": "#3d444d", "soft": "#1a2029",
        "blue": "#58a6ff", "orange": "#f0883e", "green": "#3fb950", "purple": "#bc8cff"}


def rules(colours):
    return "".join(f".{name}{{fill:{value}}}.s-{name}{{stroke:{value};fill:none}}"
                   for name, value in colours.items())


STYLE = ("text{font:13px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif}"
         ".mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:12px}"
         ".small{font-size:11px}.bold{font-weight:600}"
         ".mid{text-anchor:middle}.end{text-anchor:end}"
         f"{rules(LIGHT)}@media(prefers-color-scheme:dark){{{rules(DARK)}}}")


def number(value):
    return f"{value:.1f}".removesuffix(".0")


class Figure:
    def __init__(self, width, height, title):
        self.width, self.height, self.title, self.parts = width, height, title, []

    def text(self, x, y, text, classes="ink"):
        self.parts.append(f'<text x="{number(x)}" y="{number(y)}" class="{classes}" '
                          f'xml:space="preserve">{escape(str(text))}</text>')

    def box(self, x, y, width, height, classes="soft", opacity=1.0, radius=3):
        see_through = f' fill-opacity="{opacity:.2f}"' if opacity != 1.0 else ""
        self.parts.append(f'<rect x="{number(x)}" y="{number(y)}" width="{number(width)}" '
                          f'height="{number(height)}" rx="{radius}" class="{classes}"{see_through}/>')

    def line(self, points, classes="s-dim", width=1.5, dashed=False):
        path = " ".join(f"{number(x)},{number(y)}" for x, y in points)
        dash = ' stroke-dasharray="4 3"' if dashed else ""
        self.parts.append(f'<polyline points="{path}" class="{classes}" stroke-width="{width}"{dash}/>')

    def arrow(self, x1, y1, x2, y2, classes="s-dim"):
        """Straight, down or right."""
        self.line([(x1, y1), (x2, y2)], classes)
        head = [(x2 - 4, y2 - 6), (x2, y2), (x2 + 4, y2 - 6)] if x1 == x2 else \
               [(x2 - 6, y2 - 4), (x2, y2), (x2 - 6, y2 + 4)]
        self.line(head, classes)

    def dot(self, x, y, classes="blue", radius=3.5):
        self.parts.append(f'<circle cx="{number(x)}" cy="{number(y)}" r="{radius}" class="{classes}"/>')

    def cell(self, x, y, width, height, share, text="", colour="blue"):
        """A square of a heat map; share is 0 to 1."""
        opacity = 0.05 + 0.57 * min(1.0, float(share))
        self.box(x, y, width, height, colour, opacity, radius=1)
        if text:
            self.text(x + width / 2, y + height / 2 + 4, text, "ink mid small")

    def svg(self):
        ground = f'<rect width="{self.width}" height="{self.height}" rx="8" class="ground"/>'
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
                f'width="{self.width}" height="{self.height}" role="img">'
                f"<title>{escape(self.title)}</title><style>{STYLE}</style>{ground}\n"
                + "\n".join(self.parts) + "\n</svg>\n")
