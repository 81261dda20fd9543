"""Graphs that bayeux wrote as StableHLO, computed by XLA and differentiated by JAX.

    BAYEUX_STABLEHLO=$PWD/target/stablehlo cargo test --release -p bayeux-autodiff --test random_graphs -- --nocapture
    python3 benches/peers/stablehlo.py target/stablehlo/graphs

Of each graph `N` of the folder XLA compiles and runs `N.mlir`, its values, and `N.slopes.mlir`, what bayeux made of their gradient.
JAX differentiates `N.mlir`, read operation by operation, by rules of its own. All is compared with the numbers of `N.json`. Needs
`jax[cpu]`, as in `requirements.txt`.
"""

import argparse
import json
import pathlib
import re
import sys

import jax
import numpy as np

jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp  # noqa: E402
from jax import lax  # noqa: E402
from jax._src.interpreters import mlir  # noqa: E402
from jax._src.lib import xla_client  # noqa: E402
from jaxlib.mlir import ir  # noqa: E402

RELATIVE, ABSOLUTE = 1e-9, 1e-11


def fields(attribute):
    """`#stablehlo.gather<offset_dims = [1], index_vector_dim = 1>` as a dictionary."""
    found = re.findall(r"(\w+) = (\[[^\]]*\]|\d+)", str(attribute))
    return {name: json.loads(value) for name, value in found}


def whole(op, name, default=None):
    """An attribute that is a list of whole numbers, or one, or a matrix of them."""
    if name not in op.attributes:
        return default
    attribute = op.attributes[name]
    if isinstance(attribute, ir.DenseElementsAttr):
        return np.array(attribute).tolist()
    return attribute.value if isinstance(attribute, ir.IntegerAttr) else list(attribute)


def shape(op):
    return tuple(ir.RankedTensorType(op.results[0].type).shape)


DTYPES = {"f32": np.float32, "f64": np.float64, "i1": np.bool_, "i32": np.int32, "i64": np.int64, "ui8": np.uint8}


def dtype(op):
    return DTYPES[str(ir.RankedTensorType(op.results[0].type).element_type)]


def inside(op):
    """The name of the one operation of a region: `add`; nothing if it gives its second parameter back."""
    body = op.regions[-1].blocks[0].operations
    return body[0].operation.name.split(".")[1] if len(body) > 1 else None


def constant(op):
    attribute = op.attributes["value"]
    if attribute.is_splat:
        return np.full(shape(op), attribute.get_splat_value().value, dtype(op))
    return np.array(attribute).astype(dtype(op)).reshape(shape(op))


def broadcast(op, x):
    return lax.broadcast_in_dim(x, shape(op), whole(op, "broadcast_dimensions"))


def pad(op, x, value):
    edges = (whole(op, f"{name}_padding{end}") for name, end in [("edge", "_low"), ("edge", "_high"), ("interior", "")])
    return lax.pad(x, value, list(zip(*edges)))


def cut(op, x):
    return lax.slice(x, whole(op, "start_indices"), whole(op, "limit_indices"), whole(op, "strides"))


def compare(op, a, b):
    direction = re.search(r"comparison_direction (\w+)", str(op.attributes["comparison_direction"]))[1]
    return getattr(lax, direction.lower())(a, b)


def reduce(op, x, start):
    if x.size == 0:
        return jnp.broadcast_to(start, shape(op))
    name = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min"}[inside(op)]
    return getattr(jnp, name)(x, axis=tuple(whole(op, "dimensions")))


def windows(op, x, start):
    size, step, padding = (whole(op, name) for name in ["window_dimensions", "window_strides", "padding"])
    if inside(op) == "multiply":
        # One factor of all windows after the other.
        x = lax.pad(x, start, [(low, high, 0) for low, high in padding])
        value = jnp.ones(shape(op), x.dtype)
        for place in np.ndindex(*size):
            end = [p + (n - 1) * s + 1 for p, n, s in zip(place, shape(op), step)]
            value = value * lax.slice(x, place, end, step)
        return value
    join = {"add": lax.add, "maximum": lax.max, "minimum": lax.min}[inside(op)]
    return lax.reduce_window(x, np.asarray(start), join, size, step, [tuple(pair) for pair in padding])


def sort(op, x, places):
    del places
    axis = whole(op, "dimension")
    first = op.regions[0].blocks[0].operations[0].attributes["comparison_direction"]
    order = jnp.argsort(-x if "GT" in str(first) else x, axis=axis, stable=True)
    return jnp.take_along_axis(x, order, axis), order


def gather(op, x, places):
    axes = fields(op.attributes["dimension_numbers"])
    numbers = lax.GatherDimensionNumbers(
        offset_dims=tuple(axes.get("offset_dims", ())),
        collapsed_slice_dims=tuple(axes.get("collapsed_slice_dims", ())),
        start_index_map=tuple(axes.get("start_index_map", ())),
        operand_batching_dims=tuple(axes.get("operand_batching_dims", ())),
        start_indices_batching_dims=tuple(axes.get("start_indices_batching_dims", ())),
    )
    return lax.gather(x, places[..., None], numbers, tuple(whole(op, "slice_sizes")), mode="clip")


