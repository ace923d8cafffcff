/** Starts the report: the same views of profile, graph and proof, fed from the page's own data block instead of an editor. */
import "../kit/theme.css";
import "../kit/states.css";
import "../profiler/profiler.css";
import "../graph/graph.css";
import "../quantize/quantize.css";
import "../quantize/layers.css";
import "./report.css";
import type { GraphHost, GraphState } from "../../src/protocol/views/graph.ts";
import { DEFAULT_CHOICES, resultRows } from "../../src/protocol/views/quantize.ts";
import type { QuantizeHost, QuantizeState } from "../../src/protocol/views/quantize.ts";
import { graphOverlay } from "../../src/protocol/views/related.ts";
import { tabBar } from "../kit/controls.ts";
import { h } from "../kit/dom.ts";
import { formatTarget } from "../kit/formats.ts";
import { notice } from "../kit/notices.ts";
import { pageMemory } from "../kit/port.ts";
import type { Asked } from "../kit/port.ts";
import { button } from "../kit/toolkit.ts";
import { mountGraph } from "../graph/view.ts";
import type { GraphMemory, GraphView } from "../graph/view.ts";
import { mountProfiler } from "../profiler/view.ts";
import type { ProfilerMemory } from "../profiler/view.ts";
import { mountQuantize } from "../quantize/view.ts";
import type { QuantizeMemory } from "../quantize/view.ts";
import { traceHost } from "../profiler/trace_host.ts";
import type { ReportData } from "./html.ts";
import { printPage } from "./print.ts";
import { renderSvg } from "../graph/svg.ts";

type Part = "profile" | "graph" | "proof";

const data = JSON.parse(document.getElementById("layerwise-data")!.textContent!) as ReportData;
const root = "";

function pageGraphHost(graph: NonNullable<ReportData["graph"]>): Asked<GraphHost> {
  const state: GraphState = {
    graph,
    model: null,
    overlay: data.profile ? graphOverlay(data.profile) : null,
    errors: null,
    stale: null,
    running: null,
    failure: null,
    suggestion: null,
    root,
    isTrusted: true,
  };
  return {
    state: async () => state,
    openSource: async () => {},
    copy: async (text) => navigator.clipboard.writeText(text),
    saveSvg: async (svg) => {
      const link = h("a", {
        attributes: { href: URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" })), download: "graph.svg" },
      });
      link.click();
      URL.revokeObjectURL(link.href);
    },
    graph: async () => {},
    run: async () => {},
    editInputs: async () => {},
    optimize: async () => {},
    profile: async () => {},
    quantize: async () => {},
    cancel: async () => {},
    manageTrust: async () => {},
    select: async () => {},
  };
}

/** Answers of a page on paper: everything is known, and nothing can be run. */
function pageProofHost(proof: NonNullable<ReportData["proof"]>): Asked<QuantizeHost> {
  const state: QuantizeState = {
    verb: proof.verb,
    result: resultRows(proof),
    choices: DEFAULT_CHOICES,
    madeWith: {},
    asked: null,
    otherwise: [],
    isNew: false,
    stale: null,
    running: null,
    failure: null,
    suggestion: null,
    place: null,
    isFile: false,
    root,
    saved: null,
    unsaved: null,
  };
  const rangesOf = (report: string, path: string): Awaited<ReturnType<Asked<QuantizeHost>["ranges"]>> =>
    proof.reports.find(({ name }) => name === report)?.layers.find((layer) => layer.path === path)?.ranges ?? null;
  const nothing = async (): Promise<void> => {};
  return {
    state: async () => state,
    ranges: async ({ report, path }) => rangesOf(report, path),
    copy: async (text) => navigator.clipboard.writeText(text),
    choose: nothing,
    ask: nothing,
    pickTeacher: nothing,
    pickTeacherWeights: nothing,
    quantize: nothing,
    cancel: nothing,
    pickData: nothing,
    pickMetric: nothing,
    pickWeights: nothing,
    save: nothing,
    openSaved: nothing,
    openSource: nothing,
    openGraph: nothing,
    show: nothing,
    select: nothing,
  };
}

function toggleTheme(): void {
  const page = document.documentElement;
  const isDark =
    (page.dataset["theme"] ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  page.dataset["theme"] = isDark ? "light" : "dark";
}

const app = document.getElementById("app")!;
const profileRoot = h("div", { class: "lw-report-part" });
const graphRoot = h("div", { class: "lw-report-part" });
const proofRoot = h("div", { class: "lw-report-part" });
const parts: Part[] = (["profile", "graph", "proof"] as const).filter((part) => data[part]);
let graphView: GraphView | null = null;

function show(part: Part): void {
  profileRoot.hidden = part !== "profile";
  graphRoot.hidden = part !== "graph";
  proofRoot.hidden = part !== "proof";
  if (part === "graph" && data.graph && !graphView) {
    graphView = mountGraph(graphRoot, {
      host: pageGraphHost(data.graph),
      memory: pageMemory<GraphMemory>(),
      hasEditor: false,
    });
    void graphView.refresh();
  }
}

const proofName = { quantize: "Quantize", prune: "Prune", distill: "Distill" }[data.proof?.verb ?? "quantize"];
const names: Record<Part, string> = { profile: "Profile", graph: "Graph", proof: proofName };
const tabs = tabBar<Part>(
  "Report",
  parts.map((id) => ({ id, label: names[id] })),
  show,
);
app.classList.add("lw-report");
app.append(
  h(
    "div",
    { class: "lw-report-bar" },
    h("strong", {}, "Layerwise"),
    h(
      "span",
      { class: "lw-clip lw-muted" },
      [formatTarget(data.profile?.target ?? data.graph?.target ?? data.proof?.target ?? ""), data.date]
        .filter(Boolean)
        .join(" · "),
    ),
    tabs.element,
    button({ label: "Light or dark", icon: "theme", appearance: "icon", onClick: toggleTheme }),
  ),
  ...data.notes.map((text) => notice({ tone: "warning" }, text)),
  profileRoot,
  graphRoot,
  proofRoot,
);
if (data.profile) {
  const view = mountProfiler(profileRoot, {
    host: traceHost({ profile: data.profile, root }),
    memory: pageMemory<ProfilerMemory>(),
    hasEditor: false,
  });
  void view.refresh();
}
if (data.proof) {
  const view = mountQuantize(proofRoot, {
    host: pageProofHost(data.proof),
    memory: pageMemory<QuantizeMemory>(),
    hasEditor: false,
  });
  void view.refresh();
}
const first = parts[0];
if (first) {
  tabs.set(first);
  show(first);
}

let printed: HTMLElement | null = null;
addEventListener("beforeprint", () => {
  const overlay = data.profile ? graphOverlay(data.profile) : null;
  const svg = data.graph ? renderSvg(data.graph, { depth: 1, overlay, theme: "light" }) : null;
  printed?.remove();
  printed = printPage(data.profile, svg, data.proof, root);
  document.body.append(printed);
});
addEventListener("afterprint", () => {
  printed?.remove();
  printed = null;
});
