/** What torch.cuda.graphs asks of the runtime, by plain numbers. A graph's number is good until it is freed. */
import { generators } from "../binding.ts";
import { RuntimeError } from "../errors.ts";
import { deviceOf, guarded } from "./functions.ts";
import { CudaGenerator } from "./generator.ts";
import { CudaGraph } from "./graph.ts";
import { cuda } from "./system.ts";

const graphs = new Map<number, CudaGraph>();
let next = 1;

function graphOf(id: number): CudaGraph {
  const graph = graphs.get(id);
  if (!graph) throw new RuntimeError("this CUDAGraph has been freed");
  return graph;
}

/** A run has ended: its graphs go with it. */
export function forgetGraphs(): void {
  for (const graph of graphs.values()) {
    try {
      graph.reset();
    } catch {
      // What went wrong belongs to the run that has ended, and was told there.
    }
  }
  graphs.clear();
}

export const graphFunctions: Record<string, (...args: never[]) => unknown> = {
  cuda_new_graph: guarded((index: number) => {
    // The engine keeps them by number: the smallest that is free.
    const taken = new Set([...graphs.values()].filter((g) => g.device.index === index).map((g) => g.number));
    let number = 0;
    while (taken.has(number)) number++;
    graphs.set(next, new CudaGraph(deviceOf(index), number));
    return next++;
  }),
  cuda_free_graph: guarded((id: number) => {
    graphs.get(id)?.reset();
    graphs.delete(id);
    return 1;
  }),
  cuda_graph_begin: guarded((id: number, pool: number) => {
    graphOf(id).begin(pool);
    return 1;
  }),
  cuda_graph_end: guarded((id: number) => {
    graphOf(id).end();
    return 1;
  }),
  cuda_graph_replay: guarded((id: number) => {
    graphOf(id).replay();
    return 1;
  }),
  cuda_graph_reset: guarded((id: number) => {
    graphOf(id).reset();
    return 1;
  }),
  cuda_graph_register: guarded((id: number, generator: number) => {
    const given = generators[generator];
    if (!(given instanceof CudaGenerator))
      throw new RuntimeError("Expected a 'cuda' device type for generator but found 'cpu'");
    graphOf(id).register(given);
    return 1;
  }),
  cuda_graph_pool: (id: number) => graphOf(id).pool,
  cuda_new_graph_pool: guarded((index: number) => deviceOf(index).allocator.newGraphPool()),
  cuda_is_capturing: (index: number) => cuda.opened.some((d) => d.index === index && d.capture !== null),
};
