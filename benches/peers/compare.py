#!/usr/bin/env python3
"""Runs bayeux beside PyTorch, NumPyro, burn and candle, and prints how long each takes: see README.md."""

import argparse
import contextlib
import json
import os
import re
import signal
import statistics
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from tools import Failed, Tools

MODELS = ["dense", "conv", "strided"]
FAMILIES = ["functions", "reductions", "order", "positions", "shapes", "linalg"]
TORCH = ["eager", "eager-channels-last", "compile", "compile-channels-last"]


@dataclass
class Entry:
    """One column of a table: a program with its arguments, and what its milliseconds are multiplied by."""

    column: str
    tool: str
    arguments: list
    factor: float = 1.0


@dataclass
class Group:
    """Programs that take turns. Each gives the times of one or more cases, the rows of a table."""

    name: str  # for --only
    table: str
    threads: int
    entries: list
    case: str = ""  # the row of programs that give one time only
    each: bool = False  # whether bayeux is compared with each peer, not with the best
    mean: bool = False  # whether the ratios have a mean
    results: dict = field(default_factory=dict)  # case → column → {"ms": […], "min_ms": […], …}
    failures: dict = field(default_factory=dict)  # column → why

    def run(self, tools, rounds):
        """Every second round goes backwards, so that no program is always behind the same one."""
        for r in range(rounds):
            for entry in self.entries if r % 2 == 0 else reversed(self.entries):
                if entry.column in self.failures:
                    continue
                print(f"round {r + 1}, {self.name}, {plural(self.threads)}: {entry.column}", file=sys.stderr)
                try:
                    self.keep(entry, tools.run(entry.tool, entry.arguments, self.threads))
                except Failed as error:
                    self.failures[entry.column] = str(error)

    def keep(self, entry, output):
        figures = output.get("kernels") or [output | {"name": self.case, "ms": output["ms_per_step"]}]
        for new in figures:
            row = self.results.setdefault(new.pop("name"), {})
            kept = row.setdefault(entry.column, {"ms": [], "min_ms": []})
            for name, value in new.items():
                if name in ("ms", "min_ms"):
                    kept[name].append(value * entry.factor)
                else:
                    kept[name] = value


def plural(threads):
    return "1 thread" if threads == 1 else f"{threads} threads"


def steps(name, title, options, entries):
    """A group for each model, and a table for each batch size and number of threads."""
    for batch in options.batch:
        for threads in options.threads:
            for model in MODELS:
                table = f"{title}, batch {batch}, {plural(threads)}, ms"
                yield Group(f"{name} {model}", table, threads, entries(model, ["--batch", str(batch)]), model)


def torch_steps(inference, model, batch):
    """The memory layout matters for images only."""
    modes = [mode for mode in TORCH if model != "dense" or "channels" not in mode]
    arguments = ["--model", model, "--inference", inference, *batch, "--mode"]
    return [Entry(f"torch {mode}", "torch_step", [*arguments, mode]) for mode in modes]


def bayeux_step(inference, model, batch):
    return Entry("bayeux", "advi_step", ["--model", model, "--inference", inference, *batch])


def advi(model, batch):
    numpyro = Entry("numpyro", "numpyro_step", ["--model", model, *batch])
    return [bayeux_step("advi", model, batch), *torch_steps("advi", model, batch), numpyro]


def training(model, batch):
    rust = [Entry(peer, peer, ["--model", model, *batch]) for peer in ("burn", "candle")]
    return [bayeux_step("none", model, batch), *torch_steps("none", model, batch), *rust]


def kernels(options):
    modes = {
        "gemm": ["eager"],
        "conv": ["eager", "channels-last"],
        "fused": ["eager", "compile"],
        "reduce": ["eager"],
    }
    for kind, modes in modes.items():
        for threads in sorted({1, *options.threads}):
            entries = [Entry("bayeux", "kernels", ["--only", kind])]
            entries += [Entry(f"torch {m}", "torch_kernels", ["--only", kind, "--mode", m]) for m in modes]
            yield Group(f"kernels {kind}", f"Kernels: {kind}, {plural(threads)}, ms", threads, entries)


