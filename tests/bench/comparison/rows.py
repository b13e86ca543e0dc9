"""The rows of a comparison, and what the project aims at in each."""

from dataclasses import dataclass

SIZED = ("decode", "prefill", "batch")
TIMES = ("first-cold", "first-warm", "load")
KINDS = SIZED + TIMES + ("memory", "logits")
# What a run is checked against; every other row of the same model and driver is refused if it is wrong.
GATE = "logits"
DEFAULT_ROWS = "decode@0,decode@1024,prefill@512,batch@8,first-cold,first-warm,load,memory"


@dataclass(frozen=True)
class Row:
    kind: str
    size: int = 0  # depth, tokens of the prompt, sessions

    @property
    def name(self):
        return f"{self.kind}@{self.size}" if self.kind in SIZED else self.kind

    @property
    def unit(self):
        return "ms" if self.kind in TIMES else {"memory": "MiB", "logits": "off"}.get(self.kind, "tok/s")

    @property
    def more_is_better(self):
        return self.kind in SIZED

    @property
    def title(self):
        titles = {"decode": f"decode at depth {self.size}", "prefill": f"prefill of {self.size}",
                  "batch": f"batch of {self.size}, all together", "first-cold": "first token, empty caches",
                  "first-warm": "first token, caches kept", "load": "load", "memory": "memory over weights + kv",
                  "logits": "log-probabilities, largest difference"}
        return titles[self.kind]

    def opponents(self, wanted):
        """Which of the wanted peers run beside ours."""
        if self.unit not in ("tok/s", "ms"):
            return []
        return [side for side in wanted if side != "cpu" or self.kind in ("decode", "prefill")]


def parse(text):
    kind, _, size = text.strip().partition("@")
    if kind not in KINDS or (kind in SIZED) != size.isdigit() or (kind not in SIZED and size):
        raise ValueError(f"no such row: {text!r} (decode@DEPTH, prefill@N, batch@N, {', '.join(KINDS[3:])})")
    return Row(kind, int(size or 0))


@dataclass(frozen=True)
class Target:
    value: float
    at_least: bool

    def __str__(self):
        return f"{'>=' if self.at_least else '<='} {self.value:g}"

    def is_met(self, value):
        return value >= self.value if self.at_least else value <= self.value


def lavapipe(row, opponent, driver, model):
    is_gemma = "gemma" in model.lower()
    if row.kind == "memory":
        return 96 if is_gemma else 64
    if opponent == "own batch 1":
        return 2
    if opponent == "cpu":
        figures = {"decode@0": 0.3 if is_gemma else 0.25, "prefill@512": 0.15 if is_gemma else 0.3}
        return figures.get(row.name) if driver == "new" else None
    figures = {"decode": 6 if is_gemma else 10, "prefill": 8 if driver == "old" else 5, "batch": 6,
               "first-cold": 0.15, "first-warm": 0.8}
    return figures.get(row.kind)


def datacenter(row, opponent, driver, model):
    """NVIDIA's H100 and H200. The file's name says how large the model is."""
    if opponent != "vulkan":
        return None
    if row.kind == "batch":
        return 1.2 if row.size <= 8 else 1.3
    figures = {"decode": 1.5 if "1b" in model.lower() else 1.4, "prefill": 1.0, "first-cold": 0.5,
               "first-warm": 0.9}
    return figures.get(row.kind)


TARGETS = {"lavapipe": lavapipe, "datacenter": datacenter, "none": lambda *_: None}


def target(table, row, opponent, driver, model):
    value = TARGETS[table](row, opponent, driver, model)
    return None if value is None else Target(value, row.more_is_better)
