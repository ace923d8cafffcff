"""Compare what Layerwise computed with the reference, model by model, and write the table. Figures as they are: a model that failed
stands in the table with its reason.

python tools/zoo/compare.py REFERENCE_FOLDER OUR_FOLDER [PAGE.md]"""

import array
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from models import ENTRIES

BOUND = 1e-4


def read(folder, key):
    stem = key.replace("/", "__")
    place = folder / f"{stem}.json"
    if not place.exists():
        return None
    result = json.loads(place.read_text())
    data = folder / f"{stem}.bin"
    if "error" not in result:
        values = array.array("f")
        values.frombytes(data.read_bytes())
        result["values"] = values
    return result


def largest(values):
    return max((abs(v) for v in values if v == v), default=0.0)


def error_of(ours, theirs, scale=None):
    """The largest difference, relative to the largest number."""
    if len(ours) != len(theirs):
        return float("inf")
    difference = 0.0
    for a, b in zip(ours, theirs):
        if a == b or (a != a and b != b):
            continue
        if a != a or b != b:
            return float("inf")
        difference = max(difference, abs(a - b))
    scale = largest(theirs) if scale is None else scale
    return difference / scale if scale else difference


def compare(ours, theirs):
    """(forward error, gradient error, a remark)."""
    if ours["output_shapes"] != theirs["output_shapes"]:
        return float("inf"), float("inf"), f"shapes {ours['output_shapes']} instead of {theirs['output_shapes']}"
    place, forward = 0, 0.0
    for n in theirs["outputs"]:
        forward = max(forward, error_of(ours["values"][place : place + n], theirs["values"][place : place + n]))
        place += n
    names = [g[0] for g in theirs["gradients"]]
    if [g[0] for g in ours["gradients"]] != names:
        return forward, float("inf"), "other parameters have gradients"
    # Gradients that are zero but for rounding say nothing: each is seen beside the model's largest.
    top = max((g[2] for g in theirs["gradients"]), default=0.0)
    gradient, worst = 0.0, ""
    for (name, n, peak, norm), (_, _, _, our_norm) in zip(theirs["gradients"], ours["gradients"]):
        part = error_of(ours["values"][place : place + n], theirs["values"][place : place + n], max(peak, top * 1e-3))
        whole = abs(our_norm - norm) / max(norm, top * 1e-3) if top else 0.0
        if max(part, whole) > gradient:
            gradient, worst = max(part, whole), name
        place += n
    return forward, gradient, f"worst gradient: {worst}" if gradient > BOUND else ""


def different_start(ours, theirs):
    """Names of the parameters and buffers that do not begin with PyTorch's bits."""
    return [name for name, (bits, _) in theirs["initial"].items() if ours["initial"].get(name, [None])[0] != bits]


def start_distance(ours, theirs):
    """How far the sums of their magnitudes are apart, relatively."""
    pairs = [(ours["initial"][name][1], theirs["initial"][name][1]) for name in different_start(ours, theirs)]
    return max((abs(a - b) / b if b else abs(a) for a, b in pairs), default=0.0)


def count(n):
    return f"{n / 1e6:.2f} M" if n >= 1e5 else f"{n:,}"


def number(value):
    return "different" if value == float("inf") else f"{value:.1e}"


def rows(reference, mine):
    exact = read_exact(mine), read_exact(reference)
    for entry in ENTRIES:
        theirs, ours = read(reference, entry.key), read(mine, entry.key)
        if theirs is None or ours is None:
            continue
        if "error" in theirs:
            yield entry, None, None, None, f"real PyTorch fails as well: {first_line(theirs['error'])}"
        elif "error" in ours:
            yield entry, theirs, None, None, first_line(ours["error"])
        else:
            forward, gradient, remark = compare(ours, theirs)
            in_double = exact_error(entry.key, *exact)
            if in_double is not None:
                remark += f"; in float64 all agree to {in_double:.0e}"
            yield entry, theirs, ours, (forward, gradient), remark


def read_exact(folder):
    place = folder / "exact.json"
    return json.loads(place.read_text()) if place.exists() else {}


def exact_error(key, ours, theirs):
    """The largest relative difference of loss and gradients in float64; None where it was not asked for."""
    if key not in ours or key not in theirs:
        return None
    (our_loss, *our_gradients), (loss, *gradients) = ours[key], theirs[key]
    top = max(norm for _, norm, _ in gradients)
    worst = abs(our_loss - loss) / abs(loss)
    for (_, our_norm, our_sum), (_, norm, total) in zip(our_gradients, gradients, strict=True):
        scale = max(norm, 1e-6 * top)
        worst = max(worst, abs(our_norm - norm) / scale, abs(our_sum - total) / scale)
    return worst


