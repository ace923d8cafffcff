/** Starts the quantize view inside an editor's webview. */
import "../kit/theme.css";
import "../kit/states.css";
import "./quantize.css";
import "./layers.css";
import type { QuantizeHost, QuantizeNews } from "../../src/protocol/views/quantize.ts";
import { startView } from "../kit/start.ts";
import { mountQuantize } from "./view.ts";
import type { QuantizeMemory } from "./view.ts";

startView<QuantizeHost, QuantizeNews, QuantizeMemory>("quantize", (app, parts) =>
  mountQuantize(app, { ...parts, hasEditor: true }),
);
