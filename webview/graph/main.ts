/** Starts the graph view inside an editor's webview. */
import "../kit/theme.css";
import "../kit/states.css";
import "./graph.css";
import type { GraphHost, GraphNews } from "../../src/protocol/views/graph.ts";
import { startView } from "../kit/start.ts";
import { mountGraph } from "./view.ts";
import type { GraphMemory } from "./view.ts";

startView<GraphHost, GraphNews, GraphMemory>("graph", (app, parts) => mountGraph(app, { ...parts, hasEditor: true }));
