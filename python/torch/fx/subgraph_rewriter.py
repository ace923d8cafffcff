"""Finding a pattern in a graph and putting something else in its place."""

import collections
import copy

import torch
from torch.fx._symbolic_trace import symbolic_trace
from torch.fx.graph import Graph
from torch.fx.node import Node, map_arg

__all__ = ["Match", "ReplacedPatterns", "replace_pattern", "replace_pattern_with_filters"]

Match = collections.namedtuple("Match", ["anchor", "nodes_map"])
ReplacedPatterns = collections.namedtuple("ReplacedPatterns", ["anchor", "nodes_map", "replacements"])


def _graph_of(source):
    if isinstance(source, torch.fx.GraphModule):
        return source.graph
    return source if isinstance(source, Graph) else symbolic_trace(source).graph


def _matches(pattern, node, found):
    """Does the pattern that ends in `pattern` end in `node`? Fills `found` with the node of each pattern node."""
    if not isinstance(pattern, Node) or not isinstance(node, Node):
        return not isinstance(pattern, Node) and not isinstance(node, Node) and pattern == node
    if pattern in found:
        return found[pattern] is node
    if pattern.op == "placeholder":
        found[pattern] = node
        return True
    if pattern.op != node.op or pattern.target != node.target:
        return False
    if len(pattern.args) != len(node.args) or set(pattern.kwargs) != set(node.kwargs):
        return False
    found[pattern] = node
    return all(_same(p, n, found) for p, n in zip(pattern.args, node.args)) and all(
        _same(pattern.kwargs[k], node.kwargs[k], found) for k in pattern.kwargs
    )


def _same(pattern, value, found):
    if isinstance(pattern, (list, tuple)) and isinstance(value, (list, tuple)):
        return len(pattern) == len(value) and all(_same(p, v, found) for p, v in zip(pattern, value))
    return _matches(pattern, value, found)


def replace_pattern(gm, pattern, replacement):
    """Every non-overlapping occurrence of a pattern with one result; the matches are given back."""
    done = replace_pattern_with_filters(gm, pattern, replacement)
    return [Match(anchor=m.anchor, nodes_map=m.nodes_map) for m in done]


def replace_pattern_with_filters(gm, pattern, replacement, match_filters=None, ignore_literals=False, **options):
    pattern_graph, replacement_graph = _graph_of(pattern), _graph_of(replacement)
    end = pattern_graph.output_node().args[0]
    inputs = [n for n in pattern_graph.nodes if n.op == "placeholder"]
    taken, results = set(), []
    for node in list(gm.graph.nodes):
        found = {}
        if node._erased or not _matches(end, node, found):
            continue
        inner = {n for p, n in found.items() if p.op != "placeholder"}
        # What others use of the inside, beside its end, must stay.
        if inner & taken or any(u not in inner for n in inner if n is not node for u in n.users):
            continue
        if any(not keep(None, gm.graph, pattern_graph) for keep in match_filters or []):
            continue
        values = {}
        for place, source in zip((n for n in replacement_graph.nodes if n.op == "placeholder"), inputs):
            values[place] = found[source]
        made = []
        with gm.graph.inserting_before(node):
            for step in replacement_graph.nodes:
                if step.op == "placeholder":
                    continue
                if step.op == "output":
                    result = map_arg(step.args[0], lambda n: values[n])
                    break
                values[step] = gm.graph.node_copy(step, lambda n: values[n])
                made.append(values[step])
        node.replace_all_uses_with(result, delete_user_cb=lambda user: user not in made)
        for old in sorted(inner, key=list(gm.graph.nodes).index, reverse=True):
            gm.graph.erase_node(old)
        taken |= inner
        results.append(ReplacedPatterns(anchor=end, nodes_map=copy.copy(found), replacements=made))
    gm.recompile()
    return results