def small(options):
    """Calls that take less than it takes to hand work to a thread."""
    modes = {"bayeux": "run", "bayeux call": "call", "by hand": "by-hand"}
    entries = [Entry(column, "small", ["--mode", mode], 1e3) for column, mode in modes.items()]
    entries += [Entry(f"torch {m}", "torch_small", ["--mode", m], 1e3) for m in ("eager", "compile")]
    entries += [Entry("jax jit", "jax_small", [], 1e3)]
    for threads in sorted({1, *options.threads}):
        yield Group("small", f"Small work, {plural(threads)}, µs", threads, list(entries), each=True)


def ops(options):
    """Single operations, in families, each on about a thousand and ten million numbers."""
    for threads in options.threads:
        for family in FAMILIES:
            entries = [Entry("bayeux", "ops", ["--only", family])]
            entries += [Entry("torch eager", "torch_ops", ["--only", family])]
            entries += [Entry("torch, memory kept", "torch_ops", ["--only", family, "--memory", "kept"])]
            table = f"Operations: {family}, {plural(threads)}, ms"
            yield Group(f"ops {family}", table, threads, entries, mean=True)


def scaling(options):
    """Batch sizes of ours, which take turns as programs do elsewhere."""
    for threads in options.threads:
        for inference, word in (("advi", "ADVI"), ("none", "training")):
            for model in MODELS:
                entries = []
                for size in options.scaling:
                    step = bayeux_step(inference, model, ["--batch", str(size)])
                    entries.append(Entry(f"batch {size}", step.tool, step.arguments, 1e3 / size))
                table = f"bayeux by batch size, {plural(threads)}, µs for each image"
                yield Group(f"scaling {word} {model}", table, threads, entries, f"{word}, {model}")


def groups(options):
    everything = [
        *steps("advi", "Hierarchical ADVI step", options, advi),
        *steps("training", "Training step", options, training),
        *kernels(options),
        *small(options),
        *ops(options),
        *scaling(options),
    ]
    for group in everything:
        if not re.match(options.only, group.name):
            continue
        ours = ("bayeux", "batch", "by hand")
        group.entries = [e for e in group.entries if e.column.startswith(ours) or re.search(options.peers, e.column)]
        yield group


def median(figures):
    return statistics.median(figures["ms"])


def least(figures):
    return min(figures["min_ms"])


def markdown(title, parts):
    """One table of groups that have the same columns, except that some groups may lack some."""
    columns = list(dict.fromkeys(entry.column for group in parts for entry in group.entries))
    peers = [c for c in columns if not c.startswith("bayeux")]
    compared = "bayeux" in columns and peers
    each = compared and any(group.each for group in parts)
    lines = [f"### {title}", ""]
    ratios = [f"bayeux ÷ {c}" for c in peers] if each else ["best peer ÷ bayeux", "of the minima"]
    header = ["", *columns] + (ratios if compared else [])
    lines += [f"| {' | '.join(header)} |", f"|{' --- |' * len(header)}"]
    for group in parts:
        # A group without any result still gets its row.
        for case, row in (group.results or {group.case: {}}).items():
            cells = [case or group.name]
            for column in columns:
                if column in row:
                    cells.append(f"{median(row[column]):.4g} ({least(row[column]):.4g})")
                else:
                    cells.append("failed" if column in group.failures else "–")
            if each:
                for c in peers:
                    there = c in row and "bayeux" in row
                    ratio = [best(row["bayeux"]) / best(row[c]) for best in (median, least)] if there else []
                    cells.append(f"{ratio[0]:.3g} ({ratio[1]:.3g})" if there else "–")
            elif compared:
                there = [row[c] for c in peers if c in row] if "bayeux" in row else []
                for best in (median, least):
                    cells.append(f"{min(map(best, there)) / best(row['bayeux']):.2f}" if there else "–")
            lines.append(f"| {' | '.join(cells)} |")
    lines.append("")
    lines += [line for group in parts if group.mean for line in means(group)]
    for group in parts:
        lines += [f"- {group.name}: {column} failed: {why}" for column, why in group.failures.items()]
        lines += [f"- {warning}" for warning in warnings(group)]
    return "\n".join(lines) + "\n"


def ratio(row):
    """How many times as long the best peer takes."""
    return min(median(figures) for column, figures in row.items() if column != "bayeux") / median(row["bayeux"])


