/** Starts the graph view inside an editor's webview. */
import "../kit/theme.css";
import "../kit/states.css";
import "./graph.css";
import type { GraphHost, GraphNews } from "../../src/protocol/views/graph.ts";
import { connect, editorPort } from "../kit/port.ts";
import type { Asked } from "../kit/port.ts";
import { mountGraph } from "./view.ts";
import type { GraphMemory, GraphView } from "./view.ts";

const { port, memory } = editorPort<GraphMemory>("graph");
let view: GraphView | null = null;
const host: Asked<GraphHost> = connect<GraphHost, GraphNews>(
  port,
  {
    changed: (news) => view?.news.changed(news),
    progress: (news) => view?.news.progress(news),
    reveal: (news) => view?.news.reveal(news),
  },
  (message) => view?.showProblem(message),
);
view = mountGraph(document.getElementById("app")!, { host, memory, hasEditor: true });
view.refresh().catch((error: unknown) => view?.showProblem(error instanceof Error ? error.message : String(error)));
