"""tests/bench/compare.py without a peer and without a model: medians, resuming, refusing, the plot."""

import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bench"))

import compare
from comparison import plot, record, rows, sides, verdict

SETTING = {"build": "b", "decode": 4}
DECODE, GATE = rows.parse("decode@0"), rows.Row(rows.GATE)
TOKENS = [[7, 8, 9, 10]]


class Contest:
    """Sides that answer at once, and say what was asked of them."""

    def __init__(self, ours=(10, 11, 12, 13, 14), vulkan=(1, 2, 3, 4, 5), also=None):
        self.values = {"ours": list(ours), "vulkan": list(vulkan)}
        self.also, self.asked = also or {}, []

    def sides(self):
        return {"ours": lambda row: self.run(row, "ours"), "vulkan": lambda row: self.run(row, "vulkan")}

    def run(self, row, side):
        self.asked.append(f"{row.name} {side}")
        if row.kind == rows.GATE:
            return {"value": 0.01}
        margins = {"margins": [[2.0] * 4]} if side != "ours" else {}
        return {"value": self.values[side].pop(0), "tokens": TOKENS, **margins, **self.also.get(side, {})}


class Compare(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "runs.json"

    def measure(self, contest, wanted=(DECODE,), pairs=3, kept=None):
        kept = kept or record.Record(self.file, SETTING)
        record.run_rows(kept, "new", "m.gguf", wanted, contest.sides(), pairs)
        return kept

    def lines(self, kept, wanted=(DECODE,)):
        return record.table(kept, [("new", "m.gguf", wanted)], "lavapipe")

    def test_sides_take_turns_and_medians_are_compared(self):
        contest = Contest()
        (line,) = self.lines(self.measure(contest))
        self.assertEqual([asked.split()[1] for asked in contest.asked],
                         ["ours", "vulkan", "vulkan", "ours", "ours", "vulkan"])
        self.assertEqual(line["ours"], {"median": 11, "min": 10, "max": 12, "n": 3})
        self.assertEqual((line["ratio"], line["target"], line["met"]), (5.5, ">= 10", False))
        self.assertEqual(line["equal_tokens"], 4)
        self.assertIn("| 11.0 (10.0..12.0) tok/s | vulkan | 2.0 (1.0..3.0) tok/s | 5.50 | >= 10 | no | 3 | 4 |",
                      record.markdown([line]))

    def test_a_time_should_be_low(self):
        row = rows.parse("first-cold")
        (line,) = self.lines(self.measure(Contest(vulkan=(200, 200, 200)), [row]), [row])
        self.assertEqual((line["ratio"], line["target"], line["met"]), (0.055, "<= 0.15", True))

    def test_an_interrupted_table_goes_on_where_it_stopped(self):
        class Interrupted(Contest):
            def run(self, row, side):
                if len(self.asked) == 3:
                    raise KeyboardInterrupt
                return super().run(row, side)

        with self.assertRaises(KeyboardInterrupt):
            self.measure(Interrupted())
        rest = Contest(ours=(12, 13), vulkan=(3,))
        kept = self.measure(rest)
        self.assertEqual(len(rest.asked), 3)
        again = Contest(ours=(), vulkan=())
        self.measure(again)
        self.assertEqual(again.asked, [])
        self.assertEqual(self.lines(kept)[0]["ours"]["n"], 3)

    def test_figures_of_two_builds_are_not_mixed(self):
        self.measure(Contest())
        with self.assertRaisesRegex(SystemExit, "build"):
            record.Record(self.file, {**SETTING, "build": "other"})

    def test_what_failed_is_said_and_run_again(self):
        kept = self.measure(Contest(vulkan=(None,), also={"vulkan": {"failed": "no memory"}}))
        (line,) = self.lines(kept)
        self.assertEqual((line["opponent"], line["ours"]["n"], line["ratio"]), ("vulkan failed: no memory", 1, None))
        self.assertIn("no memory", record.markdown([line]))
        kept = self.measure(Contest(ours=(11, 12)))
        (line,) = self.lines(kept)
        self.assertEqual((line["opponent"], line["ours"]["n"]), ("vulkan", 3))

    def test_what_ours_cannot_run_is_refused(self):
        kept = self.measure(Contest(ours=(None,), also={"ours": {"failed": "lost"}}))
        self.assertEqual(self.lines(kept)[0]["refused"], "lost")

    def test_a_row_with_wrong_tokens_is_refused_and_costs_no_more_pairs(self):
        contest = Contest(ours=(1000,) * 3, also={"ours": {"tokens": [[7, 8, 1, 10]]}})
        kept = self.measure(contest)
        self.assertEqual(len(contest.asked), 2)
        (line,) = self.lines(kept)
        self.assertRegex(line["refused"], "token 2 is 1, not 9")
        self.assertIsNone(line["ratio"])
        self.assertIn("refused", record.markdown([line]))

    def test_a_close_call_is_no_error(self):
        contest = Contest(also={"ours": {"tokens": [[7, 8, 1, 2]]}, "vulkan": {"margins": [[2, 2, 0.5, 2]]}})
        (line,) = self.lines(self.measure(contest))
        self.assertEqual((line["refused"], line["equal_tokens"]), (None, 2))

    def test_tokens_that_change_from_run_to_run_are_refused(self):
        contest = Contest()
        answers = iter([[[7, 8, 9, 10]], [[7, 8, 9, 11]]])
        plain = contest.run
        contest.run = lambda row, side: {**plain(row, side), **({"tokens": next(answers)} if side == "ours" else {})}
        self.assertRegex(self.lines(self.measure(contest, pairs=2))[0]["refused"], "change")

    def test_two_devices_are_not_compared(self):
        contest = Contest(also={"ours": {"device": "GPU A"}, "vulkan": {"device": "GPU B"}})
        self.assertRegex(self.lines(self.measure(contest))[0]["refused"], "GPU A.*GPU B")
        self.assertEqual(sides.Contest.device_of_peer("vulkan", {"Vulkan0": "A", "CPU": "x"}), "A")
        self.assertIsNone(sides.Contest.device_of_peer("cpu", {"CPU": "x"}))
        for side, found in (("vulkan", {"CPU": "x"}), ("cpu", {"Vulkan0": "A", "CPU": "x"})):
            with self.assertRaises(sides.RunFailed):
                sides.Contest.device_of_peer(side, found)

    def test_wrong_logits_refuse_every_row(self):
        contest = Contest()
        plain = contest.run
        contest.run = lambda row, side: ({"value": 1.0, "wrong": "off by 1"} if row.kind == rows.GATE
                                         else plain(row, side))
        wanted = [GATE, DECODE]
        lines = self.lines(self.measure(contest, wanted), wanted)
        self.assertEqual(len(lines), 2)
        self.assertTrue(all("off by 1" in line["refused"] for line in lines), lines)

    def test_logits_that_nothing_was_compared_with_are_not_called_right(self):
        contest = Contest()
        plain = contest.run
        contest.run = lambda row, side: {"value": None} if row.kind == rows.GATE else plain(row, side)
        first, second = self.lines(self.measure(contest, [GATE, DECODE]), [GATE, DECODE])
        self.assertIn("nothing to compare", first["note"])
        self.assertIn("nothing to compare", record.markdown([first]))
        self.assertEqual(second["ratio"], 5.5)

    def test_slow_rows_get_fewer_pairs(self):
        kept = self.measure(Contest(), pairs=0)
        self.assertEqual(self.lines(kept)[0]["ours"]["n"], record.PAIRS)
        self.file.unlink()
        kept = self.measure(Contest(also={"vulkan": {"wall_s": 100}}), pairs=0)
        self.assertEqual(self.lines(kept)[0]["ours"]["n"], record.PAIRS_OF_SLOW)

    def test_batches_are_compared_with_our_own_single_one(self):
        row = rows.parse("batch@8")
        kept = self.measure(Contest(also={"ours": {"alone": 4}}), [row])
        beside, own = self.lines(kept, [row])
        self.assertEqual((beside["opponent"], beside["target"]), ("vulkan", ">= 6"))
        self.assertEqual((own["opponent"], own["ratio"], own["met"]), ("own batch 1", 11 / 4, True))

    def test_log_probabilities(self):
        top = [[1, -0.5], [2, -1.5]]
        self.assertEqual(verdict.against_top(top, top), (0, None))
        self.assertIn("off by 0.1", verdict.against_top(top, [[1, -0.6]])[1])
        self.assertIn("missing", verdict.against_top(top, [[3, -1.0]])[1])
        self.assertIsNone(verdict.against_top(top, [[3, -1.52]])[1])
        golden = {"greedy": [1, 2], "margin": [0.1, 3]}
        self.assertIsNone(verdict.against_golden([5, 6], golden))
        self.assertIn("token 1", verdict.against_golden([1, 6], golden))

    def test_prompts_are_cut_as_the_tool_cuts_them(self):
        self.assertEqual(sides.cut(list(range(50)), 4, 1), [37, 38, 39, 40])
        self.assertEqual(sides.cut(list(range(50)), 4, 2), [24, 25, 26, 27])

    def test_rows(self):
        for text in ("decode", "decode@x", "load@1", "speed"):
            with self.assertRaises(ValueError):
                rows.parse(text)
        aim = lambda row, opponent, driver="new", model="gemma-3", table="lavapipe": rows.target(
            table, rows.parse(row), opponent, driver, model)
        self.assertEqual(str(aim("decode@0", "cpu")), ">= 0.3")
        self.assertIsNone(aim("decode@0", "cpu", "old"))
        self.assertEqual(aim("prefill@512", "vulkan", "old").value, 8)
        self.assertEqual(aim("memory", None).value, 96)
        self.assertEqual(aim("decode@0", "vulkan", table="datacenter", model="random-7b.gguf").value, 1.4)

    def test_plot_is_well_formed(self):
        wanted = [DECODE, rows.parse("batch@8"), rows.parse("first-warm")]
        kept = self.measure(Contest(ours=range(10, 19), vulkan=range(1, 10), also={"ours": {"alone": 4}}), wanted)
        lines = self.lines(kept, wanted)
        lines[0]["model"] = "<&>.gguf"
        root = ElementTree.fromstring(plot.svg(lines))
        bars = [bar for bar in root.iter("{http://www.w3.org/2000/svg}rect")
                if bar.find("{http://www.w3.org/2000/svg}title") is not None]
        # Three rows of two sides, and the batch of one beside two of them.
        self.assertEqual(len(bars), sum(len(group[2]) for groups in plot.groups_of(lines).values()
                                        for group in groups))
        self.assertGreater(len(bars), 6)
        for bar in bars:
            self.assertGreater(float(bar.get("height")), 0)
        ElementTree.fromstring(plot.svg([]))

    def test_arguments(self):
        with self.assertRaises(SystemExit):
            compare.main(["--alviss", "/no/such/tool", "--against", "none"])
        with self.assertRaises(SystemExit):
            compare.main(["--against", "nobody"])


if __name__ == "__main__":
    unittest.main()