def means(group):
    """The geometric means of the ratios: of all, of what takes a peer less than a tenth of a millisecond, and of the rest."""
    rows = [row for row in group.results.values() if len(row) > 1 and "bayeux" in row]
    short = [row for row in rows if min(median(f) for c, f in row.items() if c != "bayeux") < 0.1]
    long = [row for row in rows if row not in short]
    for which, these in (("all", rows), ("those below 0.1 ms", short), ("the others", long)):
        if these:
            mean = statistics.geometric_mean(map(ratio, these))
            yield f"Geometric mean of best peer ÷ bayeux, {which}: {mean:.2f} ({len(these)})\n"


def warnings(group):
    """Peers that did not compute the same, or did so on more threads than they were given."""
    for case, row in group.results.items():
        ours = row.get("bayeux", {}).get("sum_of_squares")
        for column, figures in row.items():
            theirs = figures.get("sum_of_squares")
            if ours and theirs and abs(theirs - ours) > 1e-3 * ours:
                yield f"{case}: {column} has another result (sum of squares {theirs:.6g}, bayeux {ours:.6g})"
            if figures.get("threads_busy", 0) > 1.1 * group.threads:
                yield f"{case}: {column} kept {figures['threads_busy']} threads busy, not {group.threads}"


def machine():
    """The processor, how many, and how much else there is to do."""
    with contextlib.suppress(OSError):
        found = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    return {
        "processor": found[1] if found else "unknown",
        "cpus": len(os.sched_getaffinity(0)),
        "load_average_at_start": os.getloadavg()[0],
    }


def numbers(text):
    return [int(number) for number in text.split(",")]


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", type=Path, metavar="DIR", help="keep what is installed and built here, or reuse it")
    parser.add_argument("--threads", type=numbers, default=[2], metavar="N,…", help="default 2; kernels also on 1")
    parser.add_argument("--batch", type=numbers, default=[500], metavar="N,…", help="images in a batch, default 500")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="how often all take turns, default 3")
    parser.add_argument("--only", default="", metavar="REGEX", help="groups, such as 'advi conv', kernels, scaling")
    parser.add_argument("--peers", default="", metavar="REGEX", help="peers, such as 'numpyro|torch eager'")
    parser.add_argument("--scaling", type=numbers, default=[100, 500, 1000, 2000, 4000], metavar="N,…")
    parser.add_argument("--timeout", type=float, default=900, metavar="S", help="for each program, default 900")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures of all rounds")
    parser.add_argument("--list", action="store_true", help="print the groups and their programs, and stop")
    return parser.parse_args()


def main():
    options = parse()
    selected = list(groups(options))
    if not selected:
        sys.exit(f"no group is called {options.only!r}; --list names them")
    if options.list:
        for group in selected:
            print(f"{group.name}, {plural(group.threads)}: {', '.join(e.column for e in group.entries)}")
        return
    about = machine()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))  # not without the program that runs
    with contextlib.ExitStack() as stack:
        env = options.env or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="peers-")))
        tools = Tools(env.resolve(), options.timeout)
        # All is built before anything is timed.
        for tool in dict.fromkeys(entry.tool for group in selected for entry in group.entries):
            tools.command(tool)
        about |= {"load_average_after_building": os.getloadavg()[0], "versions": tools.versions()}
        print(f"{about['processor']}, {about['cpus']} processors; load average {about['load_average_at_start']:.2f}")
        print("; ".join(f"{name} {version}" for name, version in about["versions"].items()))
        if about["load_average_at_start"] > 0.3:
            print("\n**Something else was running: the load average was not near 0.**")
        print("\nMedian and, in brackets, minimum; over", options.rounds, "rounds in turn.\n", flush=True)
        for title in dict.fromkeys(group.table for group in selected):
            parts = [group for group in selected if group.table == title]
            for group in parts:
                group.run(tools, options.rounds)
                if options.json:
                    write_json(options, about, selected)
            print(markdown(title, parts), flush=True)


def write_json(options, about, selected):
    done = [
        {"group": g.name, "table": g.table, "threads": g.threads, "cases": g.results, "failures": g.failures}
        for g in selected
        if g.results or g.failures
    ]
    text = json.dumps({"machine": about, "rounds": options.rounds, "groups": done}, indent=1, ensure_ascii=False)
    options.json.write_text(text + "\n")


main()
