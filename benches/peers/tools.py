"""The programs that are compared: built or installed when first needed, then run on a given number of cores."""

import functools
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


class Failed(Exception):
    """A program could not be built or did not succeed; the last line that it wrote to stderr."""


class Tools:
    def __init__(self, env, timeout):
        self.env, self.timeout = env, timeout

    @functools.cache
    def command(self, tool):
        """How a program is called: one of bayeux's examples, a Rust peer, or a Python script."""
        try:
            return self.build(tool)
        except Failed as error:
            return error  # kept, so that it is tried once only

    def build(self, tool):
        print(f"setting up {tool}", file=sys.stderr)
        if tool in ("advi_step", "kernels", "small"):
            return [self.cargo(ROOT, None, "--example", tool)]
        if tool == "ops":
            return [self.cargo(ROOT, None, "--bench", tool)]
        if tool in ("burn", "candle"):
            return [self.cargo(HERE / tool, self.env / "cargo" / tool, "--locked")]
        return [self.python(tool.split("_")[0]), str(HERE / f"{tool}.py")]

    def cargo(self, project, target, *arguments):
        """Builds a program; the path of what cargo has built last."""
        target = ["--target-dir", target] if target else []
        build = ["cargo", "build", "--release", "--message-format=json-render-diagnostics", *target, *arguments]
        messages = [json.loads(line) for line in checked(build, cwd=project).splitlines()]
        return [m["executable"] for m in messages if m.get("executable")][-1]

    def python(self, module):
        """The environment's interpreter, once the module can be imported."""
        python = str(self.env / "bin" / "python")
        if not Path(python).exists():
            checked([sys.executable, "-m", "venv", self.env])
        try:
            checked([python, "-c", f"import {module}"])
        except Failed:
            wanted = (HERE / "requirements.txt").read_text().split()
            wanted = [w for w in wanted if w.startswith("torch") == (module == "torch")]
            checked([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted])
        return python

    def run(self, tool, arguments, threads):
        """Runs a program and returns the figures that it writes."""
        command = self.command(tool)
        if isinstance(command, Failed):
            raise command
        own_option = tool not in ("burn", "candle", "numpyro_step")
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "figures.json"
            threads_option = ["--threads", str(threads)] if own_option else []
            checked(
                [*command, *arguments, *threads_option, "--json", str(path)],
                env=self.variables(threads),
                timeout=self.timeout,
                preexec_fn=functools.partial(os.sched_setaffinity, 0, cores(threads)),
            )
            return json.loads(path.read_text())

    def variables(self, threads):
        """What tells each library how many threads to use. XLA has no option: its pool has NPROC threads."""
        pools = ["OMP", "MKL", "OPENBLAS", "RAYON"]
        own = {f"{pool}_NUM_THREADS": str(threads) for pool in pools} | {
            "NPROC": str(threads),
            "JAX_PLATFORMS": "cpu",
            "CUDA_VISIBLE_DEVICES": "",
            "JAX_COMPILATION_CACHE_DIR": str(self.env / "cache" / "jax"),
            "TORCHINDUCTOR_CACHE_DIR": str(self.env / "cache" / "torch"),
        }
        return os.environ | own

    def versions(self):
        """The versions of what has been used."""
        versions = {"rustc": checked(["rustc", "--version"]).split()[1]}
        versions["bayeux"] = checked(["git", "describe", "--always", "--dirty"], cwd=ROOT).strip()
        python = self.env / "bin" / "python"
        if python.exists():
            for name in ("torch", "jax", "numpyro"):
                ask = f"import importlib.metadata as m; print(m.version('{name}'))"
                try:
                    versions[name] = checked([python, "-c", ask]).strip()
                except Failed:
                    pass
        for peer, package in (("burn", "burn"), ("candle", "candle-core")):
            lock = (HERE / peer / "Cargo.lock").read_text()
            versions[peer] = re.search(rf'name = "{package}"\nversion = "(.*)"', lock)[1]
        return versions


def checked(command, **options):
    """What a program writes to stdout."""
    try:
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **options)
    except subprocess.TimeoutExpired as error:
        raise Failed(f"not done after {error.timeout:.0f} s") from None
    except OSError as error:
        raise Failed(str(error)) from None
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise Failed(lines[-1].strip() if lines else f"exit status {done.returncode}")
    return done.stdout


def cores(threads):
    """So many logical processors, of different cores as far as there are enough."""
    first, rest, seen = [], [], set()
    for cpu in sorted(os.sched_getaffinity(0)):
        topology = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology")
        try:
            core = tuple((topology / name).read_text() for name in ("physical_package_id", "core_id"))
        except OSError:
            core = cpu
        (rest if core in seen else first).append(cpu)
        seen.add(core)
    return (first + rest)[:threads]
