/** Starts the profiler view inside an editor's webview. */
import "../kit/theme.css";
import "../kit/states.css";
import "./profiler.css";
import type { ProfilerHost, ProfilerNews } from "../../src/protocol/views/profiler.ts";
import { connect, editorPort } from "../kit/port.ts";
import type { Asked } from "../kit/port.ts";
import { mountProfiler } from "./view.ts";
import type { ProfilerMemory, ProfilerView } from "./view.ts";

const { port, memory } = editorPort<ProfilerMemory>("profiler");
let view: ProfilerView | null = null;
const host: Asked<ProfilerHost> = connect<ProfilerHost, ProfilerNews>(
  port,
  {
    changed: (news) => view?.news.changed(news),
    progress: (news) => view?.news.progress(news),
    selected: (news) => view?.news.selected(news),
  },
  (message) => view?.showProblem(message),
);
view = mountProfiler(document.getElementById("app")!, { host, memory, hasEditor: true });
view.refresh().catch((error: unknown) => view?.showProblem(error instanceof Error ? error.message : String(error)));
