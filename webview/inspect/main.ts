/** Starts the view of a data file inside an editor's webview. */
import "../kit/theme.css";
import "../kit/states.css";
import "./inspect.css";
import type { InspectHost, InspectNews } from "../../src/protocol/views/inspect.ts";
import { connect, editorPort } from "../kit/port.ts";
import type { Asked } from "../kit/port.ts";
import { mountInspect } from "./view.ts";
import type { InspectMemory, InspectView } from "./view.ts";

const { port, memory } = editorPort<InspectMemory>("inspect");
let view: InspectView | null = null;
const host: Asked<InspectHost> = connect<InspectHost, InspectNews>(
  port,
  {
    changed: (news) => view?.news.changed(news),
    progress: (news) => view?.news.progress(news),
  },
  (message) => view?.showProblem(message),
);
view = mountInspect(document.getElementById("app")!, { host, memory });
view.refresh().catch((error: unknown) => view?.showProblem(error instanceof Error ? error.message : String(error)));
