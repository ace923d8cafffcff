// Commands that turn what follows them into a graph, and run it. They compute nothing: engine_graphs.cc does the work.
#include "../engine.h"

namespace layerwise {

// number: what follows on the current stream is captured instead of run
LAUNCHER(graph_begin) { static_cast<Engine&>(context).begin_graph(int(args.integer())); }

// the capture ends
LAUNCHER(graph_end) { static_cast<Engine&>(context).end_graph(); }

// number
LAUNCHER(graph_launch) { static_cast<Engine&>(context).launch_graph(int(args.integer())); }

// number: the graph and its own memory go; waits for the GPU
LAUNCHER(graph_forget) { static_cast<Engine&>(context).forget_graph(int(args.integer())); }

}  // namespace layerwise
