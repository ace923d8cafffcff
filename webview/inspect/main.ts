/** Starts the view of a data file inside an editor's webview. */
import "../kit/theme.css";
import "../kit/states.css";
import "./inspect.css";
import type { InspectHost, InspectNews } from "../../src/protocol/views/inspect.ts";
import { startView } from "../kit/start.ts";
import { mountInspect } from "./view.ts";
import type { InspectMemory } from "./view.ts";

startView<InspectHost, InspectNews, InspectMemory>("inspect", (app, parts) => mountInspect(app, parts));
