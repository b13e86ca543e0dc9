"""The table as a picture: grouped bars as SVG, written by hand."""

from xml.sax.saxutils import escape

COLORS = {"ours": "#2a6f97", "vulkan": "#e07a5f", "cpu": "#b8b8b8", "own batch 1": "#81b29a"}
BAR, GAP, HEIGHT, LEFT, TOP, BOTTOM = 44, 36, 160, 24, 56, 44


def groups_of(lines):
    """{(driver, model): [(title, unit, [(side, median, min, max), ...]), ...]}; refused rows are left out."""
    panels = {}
    for line in lines:
        if line["refused"] or line["note"] or line["unit"] not in ("tok/s", "ms"):
            continue
        panel = panels.setdefault((line["driver"], line["model"]), {})
        unit, bars = panel.setdefault(line["title"], (line["unit"], []))
        for side, values in (("ours", line["ours"]), (line["opponent"], line["theirs"])):
            if values and side not in [bar[0] for bar in bars]:
                bars.append((side, values["median"], values["min"], values["max"]))
    return {key: [(title, unit, bars) for title, (unit, bars) in panel.items()] for key, panel in panels.items()}


def text(x, y, content, size=11, anchor="middle"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}">{escape(content)}</text>')


def panel(name, groups, top):
    out = [text(LEFT, top + 18, name, 14, "start")]
    floor, x, right = top + TOP + HEIGHT, LEFT, LEFT
    for title, unit, bars in groups:
        largest = max(bar[3] for bar in bars) or 1
        start = x
        for side, median, low, high in bars:
            height = HEIGHT * median / largest
            color = COLORS.get(side, "#888888")
            out.append(f'<rect x="{x}" y="{floor - height:.1f}" width="{BAR - 6}" height="{height:.1f}" '
                       f'fill="{color}"><title>{escape(side)}</title></rect>')
            middle = x + (BAR - 6) / 2
            out.append(f'<line x1="{middle:.1f}" x2="{middle:.1f}" y1="{floor - HEIGHT * low / largest:.1f}" '
                       f'y2="{floor - HEIGHT * high / largest:.1f}" stroke="#222222"/>')
            out.append(text(middle, floor - HEIGHT * high / largest - 4, f"{median:.0f}" if median >= 100 else f"{median:.3g}"))
            x += BAR
        # A group is at least as wide as its title.
        x = max(x, start + len(title) * 6)
        out.append(text(start, floor + 16, title, 11, "start"))
        out.append(text(start, floor + 30, unit + (", less is better" if unit == "ms" else ""), 10, "start"))
        right = x
        x += GAP
    out.append(f'<line x1="{LEFT}" x2="{right}" y1="{floor}" y2="{floor}" stroke="#222222"/>')
    return out, right + LEFT


def svg(lines):
    """Each group of bars is as high as its largest value. A thin line: from the lowest to the highest run."""
    body, width, top = [], 420, 30
    for (driver, model), groups in groups_of(lines).items():
        drawn, right = panel(f"{model}, {driver}", groups, top)
        body += drawn
        width = max(width, right)
        top += TOP + HEIGHT + BOTTOM
    for i, (side, color) in enumerate(COLORS.items()):
        body.append(f'<rect x="{LEFT + i * 100}" y="8" width="12" height="12" fill="{color}"/>')
        body.append(text(LEFT + i * 100 + 18, 18, side, 11, "start"))
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{top}" '
                      f'viewBox="0 0 {width} {top}" font-family="sans-serif">',
                      f'<rect width="{width}" height="{top}" fill="#ffffff"/>', *body, "</svg>", ""])
