"""What the Python peers share: the command line, and the timing of a step."""

import argparse
import json
import time


def parse(description, **choices):
    """The options of a peer. `choices` are options with a list of values, of which the first is the default; with None any text."""
    parser = argparse.ArgumentParser(description=description)
    for name, values in choices.items():
        parser.add_argument(f"--{name}", choices=values, default=values[0] if values else "")
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", default="/dev/stdout")
    return parser.parse_args()


def write(path, figures):
    with open(path, "w") as file:
        json.dump(figures, file, indent=1)


def time_steps(options, step):
    """Writes the times of 20 steps, after one for what is done only once and three more. `step` returns when all of its
    work is done, with the loss."""
    start = time.perf_counter()
    first_loss = step()
    first = time.perf_counter() - start
    for _ in range(3):
        step()
    times, busy, start = [], time.process_time(), time.perf_counter()
    for _ in range(20):
        begun = time.perf_counter()
        loss = step()
        times.append(1e3 * (time.perf_counter() - begun))
    busy = (time.process_time() - busy) / (time.perf_counter() - start)
    times.sort()
    figures = {"ms_per_step": times[10], "min_ms": times[0], "compile_ms": 1e3 * first}
    write(options.json, figures | {"losses": [first_loss, loss], "threads_busy": round(busy, 2)})


def time_kernel(run, sum_of_squares, seconds=0.3):
    """The figures of a kernel: at least ten runs after two that are not timed. `sum_of_squares` takes what `run` returns."""
    for _ in range(2):
        result = run()
    times, start = [], time.perf_counter()
    while len(times) < 10 or time.perf_counter() - start < seconds:
        begun = time.perf_counter()
        result = run()
        times.append(1e3 * (time.perf_counter() - begun))
    times.sort()
    return {"ms": times[len(times) // 2], "min_ms": times[0], "sum_of_squares": sum_of_squares(result)}


def time_small(run, squares, seconds=0.3, sample=1e-3, least=10):
    """The figures of what is over in microseconds: each sample is as many runs as take a millisecond, so that reading the
    clock costs nothing. There are `least` samples at least."""
    calls = 1
    while _elapsed(run, calls) < sample:
        calls *= 2
    times, start = [], time.perf_counter()
    while len(times) < least or time.perf_counter() - start < seconds:
        times.append(1e3 * _elapsed(run, calls) / calls)
    times.sort()
    return {"ms": times[len(times) // 2], "min_ms": times[0], "sum_of_squares": squares}


def _elapsed(run, calls):
    begun = time.perf_counter()
    for _ in range(calls):
        run()
    return time.perf_counter() - begun
