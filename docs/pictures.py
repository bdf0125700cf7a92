"""
Draw the pictures of the documentation: ``python docs/pictures.py``.

They are SVG of plain shapes and text, on a white ground that is readable in a dark page as well. A
test draws them again, so that they stay as this file and the package's own poll times say.
"""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

from agentcore_memory_async.policies import DEFAULT_POLL_TIMES_S

FOLDER = Path(__file__).parent / "_static"
"""Where the pictures are."""
INK, SOFT, BLUE, GREEN, AMBER = "#1f2933", "#5f6c7b", "#2563a8", "#2f7d4f", "#a35a00"
"""Colors of text and lines."""
TINTS = {BLUE: "#e8f0f9", GREEN: "#e6f4ec", AMBER: "#fcf1e0", SOFT: "#f4f6f8"}
"""Fills of boxes, by the color of their frame."""


def text(
    x: float,
    y: float,
    words: str,
    *,
    size: int = 14,
    color: str = INK,
    at: str = "start",
    bold: bool = False,
) -> str:
    """Return a line of text; *at* says which of its ends or its middle is at *x*."""
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{color}" text-anchor="{at}"{weight}>'
        f"{escape(words)}</text>"
    )


def code(x: float, y: float, words: str, *, at: str = "start") -> str:
    """Return a name of the package, as code."""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="13" fill="{INK}" text-anchor="{at}" '
        f'font-family="ui-monospace, Menlo, Consolas, monospace">{escape(words)}</text>'
    )


def box(x: float, y: float, width: float, height: float, color: str) -> str:
    """Return a box with round corners."""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="8" '
        f'fill="{TINTS[color]}" stroke="{color}" stroke-width="1.5"/>'
    )


def line(
    x1: float,
    y1: float,
    x2: float,
    y2: float,
    color: str = SOFT,
    *,
    arrow: bool = False,
    dashed: bool = False,
) -> str:
    """Return a line, with an arrow at its end if asked for."""
    more = ' marker-end="url(#arrow)"' if arrow else ""
    more += ' stroke-dasharray="5 4"' if dashed else ""
    return (
        f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{color}" '
        f'stroke-width="1.6"{more}/>'
    )


def picture(width: int, height: int, title: str, parts: list[str]) -> str:
    """Return the SVG of *parts*; *title* is what a screen reader says of it."""
    name = escape(title)
    fonts = "system-ui, Segoe UI, Helvetica, Arial, sans-serif"
    svg = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="{fonts}"'
    marker = 'id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"'
    head = f'<path d="M0 0L8 4L0 8z" fill="{SOFT}"/>'
    lines = [
        f'<svg {svg} role="img" aria-label="{name}">',
        f"<title>{name}</title>",
        f'<defs><marker {marker} orient="auto">{head}</marker></defs>',
        f'<rect width="{width}" height="{height}" rx="10" fill="#ffffff"/>',
        *parts,
        "</svg>",
        "",
    ]
    return "\n".join(lines)


def poll(x: float, y: float, color: str, fill: str) -> str:
    """Return the mark of a poll on a timeline."""
    return f'<circle cx="{x:g}" cy="{y:g}" r="5" fill="{fill}" stroke="{color}" stroke-width="2"/>'


def two_memories() -> str:
    """Return the picture of the two memories, and of what goes where."""
    parts = [
        box(20, 130, 130, 80, SOFT),
        text(85, 165, "Your agent", at="middle", bold=True),
        text(85, 186, "awaits each call", size=12, color=SOFT, at="middle"),
        box(330, 24, 210, 120, BLUE),
        text(435, 52, "Short-term memory", at="middle", bold=True, color=BLUE),
        text(435, 76, "the events of a session:", size=13, at="middle"),
        text(435, 95, "turns and your own data,", size=13, at="middle"),
        text(435, 114, "in the order of the calls", size=13, at="middle"),
        text(435, 134, "kept for 3 to 3,650 days", size=12, color=SOFT, at="middle"),
        box(330, 206, 210, 120, GREEN),
        text(435, 234, "Long-term memory", at="middle", bold=True, color=GREEN),
        text(435, 258, "records in namespaces:", size=13, at="middle"),
        code(435, 278, "/facts/anna/", at="middle"),
        code(435, 297, "/preferences/anna/", at="middle"),
        text(435, 316, "for all sessions of an actor", size=12, color=SOFT, at="middle"),
        line(150, 150, 324, 76, arrow=True),
        code(166, 66, "add_turns()"),
        code(166, 84, "create_event()"),
        line(324, 104, 156, 166, arrow=True),
        code(226, 160, "get_last_k_turns()"),
        line(324, 268, 150, 194, arrow=True),
        code(70, 266, "retrieve_context()"),
        code(70, 284, "search_long_term_memories()"),
        line(540, 84, 640, 140, arrow=True),
        box(590, 142, 150, 66, AMBER),
        text(665, 169, "Extraction", at="middle", bold=True, color=AMBER),
        text(665, 190, "by the service, later", size=12, color=SOFT, at="middle"),
        line(640, 208, 546, 264, arrow=True),
    ]
    return picture(760, 345, "Short-term and long-term memory, and the calls between them", parts)


def extraction_timeline() -> str:
    """Return the timeline of one wait on AWS: the polls are those of the package's schedule."""
    left, seconds, y = 40.0, 3.6, 120.0

    def at(time_s: float) -> float:
        return left + seconds * time_s

    polls = [time_s for time_s in DEFAULT_POLL_TIMES_S if time_s <= 180]
    found = next(time_s for time_s in polls if time_s > 93)
    parts = [
        line(at(0), y, at(184), y, INK),
        *(
            text(at(each), y + 48, f"{each} s", size=12, color=SOFT, at="middle")
            for each in range(0, 181, 30)
        ),
        *(line(at(each), y, at(each), y + 6, INK) for each in range(0, 181, 30)),
        text(at(0), 30, "add_turns()", bold=True, color=BLUE),
        text(at(0), 48, "stored, acknowledged", size=12, color=SOFT),
        line(at(0), 56, at(0), y - 4, BLUE, arrow=True),
        box(at(4), y - 50, at(93) - at(4), 26, AMBER),
        text(
            (at(4) + at(93)) / 2,
            y - 32,
            "the service extracts; no call tells how far it is",
            size=12,
            color=AMBER,
            at="middle",
        ),
        *(
            poll(at(each), y, GREEN, GREEN if each == found else "#ffffff")
            for each in polls
            if each <= found
        ),
        *(poll(at(each), y, TINTS[SOFT], "#ffffff") for each in polls if each > found),
        text(at(found) + 4, 30, "the poller yields the records", bold=True, color=GREEN),
        text(at(found) + 4, 48, "about 93 s were measured by others", size=12, color=SOFT),
        line(at(found), 56, at(found), y - 8, GREEN, arrow=True),
        text(at(180), y - 20, "timeout", size=12, color=SOFT, at="end"),
        line(at(180), y - 14, at(180), y + 14, SOFT, dashed=True),
        text(
            at(0),
            y + 76,
            "○ polls: one list request each, shared by all waits of an actor",
            size=12,
            color=SOFT,
        ),
    ]
    return picture(740, 215, "A wait for extraction, from the write to the records", parts)


PICTURES = {"two_memories.svg": two_memories, "extraction_timeline.svg": extraction_timeline}
"""What draws each picture, by its name."""

if __name__ == "__main__":
    for name, draw in PICTURES.items():
        FOLDER.joinpath(name).write_text(draw(), encoding="utf-8")