def scatter(op, base, places, parts):
    axes = fields(op.attributes["scatter_dimension_numbers"])
    if inside(op) == "multiply":
        # JAX has no slopes of this one: [s, n, m] times what of [s, k, m] goes to each place.
        hits = places[:, :, None] == jnp.arange(base.shape[1])
        return base * jnp.where(hits[..., None], parts[:, :, None, :], 1.0).prod(1)
    numbers = lax.ScatterDimensionNumbers(
        update_window_dims=tuple(axes.get("update_window_dims", ())),
        inserted_window_dims=tuple(axes.get("inserted_window_dims", ())),
        scatter_dims_to_operand_dims=tuple(axes.get("scatter_dims_to_operand_dims", ())),
        operand_batching_dims=tuple(axes.get("input_batching_dims", ())),
        scatter_indices_batching_dims=tuple(axes.get("scatter_indices_batching_dims", ())),
    )
    join = {None: lax.scatter, "add": lax.scatter_add, "maximum": lax.scatter_max, "minimum": lax.scatter_min}
    return join[inside(op)](base, places[..., None], parts, numbers, mode="clip")


def dot(op, a, b):
    axes = fields(op.attributes["dot_dimension_numbers"])
    of = lambda part: [axes.get(f"{side}_{part}_dimensions", []) for side in ["lhs", "rhs"]]
    return lax.dot_general(a, b, (of("contracting"), of("batching")))


def convolution(op, x, w):
    axes = re.search(r"<\[(.*)\]x\[(.*)\]->\[(.*)\]>", str(op.attributes["dimension_numbers"])).groups()
    names = {"b": "N", "f": "C", "o": "O", "i": "I", "0": "H", "1": "W"}
    specs = ["".join(names[axis] for axis in spec.split(", ")) for spec in axes]
    return lax.conv_general_dilated(
        x,
        w,
        whole(op, "window_strides"),
        [tuple(pair) for pair in whole(op, "padding")],
        whole(op, "lhs_dilation"),
        whole(op, "rhs_dilation"),
        tuple(specs),
        whole(op, "feature_group_count"),
        whole(op, "batch_group_count"),
    )


def triangular_solve(op, a, b):
    return lax.linalg.triangular_solve(a, b, left_side=True, lower=op.attributes["lower"].value)


ONE_TO_ONE = {
    "abs": lax.abs, "add": lax.add, "and": lax.bitwise_and, "atan2": lax.atan2, "cbrt": lax.cbrt, "ceil": lax.ceil,
    "cosine": lax.cos, "divide": lax.div, "exponential": lax.exp, "exponential_minus_one": lax.expm1, "floor": lax.floor,
    "is_finite": lax.is_finite, "log": lax.log, "log_plus_one": lax.log1p, "logistic": lax.logistic, "maximum": lax.max,
    "minimum": lax.min, "multiply": lax.mul, "negate": lax.neg, "not": lax.bitwise_not,
    "optimization_barrier": lax.stop_gradient, "or": lax.bitwise_or, "power": lax.pow, "remainder": lax.rem,
    "round_nearest_even": jnp.round, "rsqrt": lax.rsqrt, "select": jnp.where, "sign": lax.sign, "sine": lax.sin,
    "sqrt": lax.sqrt, "subtract": lax.sub, "tan": lax.tan, "tanh": lax.tanh, "xor": lax.bitwise_xor,
    "acos": lax.acos, "acosh": lax.acosh, "asin": lax.asin, "asinh": lax.asinh, "atan": lax.atan, "atanh": lax.atanh,
    "bessel_i1e": lax.bessel_i1e, "cosh": lax.cosh, "digamma": lax.digamma, "erf": lax.erf, "erf_inv": lax.erf_inv,
    "erfc": lax.erfc, "lgamma": lax.lgamma, "polygamma": lax.polygamma, "sinh": lax.sinh,
}  # fmt: skip

WITH_ATTRIBUTES = {
    "broadcast_in_dim": broadcast,
    "cholesky": lambda op, x: lax.linalg.cholesky(x, symmetrize_input=True),
    "compare": compare,
    "concatenate": lambda op, *x: lax.concatenate(x, whole(op, "dimension")),
    "constant": constant,
    "convert": lambda op, x: lax.convert_element_type(x, dtype(op)),
    "convolution": convolution,
    "dot_general": dot,
    "dynamic_slice": lambda op, x, *at: lax.dynamic_slice(x, at, whole(op, "slice_sizes")),
    "dynamic_update_slice": lambda op, x, part, *at: lax.dynamic_update_slice(x, part, at),
    "gather": gather,
    "iota": lambda op: lax.broadcasted_iota(dtype(op), shape(op), whole(op, "iota_dimension")),
    "pad": pad,
    "reduce": reduce,
    "reduce_window": windows,
    "reshape": lambda op, x: lax.reshape(x, shape(op)),
    "reverse": lambda op, x: lax.rev(x, whole(op, "dimensions")),
    "scatter": scatter,
    "slice": cut,
    "sort": sort,
    "transpose": lambda op, x: lax.transpose(x, whole(op, "permutation")),
    "triangular_solve": triangular_solve,
}


