/** Starts the profiler view inside an editor's webview. */
import "../kit/theme.css";
import "../kit/states.css";
import "./profiler.css";
import type { ProfilerHost, ProfilerNews } from "../../src/protocol/views/profiler.ts";
import { startView } from "../kit/start.ts";
import { mountProfiler } from "./view.ts";
import type { ProfilerMemory } from "./view.ts";

startView<ProfilerHost, ProfilerNews, ProfilerMemory>("profiler", (app, parts) =>
  mountProfiler(app, { ...parts, hasEditor: true }),
);
