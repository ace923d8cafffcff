"""torch.fx: programs as graphs, made by running them on stand-ins of tensors."""

from torch.fx import _pytree, graph, graph_module, interpreter, node, proxy
from torch.fx._symbolic_trace import Tracer, is_fx_tracing, symbolic_trace, wrap
from torch.fx.graph import CodeGen, Graph
from torch.fx.graph_module import GraphModule
from torch.fx.interpreter import Interpreter, Transformer
from torch.fx.node import Node, has_side_effect, map_arg
from torch.fx.proxy import Attribute, Proxy, TraceError
from torch.fx.subgraph_rewriter import replace_pattern
