/** The pure parts of the kit: formats, exports, table rows, both halves of the port. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ToHost, ToView } from "../../src/protocol/views/port.ts";
import { PORT_VERSION } from "../../src/protocol/views/port.ts";
import { servePort } from "../../src/protocol/views/serve.ts";
import { toCsv, toMarkdown } from "../../webview/kit/export.ts";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatFile,
  formatFlops,
  formatShape,
  formatShare,
  formatTarget,
} from "../../webview/kit/formats.ts";
import { connect, Superseded } from "../../webview/kit/port.ts";
import type { Port } from "../../webview/kit/port.ts";
import { shownRows } from "../../webview/kit/rows.ts";
import type { RowsQuery } from "../../webview/kit/rows.ts";

const plain = (text: string): string => text.replace(/\u202f/g, " ");

test("numbers are written with three digits and a unit that fits", () => {
  const cases: [string, string][] = [
    [formatDuration(0), "0"],
    [formatDuration(0.4), "0.4 µs"],
    [formatDuration(812), "812 µs"],
    [formatDuration(999.7), "1 ms"],
    [formatDuration(1240), "1.24 ms"],
    [formatDuration(2.306e6), "2.31 s"],
    [formatDuration(200e6), "3 min 20 s"],
    [formatDuration(NaN), "–"],
    [formatBytes(0), "0"],
    [formatBytes(1023), "1023 B"],
    [formatBytes(1536), "1.5 KiB"],
    [formatBytes(1.5 * 2 ** 30), "1.5 GiB"],
    [formatFlops(1.234e9), "1.23 GFLOP"],
    [formatFlops(999.99e6), "1 GFLOP"],
    [formatCount(1204), "1,204"],
    [formatCount(124e6), "124M"],
    [formatShare(0.0001), "<0.1 %"],
    [formatShare(0.342), "34.2 %"],
    [formatShape([2, 16, 64]), "2×16×64"],
    [formatShape([]), "scalar"],
    [formatShape([-1, 64]), "?×64"],
    [formatFile("/a/b/c.py", "/a"), "b/c.py"],
    [formatFile("/x/y/z.py", "/a"), "y/z.py"],
    [formatTarget("/a/model.py::GPT"), "model.py::GPT"],
  ];
  for (const [is, wanted] of cases) assert.equal(plain(is), wanted);
});

test("exports keep hostile cells in their cells", () => {
  const table = {
    columns: [
      { label: "Name", align: "start" as const },
      { label: "Time", align: "end" as const },
    ],
    rows: [
      ["a|b\nc", "1"],
      ["=HYPERLINK(1)", "-2"],
      ['say "hi", you', "3"],
    ],
  };
  assert.equal(
    toMarkdown(table),
    '| Name | Time |\n| --- | ---: |\n| a\\|b c | 1 |\n| =HYPERLINK(1) | -2 |\n| say "hi", you | 3 |\n',
  );
  assert.equal(toCsv(table), 'Name,Time\r\n"a|b\nc",1\r\n\'=HYPERLINK(1),-2\r\n"say ""hi"", you",3\r\n');
});

interface Row {
  id: string;
  size: number;
  inner: Row[];
}
const row = (id: string, size: number, ...inner: Row[]): Row => ({ id, size, inner });
const forest = [row("a", 1, row("a.x", 5), row("a.y", 9)), row("b", 7), row("c", 3, row("c.z", 2))];

function rows(change: Partial<RowsQuery<Row>>): string {
  return shownRows({
    roots: forest,
    key: (r) => r.id,
    children: (r) => r.inner,
    open: new Set(),
    value: null,
    descending: false,
    filter: "",
    text: (r) => r.id,
    ...change,
  })
    .map((shown) => `${shown.depth}${shown.key}`)
    .join(" ");
}

test("rows are opened, sorted among siblings, and filtered with their ancestors", () => {
  assert.equal(rows({}), "0a 0b 0c");
  assert.equal(rows({ open: new Set(["a"]) }), "0a 1a.x 1a.y 0b 0c");
  assert.equal(rows({ open: new Set(["a"]), value: (r) => r.size, descending: true }), "0b 0c 0a 1a.y 1a.x");
  assert.equal(rows({ filter: "z" }), "0c 1c.z");
  assert.equal(rows({ filter: "nothing" }), "");
});

test("a tree a hundred thousand deep does not overflow the stack", () => {
  let deep = row("leaf", 0);
  const open = new Set<string>();
  for (let i = 0; i < 100_000; i++) {
    deep = row(`n${i}`, 0, deep);
    open.add(deep.id);
  }
  assert.equal(rows({ roots: [deep], open }).split(" ").length, 100_001);
});

interface Host {
  double(n: number): number;
  fail(): void;
  slow(n: number): number;
}
type News = { type: "tick"; at: number };

function pair(handlers: { slow?: (n: number) => Promise<number> } = {}) {
  const problems: string[] = [];
  let toView: (message: ToView) => void = () => {};
  let close: () => void = () => {};
  const host = servePort<Host, News>({
    view: "graph",
    post: (message) => queueMicrotask(() => toView(message)),
    problem: (message) => problems.push(message),
    answers: {
      double: (n) => 2 * n,
      fail: () => {
        throw new Error("[graph] no file");
      },
      slow: handlers.slow ?? (async (n) => n),
    },
  });
  const port: Port = {
    view: "graph",
    post: (message: ToHost) => host.receive(message),
    receive: (handler) => (toView = handler),
    onClose: (handler) => (close = handler),
  };
  const ticks: number[] = [];
  const asked = connect<Host, News>(port, { tick: ({ at }) => ticks.push(at) });
  return { host, asked, problems, ticks, post: (message: unknown) => toView(message as ToView), close: () => close() };
}

test("every question settles: with its value, its error, or because the view closed", async () => {
  const { asked, host, ticks, close } = pair({ slow: () => new Promise(() => {}) });
  assert.equal(await asked.double(21), 42);
  await assert.rejects(asked.fail(), /\[graph\] no file/);
  await assert.rejects((asked as unknown as { nothing(): Promise<void> }).nothing(), /no such question: nothing/);
  await assert.rejects((asked as unknown as { toString(): Promise<void> }).toString(), /no such question/);
  host.tell({ type: "tick", at: 7 });
  await new Promise((done) => setTimeout(done));
  assert.deepEqual(ticks, [7]);
  const pending = asked.slow(1);
  close();
  await assert.rejects(pending, /view closed/);
  await assert.rejects(asked.double(1), /view closed/);
});

test("of two questions with one name the newer wins and the late answer is dropped", async () => {
  const waiting: ((n: number) => void)[] = [];
  const { asked } = pair({ slow: () => new Promise((resolve) => waiting.push(resolve)) });
  const older = asked.slow(1);
  const newer = asked.slow(2);
  await assert.rejects(older, Superseded);
  waiting[0]!(10);
  waiting[1]!(20);
  assert.equal(await newer, 20);
});

test("unknown messages and other versions are reported on both sides", () => {
  const { host, problems, post } = pair();
  post({ type: "news", news: { type: "constructor" } });
  post({ type: "surprise" });
  post(null);
  post({ type: "welcome", version: PORT_VERSION + 1 });
  host.receive({ type: "surprise" });
  host.receive(undefined);
  host.receive({ type: "ready", view: "graph", version: PORT_VERSION + 1 });
  assert.equal(problems.length, 7);
  assert.match(problems.join("\n"), /unknown news from the host: constructor/);
  assert.match(problems.join("\n"), /the view speaks version 2, the host 1/);
});