def run(block, known, arguments):
    """What a block returns. Values are known by their names, those of blocks around it, too."""
    known = known | dict(zip(map(ir.Value.get_name, block.arguments), arguments))
    for op in block.operations:
        op = op.operation
        operands = [known[operand.get_name()] for operand in op.operands]
        name = op.name.split(".")[-1]
        if name == "return":
            return operands
        if name == "while":
            # JAX differentiates a loop of Python's in reverse, and none of its own whose end is not known.
            goes_on, step = (region.blocks[0] for region in op.regions)
            while run(goes_on, known, operands)[0]:
                operands = run(step, known, operands)
            values = operands
        elif name in ONE_TO_ONE:
            values = ONE_TO_ONE[name](*operands)
        else:
            values = WITH_ATTRIBUTES[name](op, *operands)
        values = values if isinstance(values, (list, tuple)) else [values]
        known.update((result.get_name(), value) for result, value in zip(op.results, values))


def by_xla(text, arguments):
    device = jax.devices()[0]
    devices = xla_client.DeviceList((device,))
    program = device.client.compile_and_load(text, devices, xla_client.CompileOptions())
    return program.execute([jax.device_put(argument) for argument in arguments])


def by_jax(text, arguments):
    """The gradient of the last value."""
    with mlir.make_ir_context():
        module = ir.Module.parse(text)
        block = module.body.operations[0].regions[0].blocks[0]
        cost = lambda *arguments: run(block, {}, arguments)[-1]
        return jax.grad(cost, tuple(range(len(arguments))))(*map(jnp.asarray, arguments))


def tensors(written):
    return [np.array(x["data"], np.float64).reshape(x["shape"]) for x in written]


def misfit(what, found, expected):
    """What differs, in words."""
    for i, (found, expected) in enumerate(zip(found, expected, strict=True)):
        found = np.asarray(found)
        if found.shape != expected.shape:
            return f"{what} {i}: shape {found.shape}, not {expected.shape}"
        near = np.isclose(found, expected, rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True)
        if not near.all():
            at = tuple(np.argwhere(~near)[0])
            return f"{what} {i} at {list(map(int, at))}: {found[at]!r}, not {expected[at]!r}"
    return None


def check(path):
    """What differs of a graph, or nothing; and whether its slopes were there for XLA."""
    expected = json.loads(path.with_suffix(".json").read_text())
    given, slopes = (dict(zip(expected["names"], tensors(expected[what]))) for what in ["given", "slopes"])
    names = lambda text: re.findall(r"// %arg\d+: (.*)", text)
    text = path.read_text()
    of = [given[name] for name in names(text)]
    complaint = misfit("value", by_xla(text, of), tensors(expected["values"]))
    if complaint is None:
        reached = [slopes[name] for name in names(text)]
        complaint = misfit("slope by JAX", by_jax(text, of), reached)
    other = path.with_suffix(".slopes.mlir")
    if complaint is None and other.exists():
        text = other.read_text()
        found = by_xla(text, [given[name] for name in names(text)])
        complaint = misfit("slope by XLA", found, list(slopes.values()))
    return complaint, other.exists()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--only", help="some graphs: 3,17")
    options = parser.parse_args()
    paths = [path for path in options.folder.glob("*.mlir") if path.stem.isdigit()]
    if options.only:
        paths = [path for path in paths if path.stem in options.only.split(",")]
    passed, failed, with_slopes = 0, 0, 0
    for path in sorted(paths, key=lambda path: int(path.stem)):
        try:
            complaint, had_slopes = check(path)
        except Exception as error:  # noqa: BLE001: what cannot be read or run fails
            first = str(error).strip().splitlines() or [""]
            complaint, had_slopes = f"{type(error).__name__}: {first[0][:300]}", False
        passed, failed = passed + (complaint is None), failed + (complaint is not None)
        with_slopes += had_slopes
        if complaint:
            name = json.loads(path.with_suffix(".json").read_text())["name"]
            print(f"{path.stem} ({name}): {complaint}", flush=True)
        if (passed + failed) % 20 == 0:
            jax.clear_caches()  # gigabytes of programs that are used once
    print(f"{passed} passed, {failed} failed; {with_slopes} with slopes by XLA, too")
    sys.exit(failed > 0 or passed == 0)


if __name__ == "__main__":
    main()
