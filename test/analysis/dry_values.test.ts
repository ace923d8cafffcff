/** Values on devices that compute nothing: what constructors read of small tensors is right, or refused. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { RuntimeHost } from "../../src/runtime/host/host.ts";

const folder = mkdtempSync(join(tmpdir(), "layerwise-dry-"));
let host: RuntimeHost;
before(async () => {
  host = await RuntimeHost.start({ core: { metaOnly: true } });
});
after(async () => {
  await host?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function printed(lines: string[]): Promise<string[]> {
  const target = join(folder, "script.py");
  writeFileSync(target, ["import torch", ...lines].join("\n"));
  let text = "";
  const onOutput = (_stream: string, part: string): void => void (text += part);
  const result = await host.request("python", { target }, { onOutput });
  assert.equal(result.exitCode, 0, result.failure?.traceback);
  return text.trimEnd().split("\n");
}

test("schedules, lists and what elementwise ops make of them are known", async () => {
  const lines: [string, string][] = [
    ["[round(x.item(), 4) for x in torch.linspace(0, 0.3, 4)]", "[0.0, 0.1, 0.2, 0.3]"],
    ["[t.tolist() for t in torch.arange(6).split([2, 4])]", "[[0, 1], [2, 3, 4, 5]]"],
    ["torch.tensor([[1, 2], [3, 4]])[:, 1].tolist()", "[2, 4]"],
    ["torch.tensor([[1, 2], [3, 4]]).t().contiguous().tolist()", "[[1, 3], [2, 4]]"],
    ["(torch.arange(4) * 2 + 1).float().div(2).tolist()", "[0.5, 1.5, 2.5, 3.5]"],
    ["torch.tensor([-7, 7]).div(2, rounding_mode='floor').tolist()", "[-4, 3]"],
    ["torch.tensor([0.5, 1.5, 2.5]).round().tolist()", "[0.0, 2.0, 2.0]"],
    ["bool(torch.tensor(3) > 2)", "True"],
    ["torch.cat([torch.zeros(2), torch.ones(1)]).tolist()", "[0.0, 0.0, 1.0]"],
    ["torch.eye(2).tolist()", "[[1.0, 0.0], [0.0, 1.0]]"],
    ["torch.full((2,), 7).tolist()", "[7, 7]"],
    ["int(torch.tensor(2**40) + 1)", "1099511627777"],
  ];
  assert.deepEqual(
    await printed(lines.map(([code]) => `print(${code})`)),
    lines.map(([, text]) => text),
  );
});

test("what is not known is refused, also where it was known before", async () => {
  const cases = [
    "torch.randn(2)",
    "torch.empty(2)",
    "torch.zeros(3, device='meta')",
    "torch.ones(2000)",
    "torch.zeros(3).normal_()",
    "torch.zeros(3).index_add_(0, torch.tensor([1]), torch.randn(1))",
    "torch.ones(2) * torch.rand(2)",
    "torch.zeros(2).copy_(torch.rand(2))",
    "torch.ones(4).softmax(0)",
  ];
  const lines = cases.flatMap((code) => [
    "try:",
    `    print((${code}).tolist())`,
    "except (RuntimeError, NotImplementedError) as error:",
    "    print('refused' if 'meta' in str(error) else error)",
  ]);
  assert.deepEqual(
    await printed(lines),
    cases.map(() => "refused"),
  );
});
