"""What was measured so far, kept in a file that survives an interruption, and the table made of it."""

import json
import os
import statistics
from pathlib import Path

from . import rows, verdict

SLOW_RUN_S = 60
PAIRS, PAIRS_OF_SLOW = 5, 3


class Record:
    """Runs by driver, model, row, pair and side. A file of another setting is refused, not overwritten."""

    def __init__(self, path, setting):
        self.path, self.setting, self.runs = Path(path), setting, {}
        if not self.path.exists():
            return
        kept = json.loads(self.path.read_text())
        if kept.get("setting") != setting:
            changed = [key for key in setting if kept.get("setting", {}).get(key) != setting[key]]
            raise SystemExit(f"{path} holds runs of another setting ({', '.join(changed)}): give another --out")
        self.runs = kept["runs"]

    @staticmethod
    def key(driver, model, row, pair, side):
        return f"{driver}/{model}/{row.name}/{pair}/{side}"

    def get(self, *key):
        return self.runs.get(self.key(*key))

    def add(self, *key, run):
        self.runs[self.key(*key)] = run
        part = self.path.with_name(self.path.name + ".part")
        part.write_text(json.dumps({"setting": self.setting, "runs": self.runs}, indent=1))
        os.replace(part, self.path)

    def of_row(self, driver, model, row):
        """{side: its runs that ended well, in the order of the pairs}."""
        out = {}
        for key, run in self.runs.items():
            parts = key.split("/")
            if parts[:3] == [driver, model, row.name] and "failed" not in run:
                out.setdefault(parts[4], []).append((int(parts[3]), run))
        return {side: [run for _, run in sorted(runs, key=lambda r: r[0])] for side, runs in out.items()}

    def failures(self, driver, model, row):
        """{side: why its last run gave nothing}."""
        start = f"{driver}/{model}/{row.name}/"
        return {key.rsplit("/", 1)[1]: run["failed"] for key, run in self.runs.items()
                if key.startswith(start) and "failed" in run}

    def pairs(self, driver, model, row, asked):
        """As many as asked; else five, or three where a run takes minutes. One where nothing is timed."""
        if row.kind in ("logits", "memory"):
            return 1
        slow = any(run.get("wall_s", 0) > SLOW_RUN_S
                   for runs in self.of_row(driver, model, row).values() for run in runs)
        return asked or (PAIRS_OF_SLOW if slow else PAIRS)


def run_rows(record, driver, model, wanted, sides, asked_pairs, say=lambda text: None):
    """Row by row, in each the sides in turn, the order swapped from pair to pair. What is there is not run
    again, what failed is. `sides`: {"ours" and opponents: row -> run}, a run being a dict with "value"."""
    for row in wanted:
        pair = 0
        while pair < record.pairs(driver, model, row, asked_pairs):
            order = ["ours", *row.opponents([side for side in sides if side != "ours"])]
            for side in order if pair % 2 == 0 else order[::-1]:
                at = (driver, model, row, pair, side)
                kept = record.get(*at)
                if kept and "failed" not in kept:
                    continue
                run = sides[side](row)
                record.add(*at, run=run)
                say(f"{driver} {model} {row.name} {pair} {side}: {run.get('value', run.get('failed'))}")
            # A row that is wrong is not worth more time, nor is one that a side cannot run.
            if verdict.judge(record.of_row(driver, model, row))[0] or record.failures(driver, model, row):
                break
            pair += 1


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "n": len(values)}


def line_of(driver, model, row, **more):
    return {"driver": driver, "model": model, "row": row.name, "title": row.title, "unit": row.unit,
            "opponent": None, "ours": None, "theirs": None, "ratio": None, "target": None, "met": None,
            "refused": None, "note": None, "equal_tokens": None, **more}


def compared(line, mine, theirs, aim):
    ratio = mine["median"] / theirs["median"] if theirs["median"] else None
    return {**line, "ours": mine, "theirs": theirs, "ratio": ratio, "target": str(aim) if aim else None,
            "met": aim.is_met(ratio) if aim and ratio is not None else None}


