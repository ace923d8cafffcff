/** Starts the quantize view inside an editor's webview. */
import "../kit/theme.css";
import "../kit/states.css";
import "./quantize.css";
import "./layers.css";
import type { QuantizeHost, QuantizeNews } from "../../src/protocol/views/quantize.ts";
import { connect, editorPort } from "../kit/port.ts";
import type { Asked } from "../kit/port.ts";
import { mountQuantize } from "./view.ts";
import type { QuantizeMemory, QuantizeView } from "./view.ts";

const { port, memory } = editorPort<QuantizeMemory>("quantize");
let view: QuantizeView | null = null;
const host: Asked<QuantizeHost> = connect<QuantizeHost, QuantizeNews>(
  port,
  {
    changed: (news) => view?.news.changed(news),
    progress: (news) => view?.news.progress(news),
    selected: (news) => view?.news.selected(news),
  },
  (message) => view?.showProblem(message),
);
view = mountQuantize(document.getElementById("app")!, { host, memory });
view.refresh().catch((error: unknown) => view?.showProblem(error instanceof Error ? error.message : String(error)));