def own_rounding(theirs):
    found = theirs.get("rounding")
    return number(found[1]) if found else ""


def first_line(text):
    line = text.splitlines()[0]
    return line if len(line) < 160 else f"{line[:157]}..."


def main():
    reference, mine = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    found = list(rows(reference, mine))
    if len(sys.argv) > 3:
        pathlib.Path(sys.argv[3]).write_text(page(found))
    for entry, theirs, ours, errors, remark in found:
        if errors is None:
            print(f"{entry.key}: {remark}")
        elif not is_fine((entry, theirs, ours, errors, remark)):
            print(f"{entry.key}: forward {number(errors[0])} gradient {number(errors[1])} rounding {theirs.get('rounding')} {remark}")
        elif "--all" in sys.argv and different_start(ours, theirs):
            others = different_start(ours, theirs)
            same = f"initial differs by {start_distance(ours, theirs):.0e}: {others[0]} ({len(others)}) " if others else ""
            print(f"{entry.key}: {same}forward {number(errors[0])} gradient {number(errors[1])} {remark}")
    fine = [f for f in found if is_fine(f)]
    print(f"{len(fine)} of {len(found)} within {BOUND:g}")


def is_fine(row):
    """Within the bound; or, where PyTorch's own rounding is beyond it, no further away than that."""
    _, theirs, ours, errors, _ = row
    if errors is None:
        return False
    rounding = theirs.get("rounding") or (0.0, 0.0)
    return all(error <= max(BOUND, 3 * own) for error, own in zip(errors, rounding))


def page(found):
    ran = [f for f in found if f[3] is not None]
    fine = [f for f in ran if max(f[3]) <= BOUND]
    rounded = [f for f in ran if max(f[3]) > BOUND and is_fine(f)]
    same = [f for f in ran if not different_start(f[2], f[1])]
    version = next((f[1]["version"] for f in found if f[1]), "unknown").partition("+")[0]
    lines = [
        "# Model zoo",
        "",
        "Classes of torchvision, timm and transformers, unmodified, built from a small configuration after `manual_seed(0)`, run",
        f"forward and backward by Layerwise and by PyTorch {version} on the same numbers. Written by `tools/zoo/compare.py`.",
        "",
        f"**{len(ran)} of {len(found)} run; {len(fine)} are within {BOUND:g} in outputs and gradients, {len(rounded)} more within",
        f"three times PyTorch's own rounding (below); {len(same)} begin with the same parameters and buffers bit for bit.**",
        "",
        "*Forward* is the largest difference of an output relative to its largest element (of outputs above 20,000 elements that",
        "many, evenly spread); *gradient* the same over the parameters' gradients (256 elements of each, and its norm). Models are in",
        "`eval()` mode, detectors in training mode; the loss is the mean square of the outputs. *Own rounding* is how far PyTorch's",
        "float32 gradients are from its float64 ones, for the models whose error is above the bound: deep networks with random",
        "weights magnify the last bit, and no float32 can be nearer. *Same start*: how many tensors differ and by how much, where",
        "models initialise with functions (sin, exp, erfinv) whose last bit differs from one library to the next.",
        "*Seconds* are one first forward and backward, ours and PyTorch's,",
        "on a busy two-core machine: an indication, not a benchmark.",
        "",
        "| model | parameters | same start | forward | gradient | own rounding | ours s | PyTorch s | remark |",
        "|---|---:|---|---:|---:|---:|---:|---:|---|",
    ]
    for entry, theirs, ours, errors, remark in found:
        if errors is None:
            parameters = count(theirs["parameters"]) if theirs else ""
            lines.append(f"| {entry.key} | {parameters} | | | | | | | {remark.replace('|', chr(92) + '|')} |")
        else:
            others = different_start(ours, theirs)
            start = "yes" if not others else f"{len(others)} by {start_distance(ours, theirs):.0e}"
            lines.append(
                f"| {entry.key} | {count(theirs['parameters'])} | {start} | {number(errors[0])} | {number(errors[1])} | {own_rounding(theirs)} | "
                f"{ours['seconds']:.2f} | {theirs['seconds']:.2f} | {remark} |"
            )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