def refusal(record, driver, model, row, wrong):
    """Why the row does not count, or None."""
    gate = rows.Row(rows.GATE)
    of_gate = verdict.judge(record.of_row(driver, model, gate))[0] or record.failures(driver, model, gate).get("ours")
    return wrong or of_gate and f"the logits: {of_gate}" or record.failures(driver, model, row).get("ours")


def lines_of_row(record, driver, model, row, targets):
    runs, failures = record.of_row(driver, model, row), record.failures(driver, model, row)
    wrong, equal = verdict.judge(runs)
    refused = refusal(record, driver, model, row, wrong)
    if refused:
        return [line_of(driver, model, row, refused=refused)]
    if not runs.get("ours"):
        return []
    line = line_of(driver, model, row, equal_tokens=equal)
    if runs["ours"][0]["value"] is None:
        return [{**line, "note": "nothing to compare with: no goldens, no peer"}]
    rates = [run["weights_gb_s"] for run in runs["ours"] if run.get("weights_gb_s")]
    line["weights_gb_s"] = statistics.median(rates) if rates else None
    line["ours"] = mine = spread([run["value"] for run in runs["ours"]])
    aim = lambda opponent: rows.target(targets, row, opponent, driver, model)
    out = [compared({**line, "opponent": side}, mine, spread([run["value"] for run in of_side]), aim(side))
           for side, of_side in runs.items() if side != "ours"]
    out += [{**line, "opponent": f"{side} failed: {why}"} for side, why in failures.items()]
    alone = [run["alone"] for run in runs["ours"] if "alone" in run]
    if alone and row.size > 1:
        out.append(compared({**line, "opponent": "own batch 1"}, mine, spread(alone), aim("own batch 1")))
    if out:
        return out
    goal = aim(None) if row.kind == "memory" else None
    return [{**line, "target": str(goal) if goal else None, "met": goal.is_met(mine["median"]) if goal else None}]


def table(record, plan, targets):
    """`plan`: (driver, model, rows) in the order of the table."""
    return [line for driver, model, wanted in plan for row in wanted
            for line in lines_of_row(record, driver, model, row, targets)]


def markdown(lines, bandwidth=None):
    def show(values, unit):
        if values is None:
            return "-"
        digits = 4 if unit == "off" else 1
        text = f"{values['median']:.{digits}f}"
        if values["n"] > 1:
            text += f" ({values['min']:.{digits}f}..{values['max']:.{digits}f})"
        return text if unit == "off" else f"{text} {unit}"

    head = ["driver", "model", "row", "ours (min..max)", "beside", "its (min..max)", "ratio", "target", "met", "pairs",
            "equal tokens"] + ([f"of {bandwidth:g} GB/s"] if bandwidth else [])
    out = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for line in lines:
        cells = [line["driver"], line["model"], line["title"]]
        if line["refused"] or line["note"]:
            cells += [line["note"] or f"refused: {line['refused']}"] + ["-"] * (len(head) - 4)
        else:
            met = {None: "-", True: "yes", False: "no"}[line["met"]]
            ratio = "-" if line["ratio"] is None else f"{line['ratio']:.2f}"
            n = min(values["n"] for values in (line["ours"], line["theirs"]) if values)
            cells += [show(line["ours"], line["unit"]), line["opponent"] or "-", show(line["theirs"], line["unit"]),
                      ratio, line["target"] or "-", met, str(n),
                      "-" if line["equal_tokens"] is None else str(line["equal_tokens"])]
            if bandwidth:
                rate = line.get("weights_gb_s") if line["row"].startswith("decode") else None
                cells.append(f"{100 * rate / bandwidth:.0f} %" if rate else "-")
        out.append("| " + " | ".join(str(cell).replace("|", "/").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(out)
