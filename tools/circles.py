#!/usr/bin/env python3
"""Files of a crate that stand on each other in a circle: `tools/circles.py CRATE...` (folders with a src/lib.rs).

A file stands on those that define what it names in `use`, or in paths that begin with crate, self, super or a name in scope.
Re-exports are followed: a child that takes a sibling's type by way of their parent stands on the sibling, a parent on each
child of which it re-exports or calls anything. What is not found is taken to be made by a macro in its module. Methods, and
macros in scope by text, are not seen; modules without a file of their own are read as part of it. Tests do not count.

Prints each circle with the names that close it, and fails if there is one of files that ALLOWED does not hold.
"""
import os
import re
import sys

# Files by the beginnings of their names: they may stand on each other.
ALLOWED = {
    "tensor/kernels": [
        ("conv/grouped.rs", "conv/mod.rs"),  # each group of a convolution is a convolution
        ("gemm.rs", "gemm/deep.rs"),  # a product of many terms is a sum of products
        ("element.rs", "slices.rs"),  # slices are of elements, which know their slices
        ("lanes.rs", "lanes/"),  # each element type names its vectors, which are Lanes
        ("simd/fma.rs", "simd/number.rs", "simd/real.rs"),  # x y + z of numbers is an instruction or emulated, for numbers
        # ψ is the polygamma function of order 0
        ("simd/function.rs", "simd/gamma.rs", "simd/mod.rs", "simd/polygamma.rs", "simd/unary.rs"),
    ],
    "autodiff": [
        ("expr", "known.rs", "lambda.rs", "ops/", "rows.rs", "shared.rs", "substitute.rs", "turn.rs"),  # methods of Expr
        ("dim/dimension.rs", "dim/saved.rs"),  # a dimension says as what it stands in a file
        ("dim/floor.rs", "dim/polynomial.rs"),  # floors of polynomials are symbols of polynomials
        ("grad.rs", "grad/forward.rs", "grad/through"),  # the sweep through a lambda is a sweep, in either direction
        ("vmap.rs", "vmap/"),  # a stack goes through a lambda as it goes through expressions
        ("function.rs", "function/builder.rs", "function/named.rs"),  # a function says who builds it, and is called by names
        ("compile/inner.rs", "compile/instruction.rs", "compile/program.rs", "compile/repeat.rs"),  # an instruction may run a program
    ],
}
# What these stand on does not count: `Float` is sealed by the traits of all kernels, which are written for `Float`.
SEALED = {"tensor/kernels/src/float.rs"}

NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|b?r(#*)".*?"\1|b?"(?:\\.|[^"\\])*"|b?\'(?:\\.[^\']*|[^\'\\])\'|\'\w+', re.S)
TEST = re.compile(r"#\[cfg\(test\)\]\s*(?:#\[[^\n]*\]\s*)*(?:[^;{]*use [^;]*;|[^;{]*;|[^\n]*\n(?:.*?\n)?\}\n)", re.S)
USE = re.compile(r"\buse\s+([^;<]+);")
VISIBLE = r"(?:pub(?:\([^)]*\))? )?"
ITEM = re.compile(  # types also where a macro is given them
    rf"^(?: *{VISIBLE}(?:unsafe )?(?:struct|enum|union|trait)"
    rf"|{VISIBLE}(?:unsafe |const (?=fn|unsafe))*(?:fn|type|const|static|macro_rules!)) (\w+)", re.M)
CHILD = re.compile(rf"^{VISIBLE}mod (\w+);", re.M)
PATH = re.compile(r"(?<![\w:$])(?:\$(?=crate))?(\w+(?:::\w+)+)")


class Module:
    def __init__(self, file, folder, parent):
        self.file, self.parent, self.imports, self.globs = file, parent, {}, []
        text = TEST.sub("", NOISE.sub(" ", open(file).read()))
        self.words, self.items = set(re.findall(r"\w+", text)), set(ITEM.findall(text))
        for tree in USE.findall(text):
            for path in spread(re.sub(r"\s+", " ", tree).replace("$", "").strip()):
                path, _, name = path.partition(" as ")
                path = path.removesuffix("::self").split("::")
                self.globs.append(path[:-1]) if path[-1] == "*" else self.imports.setdefault(name or path[-1], path)
        self.paths = [path.split("::") for path in PATH.findall(USE.sub("", text))]
        self.children = {}
        for name in CHILD.findall(text):
            files = [os.path.join(folder, name + ".rs"), os.path.join(folder, name, "mod.rs")]
            if name != "tests":
                self.children[name] = Module(next(filter(os.path.exists, files)), os.path.join(folder, name), self)


def spread(tree):
    """The paths of a `use` with braces."""
    before, brace, inside = tree.partition("{")
    if not brace:
        return [tree]
    parts, depth = [""], 0
    for c in inside[: inside.rindex("}")]:
        depth += (c == "{") - (c == "}")
        parts = parts + [""] if c == "," and depth == 0 else parts[:-1] + [parts[-1] + c]
    return [before + path for part in parts if part.strip() for path in spread(part.strip())]


def find(root, module, path, seen=()):
    """The module that defines what a path means from here, and its name, which is None for the module itself."""
    for i, name in enumerate(path):
        if name in ("crate", "self", "super"):
            module = {"crate": root, "self": module, "super": module.parent}[name]
        elif name in module.items and (i + 1 == len(path) or name not in module.children):
            return module, name
        elif name in module.children:
            module = module.children[name]
        elif (module, name) in seen:
            return None
        elif name in module.imports:
            return find(root, module, module.imports[name] + path[i + 1 :], (*seen, (module, name)))
        else:
            for glob in module.globs:
                of = find(root, module, glob, (*seen, (module, name), (module, glob[0])))
                if of is None:
                    return None
                known = find(root, of[0], path[i:], (*seen, (module, name))) if of[1] is None else None
                if known and (known[1] is None or known[1] in known[0].items):
                    return known
            return (module, name) if i > 0 else None
    return module, None


def edges(root, module, found):
    """The names for which each file stands on another."""
    paths = [(module, path) for path in [*module.imports.values(), *module.paths]]
    for of in filter(None, (find(root, module, glob) for glob in module.globs)):
        paths += [(of[0], [name]) for name in module.words & (of[0].items | set(of[0].imports)) if of[1] is None]
    for of in filter(None, (find(root, *path) for path in paths if module.file not in SEALED)):
        if of[1] and of[0].file != module.file:
            found.setdefault(module.file, {}).setdefault(of[0].file, set()).add(of[1])
    for child in module.children.values():
        edges(root, child, found)
    return found


def reached(stands_on, file):
    seen, ahead = set(), [file]
    while ahead:
        new = set(stands_on.get(ahead.pop(), ())) - seen
        seen |= new
        ahead += new
    return seen


failed = False
for crate in sys.argv[1:]:
    source = os.path.join(crate, "src")
    root = Module(os.path.join(source, "lib.rs"), source, None)
    stands_on = edges(root, root, {})
    reach = {file: reached(stands_on, file) for file in stands_on}
    circles = {frozenset(b for b in reach[a] if a in reach.get(b, ())) for a in reach if a in reach[a]}
    for circle in sorted(circles, key=sorted):
        if any(all(os.path.relpath(f, source).startswith(begin) for f in circle) for begin in ALLOWED.get(crate, ())):
            continue
        failed = True
        print(f"{crate}: a circle of {len(circle)} files")
        for a, b in ((a, b) for a in sorted(circle) for b in sorted(circle & set(stands_on[a]))):
            print(f"    {a} -> {b}: {', '.join(sorted(stands_on[a][b]))}")
sys.exit(failed)
