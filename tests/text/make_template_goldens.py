#!/usr/bin/env python3
"""Renders chat templates with Jinja2 and writes what the C++ tests compare with.

    pip install jinja2==3.1.6 gguf
    tests/text/make_template_goldens.py TEMPLATES_FOLDER MODELS_FOLDER

TEMPLATES_FOLDER: what tests/fetch_conformance.sh unpacks (models/templates of llama-cpp-python's
source package). MODELS_FOLDER: *.gguf, whose tokenizer.chat_template is added. Writes
tests/goldens/templates.json and tests/goldens/template_units.json.

Jinja2 is set up as transformers does (ImmutableSandboxedEnvironment, trim_blocks, lstrip_blocks, loop
controls, its own tojson, raise_exception, strftime_now, the generation tag), with two additions of
ours: from_json, and lists that may grow (some templates append; transformers refuses them, we do not).
"""

import datetime
import json
import pathlib
import sys

import gguf
import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedEnvironment

import template_conversations
import template_units

NOW = template_conversations.NOW
GOLDENS = pathlib.Path(__file__).resolve().parent.parent / "goldens"


class Generation(Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def environment(growing_lists):
    kind = SandboxedEnvironment if growing_lists else ImmutableSandboxedEnvironment
    env = kind(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    def strftime_now(format):
        utc = datetime.datetime.fromtimestamp(NOW, datetime.timezone.utc)
        return utc.replace(tzinfo=None).strftime(format)

    env.filters["tojson"] = tojson
    env.filters["from_json"] = json.loads
    env.globals.update(raise_exception=raise_exception, strftime_now=strftime_now)
    return env


def render(source, variables, growing_lists=False):
    """The text, or None and the error."""
    try:
        variables = json.loads(json.dumps(variables))
        return environment(growing_lists).from_string(source).render(**variables), ""
    except jinja2.exceptions.SecurityError as e:
        unsafe_list = "of 'list' object is unsafe" in str(e)
        if unsafe_list and not growing_lists and ("append" in str(e) or "pop" in str(e)):
            return render(source, variables, True)
        return None, f"{type(e).__name__}: {e}"
    except Exception as e:  # whatever Jinja raises is the golden
        return None, f"{type(e).__name__}: {e}"


def conversation_variables(case):
    return {
        "tools": None,
        "documents": None,
        **case["extra"],
        "messages": case["messages"],
        "add_generation_prompt": case["add_generation_prompt"],
        "bos_token": template_conversations.BOS,
        "eos_token": template_conversations.EOS,
    }


def fnv1a(text):
    h = 0xCBF29CE484222325
    for byte in text.encode():
        h = (h ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{h:016x}"


def results(source, cases):
    """One a case: the FNV-1a of the text, or "!" and the error."""
    out = []
    for case in cases:
        text, error = render(source, conversation_variables(case))
        out.append("!" + error[:100] if text is None else fnv1a(text))
    return out


def chat_template(path):
    field = gguf.GGUFReader(path).get_field("tokenizer.chat_template")
    return field.contents() if field else None


def main():
    folder, models = map(pathlib.Path, sys.argv[1:])
    cases = list(template_conversations.cases())
    about = "tests/text/make_template_goldens.py, Jinja2 " + jinja2.__version__
    templates = {}
    for path in sorted(folder.glob("*.jinja")):
        templates[path.name] = results(path.read_bytes().decode(), cases)
    own = {}
    for path in sorted(models.glob("*.gguf")):
        source = chat_template(path)
        own[path.name] = None if source is None else {"source": source, "results": results(source, cases)}
    golden = {
        "source": about + " over the templates of llama-cpp-python 0.3.36",
        "now": NOW,
        "bos_token": template_conversations.BOS,
        "eos_token": template_conversations.EOS,
        "cases": cases,
        "templates": templates,
        "models": own,
    }
    write("templates.json", golden)

    units = []
    expressions = ["{{ " + line + " }}" for line in template_units.EXPRESSIONS.strip("\n").split("\n")]
    for source in expressions + template_units.STATEMENTS:
        text, error = render(source, template_units.VARIABLES)
        units.append([source, text] if text is not None else [source, None, error[:100]])
    write("template_units.json", {"source": about, "now": NOW, "variables": template_units.VARIABLES, "units": units})


def write(name, golden):
    lines = json.dumps(golden, ensure_ascii=False, indent=0).replace("\x7f", "\\u007f")
    (GOLDENS / name).write_text(lines + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
